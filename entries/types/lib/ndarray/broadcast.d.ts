// The declarations of lib/ndarray/broadcast.ts

import type { AnyNdArrayData, NdArray } from "./types.d.ts";

/**
 * Returns a view of an array with another shape, which repeats elements without copying them.
 *
 * Axes are aligned from the last; missing axes and those of length 1 are repeated. A repeated element
 * exists once in memory, so do not write to such a view.
 *
 * Follows `numpy.broadcast_to`.
 *
 * @param array the array
 * @param shape length of each axis
 * @returns a view
 * @throws {RangeError} if the array does not broadcast to the shape
 *
 * @example A row for each of three
 * ```ts
 * import { broadcastTo, fromArray, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(broadcastTo(fromArray([1, 2]), [3, 2])), [[1, 2], [1, 2], [1, 2]]);
 * ```
 */
export declare function broadcastTo<Data extends AnyNdArrayData>(
  array: NdArray<Data>,
  shape: readonly number[],
): NdArray<Data>;

export {};
