// The declarations of lib/ndarray/compare.ts

import type { AnyNdArrayData, NdArray, NdArrayData } from "./types.d.ts";

/** Options of {@linkcode allClose}. */
export interface AllCloseOptions {
  /**
   * How far an element may be off, as a part of the second array's.
   *
   * @default {1e-5}
   */
  rtol?: number;
  /**
   * How far it may be off besides.
   *
   * @default {1e-8}
   */
  atol?: number;
  /**
   * Whether NaN is close to NaN.
   *
   * @default {false}
   */
  equalNan?: boolean;
}

/**
 * Whether two arrays have the same shape and the same elements. NaN is no element's equal.
 *
 * Follows `numpy.array_equal`.
 *
 * @throws {TypeError} if one is no ndarray of a typed array
 *
 * @example A copy
 * ```ts
 * import { arange, arrayEqual, copy } from "@sauropod/multiprocessing/ndarray";
 * import { assert } from "@std/assert";
 *
 * const numbers = arange(4);
 * assert(arrayEqual(numbers, copy(numbers)));
 * assert(!arrayEqual(numbers, arange(5)));
 * ```
 */
export declare function arrayEqual(a: NdArray<AnyNdArrayData>, b: NdArray<AnyNdArrayData>): boolean;

/**
 * Whether all elements of two arrays are close: `|a - b| <= atol + rtol * |b|`.
 *
 * Shapes that differ are repeated, as by `broadcastTo`. Infinities are close to their equals.
 *
 * Follows `numpy.allclose`.
 *
 * @throws {RangeError} if the shapes do not match
 * @throws {TypeError} if one is no ndarray of numbers
 *
 * @example Sums in another order
 * ```ts
 * import { allClose, fromArray } from "@sauropod/multiprocessing/ndarray";
 * import { assert } from "@std/assert";
 *
 * assert(allClose(fromArray([0.1 + 0.2]), fromArray([0.3])));
 * ```
 */
export declare function allClose(
  a: NdArray<NdArrayData>,
  b: NdArray<NdArrayData>,
  options?: AllCloseOptions,
): boolean;

export {};
