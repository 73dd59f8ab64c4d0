/**
 * The reductions of NumPy, awaited and blocking.
 *
 * @module
 */

import { planReduction } from "./reduce.ts";
import type { Reduced, ReducedData, ReduceOptions, ReductionName } from "./reduce.ts";
import type { AnyNdArrayData, NdArray } from "./types.ts";
import { runWork, runWorkSync } from "./work.ts";

/**
 * A reduction of an array: of all elements, or along an axis.
 *
 * - Large arrays on shared memory are reduced by the workers of the parallel loops; they start with
 *   the first one.
 * - The result is the same, bit for bit, whatever the number of threads: the elements are taken
 *   in C order, 65,536 at a time, and sums are made in pairs.
 * - NaN among the elements gives NaN, or its place.
 *
 * @throws {RangeError} if there is no such axis, or nothing to choose from
 * @throws {TypeError} if it is no ndarray of a typed array
 */
export interface Reduction<Name extends ReductionName> {
  /** Along an axis: an array without it, on shared memory. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options: ReduceOptions & { axis: number },
  ): Promise<NdArray<ReducedData<Name, Data>>>;
  /** All elements. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options?: ReduceOptions & { axis?: undefined },
  ): Promise<Reduced<Name, Data>>;
}

/** As {@linkcode Reduction}, blocking the thread, which does its share. */
export interface ReductionSync<Name extends ReductionName> {
  /** Along an axis: an array without it, on shared memory. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options: ReduceOptions & { axis: number },
  ): NdArray<ReducedData<Name, Data>>;
  /** All elements. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options?: ReduceOptions & { axis?: undefined },
  ): Reduced<Name, Data>;
}

function reduction<Name extends ReductionName>(name: Name): Reduction<Name> {
  return (async (array: NdArray<AnyNdArrayData>, options: ReduceOptions = {}) =>
    await runWork(planReduction(name, array, options))) as Reduction<Name>;
}

function reductionSync<Name extends ReductionName>(name: Name): ReductionSync<Name> {
  return ((array: NdArray<AnyNdArrayData>, options: ReduceOptions = {}) =>
    runWorkSync(planReduction(name, array, options))) as ReductionSync<Name>;
}

/**
 * The sum of the elements. See {@linkcode Reduction}.
 *
 * Follows `numpy.sum`. Numbers are added as `float64`; sums along an axis of `float16` and
 * `float32` are of that type again. Bigints wrap at 64 bits.
 *
 * @example Of all, and of each column
 * ```ts
 * import { fromArray, sum, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(await sum(array), 10);
 * assertEquals(tolist(await sum(array, { axis: 0 })), [4, 6]);
 * ```
 */
export const sum: Reduction<"sum"> = reduction("sum");

/**
 * As {@linkcode sum}, blocking the thread.
 *
 * @example Of all
 * ```ts
 * import { fromArray, sumSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sumSync(fromArray([1, 2, 3, 4], [2, 2])), 10);
 * ```
 */
export const sumSync: ReductionSync<"sum"> = reductionSync("sum");

/**
 * The product of the elements. See {@linkcode Reduction}.
 *
 * Follows `numpy.prod`. Types are those of {@linkcode sum}.
 *
 * @example Of all, and of each column
 * ```ts
 * import { fromArray, prod, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(await prod(array), 24);
 * assertEquals(tolist(await prod(array, { axis: 0 })), [3, 8]);
 * ```
 */
export const prod: Reduction<"prod"> = reduction("prod");

/**
 * As {@linkcode prod}, blocking the thread.
 *
 * @example Of all
 * ```ts
 * import { fromArray, prodSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(prodSync(fromArray([1, 2, 3, 4], [2, 2])), 24);
 * ```
 */
export const prodSync: ReductionSync<"prod"> = reductionSync("prod");

/**
 * The least element. See {@linkcode Reduction}.
 *
 * Follows `numpy.min`.
 *
 * @example Of all, and of each column
 * ```ts
 * import { fromArray, min, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(await min(array), 1);
 * assertEquals(tolist(await min(array, { axis: 0 })), [1, 2]);
 * ```
 */
export const min: Reduction<"min"> = reduction("min");

/**
 * As {@linkcode min}, blocking the thread.
 *
 * @example Of all
 * ```ts
 * import { fromArray, minSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(minSync(fromArray([1, 2, 3, 4], [2, 2])), 1);
 * ```
 */
export const minSync: ReductionSync<"min"> = reductionSync("min");

/**
 * The greatest element. See {@linkcode Reduction}.
 *
 * Follows `numpy.max`.
 *
 * @example Of all, and of each column
 * ```ts
 * import { fromArray, max, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(await max(array), 4);
 * assertEquals(tolist(await max(array, { axis: 0 })), [3, 4]);
 * ```
 */
export const max: Reduction<"max"> = reduction("max");

/**
 * As {@linkcode max}, blocking the thread.
 *
 * @example Of all
 * ```ts
 * import { fromArray, maxSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(maxSync(fromArray([1, 2, 3, 4], [2, 2])), 4);
 * ```
 */
export const maxSync: ReductionSync<"max"> = reductionSync("max");

/**
 * The mean of the elements: their sum, divided by their number; NaN if there are none. See
 * {@linkcode Reduction}.
 *
 * Follows `numpy.mean`.
 *
 * @example Of all, and of each column
 * ```ts
 * import { fromArray, mean, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(await mean(array), 2.5);
 * assertEquals(tolist(await mean(array, { axis: 0 })), [2, 3]);
 * ```
 */
export const mean: Reduction<"mean"> = reduction("mean");

/**
 * As {@linkcode mean}, blocking the thread.
 *
 * @example Of all
 * ```ts
 * import { fromArray, meanSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(meanSync(fromArray([1, 2, 3, 4], [2, 2])), 2.5);
 * ```
 */
export const meanSync: ReductionSync<"mean"> = reductionSync("mean");

/**
 * The place of the least element in C order, the first if there are several. See {@linkcode
 * Reduction}.
 *
 * Follows `numpy.argmin`.
 *
 * @example Of all, and of each column
 * ```ts
 * import { fromArray, argmin, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(await argmin(array), 0);
 * assertEquals(tolist(await argmin(array, { axis: 0 })), [0, 0]);
 * ```
 */
export const argmin: Reduction<"argmin"> = reduction("argmin");

/**
 * As {@linkcode argmin}, blocking the thread.
 *
 * @example Of all
 * ```ts
 * import { fromArray, argminSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(argminSync(fromArray([1, 2, 3, 4], [2, 2])), 0);
 * ```
 */
export const argminSync: ReductionSync<"argmin"> = reductionSync("argmin");

/**
 * The place of the greatest element in C order, the first if there are several. See {@linkcode
 * Reduction}.
 *
 * Follows `numpy.argmax`.
 *
 * @example Of all, and of each column
 * ```ts
 * import { fromArray, argmax, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = fromArray([1, 2, 3, 4], [2, 2]);
 * assertEquals(await argmax(array), 3);
 * assertEquals(tolist(await argmax(array, { axis: 0 })), [1, 1]);
 * ```
 */
export const argmax: Reduction<"argmax"> = reduction("argmax");

/**
 * As {@linkcode argmax}, blocking the thread.
 *
 * @example Of all
 * ```ts
 * import { fromArray, argmaxSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(argmaxSync(fromArray([1, 2, 3, 4], [2, 2])), 3);
 * ```
 */
export const argmaxSync: ReductionSync<"argmax"> = reductionSync("argmax");
