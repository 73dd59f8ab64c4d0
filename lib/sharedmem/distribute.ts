/**
 * Slices of a sequence.
 *
 * @module
 */

import { checkInteger } from "../arguments/values.ts";
import { MAX_WORKERS } from "../pool/options.ts";

/**
 * Divides `nItems` items into slices of equal length for `nProcs` workers. The last slice may be
 * shorter, and there are fewer slices than workers if there are not enough items.
 *
 * @returns the start and the end, exclusive, of each slice
 * @throws {RangeError} if `nItems` is not an integer of at least 0, or `nProcs` not one of at least 1
 *
 * @example Slices for four workers
 * ```ts
 * import { distribute } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(distribute(10, 4), [[0, 3], [3, 6], [6, 9], [9, 10]]);
 * ```
 */
export function distribute(nItems: number, nProcs: number): [from: number, to: number][] {
  checkInteger("distribute", "nItems", nItems, 0);
  checkInteger("distribute", "nProcs", nProcs, 1, MAX_WORKERS);
  const size = Math.max(Math.ceil(nItems / nProcs), 1);
  return Array.from(
    { length: Math.ceil(nItems / size) },
    (_, at) => [at * size, Math.min((at + 1) * size, nItems)],
  );
}
