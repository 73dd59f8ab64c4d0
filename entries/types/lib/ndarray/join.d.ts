// The declarations of lib/ndarray/join.ts

import type { AnyNdArrayData, NdArray } from "./types.d.ts";

/**
 * Puts arrays one behind the other along an axis that they have, into a new array on shared memory.
 *
 * Follows `numpy.concatenate`. Elements of different types become those of a type that holds both;
 * where that is NumPy's `int64`, as for `int32` and `uint32`, it is `float64` here.
 *
 * @param arrays at least one, of the same shape but for the length of the axis
 * @param axis the axis; negative ones count from the last
 * @throws {RangeError} if the shapes do not match, there is no such axis, or no array
 * @throws {TypeError} if bigints are to be put together with numbers
 *
 * @example Two rows and one
 * ```ts
 * import { concatenate, fromArray, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const two = fromArray([1, 2, 3, 4], [2, 2]);
 * const one = fromArray([5, 6], [1, 2]);
 * assertEquals(tolist(concatenate([two, one])), [[1, 2], [3, 4], [5, 6]]);
 * ```
 */
export declare function concatenate<Data extends AnyNdArrayData>(
  arrays: readonly NdArray<Data>[],
  axis?: number,
): NdArray<Data>;

/**
 * Puts arrays of one shape together along a new axis, into a new array on shared memory.
 *
 * Follows `numpy.stack`. For elements of different types see {@linkcode concatenate}.
 *
 * @param arrays at least one
 * @param axis where the new axis is in the result; negative ones count from the last
 * @throws {RangeError} if the shapes are not the same, there is no such axis, or no array
 * @throws {TypeError} if bigints are to be put together with numbers
 *
 * @example Rows
 * ```ts
 * import { arange, ones, stack, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(stack([arange(2), ones([2])])), [[0, 1], [1, 1]]);
 * assertEquals(tolist(stack([arange(2), ones([2])], 1)), [[0, 1], [1, 1]]);
 * ```
 */
export declare function stack<Data extends AnyNdArrayData>(
  arrays: readonly NdArray<Data>[],
  axis?: number,
): NdArray<Data>;

export {};
