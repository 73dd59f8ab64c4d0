// The declarations of lib/memory/shared_memory.ts

/** Options of a {@linkcode SharedMemory}. */
export interface SharedMemoryOptions {
  /**
   * The name of the block.
   *
   * @default {an unused name, if the block is created}
   */
  name?: string | undefined;
  /**
   * Whether to create a new block. If not, the existing block with the name is attached.
   *
   * @default {false}
   */
  create?: boolean | undefined;
  /** Size of a new block in bytes. */
  size?: number | undefined;
}

/**
 * A block of memory that every isolate of the program can attach by its name.
 *
 * - Can also be sent anywhere. It is shared, not copied.
 * - The name exists until {@linkcode SharedMemory.unlink}, or the end of the program. The memory is
 *   freed when it has no name and no isolate uses it: it does not leak, and is not freed while in
 *   use.
 * - New memory is filled with zeros.
 *
 * Follows Python's `multiprocessing.shared_memory.SharedMemory`.
 *
 * @example Attaching a block by its name
 * ```ts
 * import { Process, SharedMemory, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const fill = task(import.meta, (name: string) => {
 *   new SharedMemory({ name }).buf.fill(7);
 * });
 *
 * if (import.meta.main) {
 *   using memory = new SharedMemory({ create: true, size: 100 });
 *   const process = new Process({ target: fill, args: [memory.name] });
 *   process.start();
 *   await process.join();
 *   assertEquals(memory.buf[99], 7);
 *   memory.unlink();
 * }
 * ```
 */
export declare class SharedMemory implements Disposable {
  /** Its name. */
  readonly name: string;
  /** Its size in bytes. */
  readonly size: number;
  /** `undefined` after {@linkcode SharedMemory.close}. */
  private block;
  /**
   * Creates a block, or attaches an existing one by its name.
   *
   * @throws {RangeError} if `size` is not an integer of at least 1, or too large, or `name` is empty
   * @throws {TypeError} if neither `create` nor a name is given, or an option is unknown or has the
   *   wrong type
   * @throws {Deno.errors.AlreadyExists} if a block is to be created and the name is in use
   * @throws {Deno.errors.NotFound} if a block is to be attached and no block has the name
   */
  constructor(options: SharedMemoryOptions);
  /**
   * The memory as bytes. For elements of another type, create a typed array on {@linkcode buffer}.
   *
   * @throws {ClosedError} if it was closed here
   */
  get buf(): Uint8Array<SharedArrayBuffer>;
  /**
   * The memory.
   *
   * @throws {ClosedError} if it was closed here
   */
  get buffer(): SharedArrayBuffer;
  /** Releases the memory in this isolate. Arrays that were created on it keep it. Idempotent. */
  close(): void;
  /**
   * Removes the name: the block can no longer be attached. Isolates that have attached it can still
   * use it.
   *
   * @throws {Deno.errors.NotFound} if the name was removed before
   */
  unlink(): void;
  /** Releases the memory in this isolate, as {@linkcode SharedMemory.close} does. */
  [Symbol.dispose](): void;
}

export {};
