/**
 * Shared memory outside of the heap.
 *
 * @module
 */

import type { OptionNames } from "../arguments/options.ts";
import { bufferOn } from "../codec/buffers.ts";
import { makeMappedBuffer } from "./mapped_buffer.ts";
import { checkCanMap } from "./mapping.ts";
import { makePages, PAGE_BYTES } from "./pages.ts";

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
 * Allocates a buffer of shared memory. It lies in a memory of WebAssembly (`memoryOf`) and has whole pages of
 * 64 KiB; one that would be larger than 4 GiB, or gets no such memory, has just its bytes.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @param options whether processes of the operating system share it
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
  const memory = makePages(bytes);
  return memory === undefined ? exactBuffer(verb, bytes) : bufferOn(memory);
}

/**
 * Allocates a buffer as {@linkcode sharedBuffer} does; one of less than a page has just its bytes. Programs make
 * many small arrays and use them element by element. A memory for each would take 50 times as long, and 4 KiB.
 */
export function compactBuffer(
  verb: string,
  bytes: number,
  options: MemoryOptions = {},
): SharedArrayBuffer {
  const isSmall = bytes < PAGE_BYTES && !options.processes;
  return isSmall ? exactBuffer(verb, bytes) : sharedBuffer(verb, bytes, options);
}

/**
 * Allocates a buffer of just so many bytes.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @throws {RangeError} if there is not as much memory
 */
export function exactBuffer(verb: string, bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new RangeError(
      `Cannot ${verb}: its ${bytes} bytes of memory could not be allocated. Make it smaller`,
      { cause },
    );
  }
}
