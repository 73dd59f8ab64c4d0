/**
 * Shared memory outside of the heap.
 *
 * @module
 */

/**
 * Allocates a buffer of shared memory.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @throws {RangeError} if there is not as much memory
 */
export function sharedBuffer(verb: string, bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new RangeError(
      `Cannot ${verb}: its ${bytes} bytes of memory could not be allocated. Make it smaller`,
      { cause },
    );
  }
}
