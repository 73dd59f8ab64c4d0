/**
 * Whether arrays are the same.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { checkArray, haveSameShape } from "./array.ts";
import { commonShape } from "./broadcast.ts";
import type { AnyNdArrayData, NdArray, NdArrayData } from "./types.ts";
import { inOrder, repeated } from "./walk.ts";

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
export function arrayEqual(a: NdArray<AnyNdArrayData>, b: NdArray<AnyNdArrayData>): boolean {
  checkArray(a, "compare arrays");
  checkArray(b, "compare arrays");
  if (!haveSameShape(a, b)) return false;
  const [left, right] = [inOrder(a), inOrder(b)];
  // Of a number and a bigint, == asks for the value.
  for (let at = 0; at < left.length; at++) if (left[at] != right[at]) return false;
  return true;
}

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
export function allClose(
  a: NdArray<NdArrayData>,
  b: NdArray<NdArrayData>,
  options: AllCloseOptions = {},
): boolean {
  checkOptions("compare arrays", options, { rtol: true, atol: true, equalNan: true });
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  checkArray(a, "compare arrays");
  checkArray(b, "compare arrays");
  const shape = commonShape([a.shape, b.shape], "compare arrays");
  const [left, right] = [a, b].map((array) => inOrder(repeated(array, shape)));
  for (let at = 0; at < left.length; at++) {
    const [x, y] = [left[at], right[at]];
    if (x === y || equalNan && x !== x && y !== y) continue;
    if (!(Number.isFinite(y) && Math.abs(x - y) <= atol + rtol * Math.abs(y))) return false;
  }
  return true;
}
