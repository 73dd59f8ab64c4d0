/**
 * Cutting a sequence into slices.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";

/**
 * Cuts `nItems` items into slices for `nProcs` workers, as equal as possible: the last may be
 * shorter, and there are fewer slices than workers if there are not enough items.
 *
 * @returns pairs of where a slice begins and where it ends
 * @throws {RangeError} if `nItems` is not a whole number of at least 0, or `nProcs` of at least 1
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
  for (const [name, value, least] of [["nItems", nItems, 0], ["nProcs", nProcs, 1]] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new RangeError(
      `Cannot distribute: ${name} must be a whole number of at least ${least}, not ${
        describe(value)
      }`,
    );
  }
  const size = Math.max(Math.ceil(nItems / nProcs), 1);
  return Array.from(
    { length: Math.ceil(nItems / size) },
    (_, at) => [at * size, Math.min((at + 1) * size, nItems)],
  );
}
