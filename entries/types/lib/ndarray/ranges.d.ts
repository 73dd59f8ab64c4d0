// The declarations of lib/ndarray/ranges.ts

import type { ArrayOf, DataType, NdArray } from "./types.d.ts";

/**
 * Makes an array of evenly spaced numbers, up to but not including the end.
 *
 * Follows `numpy.arange`; the elements are `"float64"` by default.
 *
 * @param startOrStop the first number, or the end if it is the only argument
 * @param stop the end, which is not in the array
 * @param step the difference between consecutive numbers; negative to count down
 * @param dtype type of the elements
 * @throws {RangeError} if `step` is 0, or an argument is not finite
 * @throws {TypeError} if `dtype` is unknown or a bigint type
 *
 * @example Counting
 * ```ts
 * import { arange, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(arange(3)), [0, 1, 2]);
 * assertEquals(tolist(arange(1, 2, 0.25)), [1, 1.25, 1.5, 1.75]);
 * ```
 */
export declare function arange<Type extends DataType = "float64">(
  startOrStop: number,
  stop?: number,
  step?: number,
  dtype?: Type,
): NdArray<ArrayOf<Type>>;

/** Options of {@linkcode linspace}. */
export interface LinspaceOptions<Type extends DataType = "float64"> {
  /**
   * Whether the last number is `stop`.
   *
   * @default {true}
   */
  endpoint?: boolean | undefined;
  /**
   * Type of the elements.
   *
   * @default {"float64"}
   */
  dtype?: Type | undefined;
}

/**
 * Makes an array of `num` evenly spaced numbers from `start` to `stop`.
 *
 * Follows `numpy.linspace`; its `retstep` is `array.get(1) - array.get(0)`.
 *
 * @param start the first number
 * @param stop the last number, or the exclusive end if `endpoint` is false
 * @param num the number of elements
 * @throws {RangeError} if `num` is not an integer of at least 0, or `start` or `stop` is not finite
 * @throws {TypeError} if `dtype` is unknown or a bigint type
 *
 * @example From 0 to 2
 * ```ts
 * import { linspace, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(linspace(0, 2, 5)), [0, 0.5, 1, 1.5, 2]);
 * ```
 */
export declare function linspace<Type extends DataType = "float64">(
  start: number,
  stop: number,
  num?: number,
  options?: LinspaceOptions<Type>,
): NdArray<ArrayOf<Type>>;

export {};
