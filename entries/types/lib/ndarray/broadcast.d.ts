// The declarations of lib/ndarray/broadcast.ts

import type { AnyNdArrayData, NdArray } from "./types.d.ts";

/**
 * A view of an array as if it had the shape: what it lacks is repeated, without a copy.
 *
 * Axes are compared from the last; one that is missing or has length 1 is repeated. Elements that are
 * repeated are one in memory: do not write to such a view.
 *
 * Follows `numpy.broadcast_to`.
 *
 * @param array the array
 * @param shape length of each axis
 * @returns a view
 * @throws {RangeError} if the array cannot be repeated to have the shape
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
