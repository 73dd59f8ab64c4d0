/**
 * Comparisons of arrays.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { checkNumber, wrongType } from "../arguments/values.ts";
import { checkArray, haveSameShape } from "./array.ts";
import { commonShape } from "./broadcast.ts";
import { type AnyNdArrayData, dtypeOf, isBig, type NdArray, type NdArrayData } from "./types.ts";
import { inOrder, repeated } from "./walk.ts";

/** Options of {@linkcode allClose}. */
export interface AllCloseOptions {
  /**
   * Relative tolerance: maximum difference as a fraction of the second array's element.
   *
   * @default {1e-5}
   */
  rtol?: number | undefined;
  /**
   * Absolute tolerance, added to the relative one.
   *
   * @default {1e-8}
   */
  atol?: number | undefined;
  /**
   * Whether NaN counts as close to NaN.
   *
   * @default {false}
   */
  equalNan?: boolean | undefined;
}

const optionNames: OptionNames<AllCloseOptions> = { rtol: true, atol: true, equalNan: "boolean" };

/**
 * Returns whether two arrays have the same shape and equal elements. NaN is not equal to NaN.
 *
 * Follows `numpy.array_equal`.
 *
 * @throws {TypeError} if one of them is not an ndarray of a typed array
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
  checkArray(a, "compare arrays", "a");
  checkArray(b, "compare arrays", "b");
  if (!haveSameShape(a, b)) return false;
  const [left, right] = [inOrder(a), inOrder(b)];
  // == compares the values of a number and a bigint.
  for (let at = 0; at < left.length; at++) if (left[at] != right[at]) return false;
  return true;
}

/**
 * Returns whether all elements of two arrays are close: `|a - b| <= atol + rtol * |b|`.
 *
 * Arrays of different shapes are broadcast, as by `broadcastTo`. An infinity is close to itself only.
 *
 * Follows `numpy.allclose`.
 *
 * @throws {RangeError} if the shapes do not match
 * @throws {TypeError} if one of them is not an ndarray of numbers
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
  checkOptions("compare arrays", options, optionNames);
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options;
  const isTolerance = (value: number) => value >= 0;
  for (const [name, value] of [["rtol", rtol], ["atol", atol]] as const) {
    checkNumber("compare arrays", name, value, "a number of at least 0", isTolerance);
  }
  for (const [name, array] of [["a", a], ["b", b]] as const) {
    checkArray(array, "compare arrays", name);
    if (!isBig(dtypeOf(array.data))) continue;
    const advice = "For bigints use arrayEqual()";
    throw wrongType("compare arrays", name, "an ndarray of numbers", array, advice);
  }
  const shape = commonShape([a.shape, b.shape], "compare arrays");
  const [left, right] = [a, b].map((array) => inOrder(repeated(array, shape)));
  for (let at = 0; at < left.length; at++) {
    const [x, y] = [left[at], right[at]];
    if (x === y || equalNan && x !== x && y !== y) continue;
    if (!(Number.isFinite(y) && Math.abs(x - y) <= atol + rtol * Math.abs(y))) return false;
  }
  return true;
}
