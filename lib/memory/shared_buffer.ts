/**
 * Shared memory outside of the heap.
 *
 * @module
 */

import type { OptionNames } from "../arguments/options.ts";
import { makeMappedBuffer } from "./mapped_buffer.ts";
import { checkCanMap } from "./mapping.ts";

/** Options of an array on shared memory. */
export interface MemoryOptions {
  /**
   * Whether processes of the operating system (`startMethod: "process"`) share the array too. The program
   * needs Linux and `--allow-ffi`, without a list, and so does a process that the array is sent to.
   *
   * - Each array takes whole pages of 64 KiB, which its `buffer` shows, and a file descriptor. It has at most
   *   4 GiB.
   * - `Atomics.add` and its kind work between processes. `Atomics.wait` and `Atomics.notify` do not: use an
   *   `Event`, a `Lock` or a queue.
   *
   * @default {false}
   */
  processes?: boolean | undefined;
}

/** The names of the options of an array on shared memory. */
export const memoryNames: OptionNames<MemoryOptions> = { processes: "boolean" };

/**
 * Allocates a buffer of shared memory.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @param options whether processes of the operating system share it: it may have more bytes then
 * @throws {RangeError} if there is not as much memory
 * @throws {Deno.errors.NotSupported} if processes cannot share memory on this system
 * @throws {Deno.errors.NotCapable} if the program has not the permission for it
 */
export function sharedBuffer(
  verb: string,
  bytes: number,
  { processes = false }: MemoryOptions = {},
): SharedArrayBuffer {
  if (processes) {
    checkCanMap(verb);
    const buffer = makeMappedBuffer(bytes);
    if (buffer !== undefined) return buffer;
    throw new RangeError(
      `Cannot ${verb}: its ${bytes} bytes of memory could not be allocated for processes. Make it ` +
        "smaller, at most 4 GiB, or keep fewer arrays: each has a file descriptor",
    );
  }
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new RangeError(
      `Cannot ${verb}: its ${bytes} bytes of memory could not be allocated. Make it smaller`,
      { cause },
    );
  }
}
