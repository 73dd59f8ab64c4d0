/**
 * Arrays of evenly spaced numbers.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { checkInteger, checkNumber, wrongType } from "../arguments/values.ts";
import { zeros } from "./create.ts";
import { type ArrayOf, type DataType, isBig, type NdArray, type NdArrayData } from "./types.ts";

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
export function arange<Type extends DataType = "float64">(
  startOrStop: number,
  stop?: number,
  step = 1,
  dtype: Type = "float64" as Type,
): NdArray<ArrayOf<Type>> {
  const [start, end] = stop === undefined ? [0, startOrStop] : [startOrStop, stop];
  checkFinite({ start, stop: end, step });
  if (step === 0) throw new RangeError("Cannot make array: step must not be 0");
  const array = zeros([Math.max(Math.ceil((end - start) / step), 0)], numberType(dtype));
  const data = array.data as NdArrayData;
  const delta = start + step - start; // the step as rounded at a large start, as in NumPy
  for (let at = 0; at < data.length; at++) data[at] = start + at * delta;
  return array;
}

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
export function linspace<Type extends DataType = "float64">(
  start: number,
  stop: number,
  num = 50,
  options: LinspaceOptions<Type> = {},
): NdArray<ArrayOf<Type>> {
  checkOptions("make array", options, { endpoint: "boolean", dtype: true });
  const { endpoint = true, dtype = "float64" as Type } = options;
  checkFinite({ start, stop });
  checkInteger("make array", "num", num, 0);
  const array = zeros([num], numberType(dtype));
  const data = array.data as NdArrayData;
  const gaps = endpoint ? num - 1 : num;
  const step = gaps > 0 ? (stop - start) / gaps : 0;
  for (let at = 0; at < num; at++) data[at] = start + at * step;
  if (endpoint && num > 1) data[num - 1] = stop;
  return array;
}

function checkFinite(numbers: Record<string, number>): void {
  for (const [name, value] of Object.entries(numbers)) {
    checkNumber("make array", name, value, "a finite number", Number.isFinite);
  }
}

function numberType<Type extends DataType>(dtype: Type): Type {
  if (!isBig(dtype)) return dtype;
  throw wrongType("make array", "dtype", "a type of numbers", dtype);
}
