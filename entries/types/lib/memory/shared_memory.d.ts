// The declarations of lib/memory/shared_memory.ts

/** Options of a {@linkcode SharedMemory}. */
export interface SharedMemoryOptions {
  /**
   * Its name.
   *
   * @default {a name that nobody has, when it is created}
   */
  name?: string;
  /**
   * Whether to make a new block; otherwise the one with the name is attached.
   *
   * @default {false}
   */
  create?: boolean;
  /** Size of a new block in bytes. */
  size?: number;
}

/**
 * A block of memory that every worker of the program can attach by its name.
 *
 * - It may be sent anywhere as well; the memory is shared, not copied.
 * - The name lives until {@linkcode SharedMemory.unlink}, or the end of the program. The memory lives
 *   as long as somebody has it: nothing leaks, and nobody loses it in the midst of using it.
 * - New memory is zero.
 *
 * Follows Python's `multiprocessing.shared_memory.SharedMemory`.
 *
 * @example By name
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
  private held;
  /**
   * Makes a block, or attaches the one with the name.
   *
   * @throws {RangeError} if `size` is not a whole number of at least 1, or `name` is empty
   * @throws {TypeError} if there is neither `create` nor a name, or there is no such option
   * @throws {Deno.errors.AlreadyExists} if it is to be made and the name is taken
   * @throws {Deno.errors.NotFound} if it is to be attached and there is none
   */
  constructor(options: SharedMemoryOptions);
  /**
   * The memory as bytes. For elements of another type make a typed array on {@linkcode buffer}.
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
  /** Lets go of the memory here; arrays that were made on it keep it. Closing twice is safe. */
  close(): void;
  /**
   * Takes the name away: nobody can attach it any more. Who has it goes on.
   *
   * @throws {Deno.errors.NotFound} if that was done before
   */
  unlink(): void;
  /** Lets go of the memory here. */
  [Symbol.dispose](): void;
}

export {};
