/**
 * Blocks of shared memory that isolates attach by name.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import { ClosedError } from "../errors.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { checkInteger, checkText, wrongType } from "../arguments/values.ts";
import { bufferAddress } from "../codec/buffers.ts";
import { task } from "../codec/task.ts";
import { registerOwnReducer } from "../codec/reducers.ts";
import { exactBuffer } from "./shared_buffer.ts";
import { findName, putName, removeName } from "./names.ts";

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

const optionNames: OptionNames<SharedMemoryOptions> = {
  name: true,
  create: "boolean",
  size: true,
};

let lastNumber = 0;

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
export class SharedMemory implements Disposable {
  /** Its name. */
  readonly name: string;
  /** Its size in bytes. */
  readonly size: number;
  /** `undefined` after {@linkcode SharedMemory.close}. */
  private block: SharedArrayBuffer | undefined;

  /**
   * Creates a block, or attaches an existing one by its name.
   *
   * @throws {RangeError} if `size` is not an integer of at least 1, or too large, or `name` is empty
   * @throws {TypeError} if neither `create` nor a name is given, or an option is unknown or has the
   *   wrong type
   * @throws {Deno.errors.AlreadyExists} if a block is to be created and the name is in use
   * @throws {Deno.errors.NotFound} if a block is to be attached and no block has the name
   */
  constructor(options: SharedMemoryOptions) {
    if (options === undefined) {
      const advice = "Write { create: true, size: 100 }, or { name } for one that exists";
      throw wrongType("use shared memory", "options", "an object", options, advice);
    }
    checkOptions("use shared memory", options, optionNames);
    const { name, create = false, size } = options;
    if (name !== undefined) checkText("use shared memory", "name", name);
    if (create) {
      checkInteger("make shared memory", "size", size, 1);
      this.block = exactBuffer("make shared memory", size);
      this.name = registerName(this.block, name);
    } else {
      if (name === undefined) {
        throw new TypeError(
          "Cannot attach shared memory: no name was given. Pass its name, or create: true for a " +
            "new block",
        );
      }
      this.block = findName(name) as SharedArrayBuffer | undefined;
      if (this.block === undefined) throw notFound("attach", name);
      this.name = name;
    }
    this.size = this.block.byteLength;
  }

  /**
   * The memory as bytes. For elements of another type, create a typed array on {@linkcode buffer}.
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
    if (this.block === undefined) {
      throw new ClosedError(
        `Cannot use shared memory ${this.name}: it was closed here. Attach it again by its name`,
      );
    }
    return this.block;
  }

  /** Releases the memory in this isolate. Arrays that were created on it keep it. Idempotent. */
  close(): void {
    this.block = undefined;
  }

  /**
   * Removes the name: the block can no longer be attached. Isolates that have attached it can still
   * use it.
   *
   * @throws {Deno.errors.NotFound} if the name was removed before
   */
  unlink(): void {
    if (!removeName(this.name)) throw notFound("unlink", this.name);
  }

  /** Releases the memory in this isolate, as {@linkcode SharedMemory.close} does. */
  [Symbol.dispose](): void {
    this.close();
  }
}

interface Parts {
  name: string;
  block: SharedArrayBuffer;
}

registerOwnReducer({
  is: (value) => value instanceof SharedMemory,
  reduce: (memory) => ({ name: memory.name, block: memory.buffer }),
  revive: task(import.meta, ({ name, block }: Parts) => {
    const memory = Object.create(SharedMemory.prototype);
    return Object.assign(memory, { name, block, size: block.byteLength });
  }),
});

/** Gives a block a name, an unused one if none is given, and returns the name. */
function registerName(buffer: SharedArrayBuffer, name: string | undefined): string {
  const address = bufferAddress(buffer);
  if (name !== undefined) {
    if (putName(name, address)) return name;
    throw new Deno.errors.AlreadyExists(
      `Cannot make shared memory ${name}: a block has that name. Attach it, or unlink it first`,
    );
  }
  for (;;) {
    const free = `memory-${++lastNumber}`;
    if (putName(free, address)) return free;
  }
}

function notFound(verb: string, name: string): Error {
  return new Deno.errors.NotFound(
    `Cannot ${verb} shared memory ${name}: no block has that name. It was unlinked, or not made yet`,
  );
}

showStateOf(
  SharedMemory,
  (memory) => Object.hasOwn(memory, "name") ? { name: memory.name, size: memory.size } : undefined,
);
