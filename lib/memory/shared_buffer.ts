/**
 * Shared memory outside of the heap.
 *
 * @module
 */

import { makeMappedBuffer } from "./mapped_buffer.ts";
import { checkCanMap } from "./mapping.ts";

/**
 * Allocates a buffer of shared memory.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @param processes whether processes of the operating system can share it; then it may have more bytes
 * @throws {RangeError} if there is not as much memory
 * @throws {Deno.errors.NotSupported} if processes cannot share memory on this system
 * @throws {Deno.errors.NotCapable} if the program has not the permission for it
 */
export function sharedBuffer(verb: string, bytes: number, processes = false): SharedArrayBuffer {
  if (processes) {
    checkCanMap(verb);
    const buffer = makeMappedBuffer(bytes);
    if (buffer !== undefined) return buffer;
    throw new RangeError(
      `Cannot ${verb}: its ${bytes} bytes of memory could not be allocated for processes. Make it smaller ` +
        "than 4 GiB, or keep fewer: each has a file descriptor",
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
