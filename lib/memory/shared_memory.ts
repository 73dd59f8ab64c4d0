/**
 * Blocks of shared memory that workers find by name.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";
import { checkOptions } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { bufferAddress } from "../codec/buffers.ts";
import { task } from "../codec/task.ts";
import { registerReducer } from "../codec/reducers.ts";
import { findName, putName, removeName } from "./names.ts";

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

let lastName = 0;

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
export class SharedMemory implements Disposable {
  /** Its name. */
  readonly name: string;
  /** Its size in bytes. */
  readonly size: number;
  private held: SharedArrayBuffer | undefined;

  /**
   * Makes a block, or attaches the one with the name.
   *
   * @throws {RangeError} if `size` is not a whole number of at least 1, or `name` is empty
   * @throws {TypeError} if there is neither `create` nor a name, or there is no such option
   * @throws {Deno.errors.AlreadyExists} if it is to be made and the name is taken
   * @throws {Deno.errors.NotFound} if it is to be attached and there is none
   */
  constructor(options: SharedMemoryOptions) {
    checkOptions("use shared memory", options, { name: true, create: true, size: true });
    const { name, create = false, size } = options;
    if (name !== undefined && (typeof name !== "string" || name === "")) {
      throw new RangeError(
        "Cannot use shared memory: name must be a string of at least 1 character",
      );
    }
    if (create) {
      if (!Number.isSafeInteger(size) || size! < 1) {
        throw new RangeError(
          `Cannot make shared memory: size must be a whole number of at least 1, not ${
            describe(size)
          }`,
        );
      }
      this.held = new SharedArrayBuffer(size!);
      this.name = named(this.held, name);
    } else {
      if (name === undefined) {
        throw new TypeError(
          "Cannot attach shared memory: which? Give its name, or create: true for a new block",
        );
      }
      this.held = findName(name) as SharedArrayBuffer | undefined;
      if (this.held === undefined) throw notFound("attach", name);
      this.name = name;
    }
    this.size = this.held.byteLength;
  }

  /**
   * The memory as bytes. For elements of another type make a typed array on {@linkcode buffer}.
   *
   * @throws {ClosedError} if it was closed here
   */
  get buf(): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.buffer);
  }

  /**
   * The memory.
   *
   * @throws {ClosedError} if it was closed here
   */
  get buffer(): SharedArrayBuffer {
    if (this.held === undefined) {
      throw new ClosedError(`Cannot use shared memory ${this.name}: it was closed here`);
    }
    return this.held;
  }

  /** Lets go of the memory here; arrays that were made on it keep it. Closing twice is safe. */
  close(): void {
    this.held = undefined;
  }

  /**
   * Takes the name away: nobody can attach it any more. Who has it goes on.
   *
   * @throws {Deno.errors.NotFound} if that was done before
   */
  unlink(): void {
    if (!removeName(this.name)) throw notFound("unlink", this.name);
  }

  /** Lets go of the memory here. */
  [Symbol.dispose](): void {
    this.close();
  }
}

interface Parts {
  name: string;
  held: SharedArrayBuffer;
}

registerReducer({
  is: (value) => value instanceof SharedMemory,
  reduce: (memory) => ({ name: memory.name, held: memory.buffer }),
  revive: task(import.meta, ({ name, held }: Parts) => {
    const memory = Object.create(SharedMemory.prototype);
    return Object.assign(memory, { name, held, size: held.byteLength });
  }),
});

function named(buffer: SharedArrayBuffer, name: string | undefined): string {
  const address = bufferAddress(buffer);
  if (name !== undefined) {
    if (putName(name, address)) return name;
    throw new Deno.errors.AlreadyExists(
      `Cannot make shared memory ${name}: there is one of that name. Attach it, or unlink it first`,
    );
  }
  for (;;) {
    const free = `memory-${++lastName}`;
    if (putName(free, address)) return free;
  }
}

function notFound(verb: string, name: string): Error {
  return new Deno.errors.NotFound(
    `Cannot ${verb} shared memory ${name}: there is none of that name`,
  );
}
