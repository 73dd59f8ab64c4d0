// The declarations of lib/ndarray/join.ts

import type { AnyNdArrayData, NdArray } from "./types.d.ts";

/**
 * Joins arrays along an existing axis, into a new array on shared memory.
 *
 * Follows `numpy.concatenate`. Elements of different types are converted to a type that holds both.
 * Where that is `int64` in NumPy, as for `int32` and `uint32`, it is `float64` here.
 *
 * @param arrays at least one; their shapes may differ in the length of the axis only
 * @param axis the axis; negative ones count from the last
 * @throws {RangeError} if the shapes do not match, `axis` is out of range, or there is no array
 * @throws {TypeError} if only some of the arrays have bigints
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
 * Joins arrays of one shape along a new axis, into a new array on shared memory.
 *
 * Follows `numpy.stack`. For elements of different types see {@linkcode concatenate}.
 *
 * @param arrays at least one
 * @param axis index of the new axis in the result; negative ones count from the last
 * @throws {RangeError} if the shapes differ, `axis` is out of range, or there is no array
 * @throws {TypeError} if only some of the arrays have bigints
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
