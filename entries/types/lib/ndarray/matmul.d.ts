// The declarations of lib/ndarray/matmul.ts

import type { AbortOptions } from "../loops/parallel_for.d.ts";
import type { ProductOptions } from "./factors.d.ts";
import type { ArrayOf, NdArray, NdArrayData } from "./types.d.ts";

/** The typed array of a product: `float32` or `float16` if both factors have such elements, else `float64`. */
export type ProductData<A extends NdArrayData, B extends NdArrayData> = [A, B] extends [
  ArrayOf<"float16">,
  ArrayOf<"float16">,
] ? ArrayOf<"float16">
  : [A, B] extends [ArrayOf<"float16" | "float32">, ArrayOf<"float16" | "float32">]
    ? ArrayOf<"float32">
  : ArrayOf<"float64">;

/**
 * Multiplies matrices: each element of the result is the sum of the products of a row of `a` and a column of
 * `b`.
 *
 * - The last two axes are those of a matrix. Axes before them are stacks of matrices, and are broadcast, as by
 *   `broadcastTo`.
 * - An array of one axis is a row as `a` and a column as `b`; the result lacks the axis. For two of them,
 *   {@linkcode dot} returns a number.
 * - Products are computed and added as `float64`, in order. So the result is the same, bit for bit, as that of
 *   a plain loop, for any number of isolates and any strides. Its elements are `float32` if those of both
 *   arrays are `float32` (or `float16`), `float16` if both are, and else `float64`, of integers too.
 * - Large products are computed by the loop workers. Arrays that are not on shared memory are copied to it.
 *
 * Follows `numpy.matmul`. Integers do not wrap; those above 2^53 are rounded.
 *
 * @param a rows: an array of numbers of one axis or more
 * @param b columns: an array of numbers of one axis or more
 * @returns a new array on shared memory
 * @throws {RangeError} if the shapes do not match, or an array has no axes
 * @throws {TypeError} if one of them is not an ndarray of numbers, or an option is unknown
 * @throws the reason of `signal`, if that is aborted first
 *
 * @example A matrix by a matrix, and by a vector
 * ```ts
 * import { fromArray, matmul, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const a = fromArray([1, 2, 3, 4], [2, 2]);
 * const b = fromArray([0, 1, 1, 0], [2, 2]);
 * assertEquals(tolist(await matmul(a, b)), [[2, 1], [4, 3]]);
 * assertEquals(tolist(await matmul(a, fromArray([10, 1]))), [12, 34]);
 * assertEquals(tolist(await matmul(a, a.transpose(1, 0))), [[5, 11], [11, 25]]);
 * ```
 */
export declare function matmul<A extends NdArrayData, B extends NdArrayData>(
  a: NdArray<A>,
  b: NdArray<B>,
  options?: ProductOptions & AbortOptions,
): Promise<NdArray<ProductData<A, B>>>;

/**
 * Multiplies as {@linkcode matmul} does, blocking the isolate, which computes parts too.
 *
 * @throws as {@linkcode matmul}
 *
 * @example Two matrices
 * ```ts
 * import { fromArray, matmulSync, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const a = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(tolist(matmulSync(a, a)), [[7, 10], [15, 22]]);
 * ```
 */
export declare function matmulSync<A extends NdArrayData, B extends NdArrayData>(
  a: NdArray<A>,
  b: NdArray<B>,
  options?: ProductOptions,
): NdArray<ProductData<A, B>>;

export {};
