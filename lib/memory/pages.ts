/**
 * Memories of WebAssembly for the elements of arrays.
 *
 * A memory has whole pages, which take no room until they are touched.
 *
 * @module
 */

/** Bytes of a page of `WebAssembly.Memory`; a multiple of the system's. */
export const PAGE_BYTES: number = 1 << 16;
/** Number of pages that a `WebAssembly.Memory` has at most. */
const MAX_PAGES = 1 << 16;

/**
 * Makes a shared memory of at least so many bytes, all of them 0. It cannot grow.
 *
 * @returns `undefined` if it would be larger than 4 GiB, or the system does not give it
 */
export function makePages(bytes: number): WebAssembly.Memory | undefined {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  if (pages > MAX_PAGES) return undefined;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch {
    return undefined;
  }
}
