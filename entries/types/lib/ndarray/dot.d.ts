// The declarations of lib/ndarray/dot.ts

import type { AbortOptions } from "../loops/parallel_for.d.ts";
import type { ProductOptions } from "./factors.d.ts";
import type { NdArray, NdArrayData } from "./types.d.ts";

/**
 * Returns the sum of the products of the elements of two arrays of one axis.
 *
 * - Products are computed and added as `float64`, in pairs, as `sum` does. So the result is the same, bit for
 *   bit, for any number of isolates and any strides.
 * - Long arrays on shared memory are divided among the loop workers.
 *
 * Follows `numpy.dot` for arrays of one axis. For more axes there is {@linkcode matmul}.
 *
 * @throws {RangeError} if the arrays have not one axis each, of the same length
 * @throws {TypeError} if one of them is not an ndarray of numbers, or an option is unknown
 * @throws the reason of `signal`, if that is aborted first
 *
 * @example Two vectors
 * ```ts
 * import { dot, fromArray } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await dot(fromArray([1, 2, 3]), fromArray([4, 5, 6])), 32);
 * ```
 */
export declare function dot(
  a: NdArray<NdArrayData>,
  b: NdArray<NdArrayData>,
  options?: ProductOptions & AbortOptions,
): Promise<number>;

/**
 * Multiplies as {@linkcode dot} does, blocking the isolate, which computes parts too.
 *
 * @throws as {@linkcode dot}
 *
 * @example The length of a vector
 * ```ts
 * import { dotSync, fromArray } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const vector = fromArray([3, 4]);
 * assertEquals(Math.sqrt(dotSync(vector, vector)), 5);
 * ```
 */
export declare function dotSync(
  a: NdArray<NdArrayData>,
  b: NdArray<NdArrayData>,
  options?: ProductOptions,
): number;

export {};
