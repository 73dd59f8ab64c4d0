// The declarations of lib/ndarray/reductions.ts

import type { Reduced, ReducedData, ReduceOptions, ReductionName } from "./reduce.d.ts";
import type { AnyNdArrayData, NdArray } from "./types.d.ts";

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
    options: ReduceOptions & {
      axis: number;
    },
  ): Promise<NdArray<ReducedData<Name, Data>>>;
  /** All elements. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options?: ReduceOptions & {
      axis?: undefined;
    },
  ): Promise<Reduced<Name, Data>>;
}

/** As {@linkcode Reduction}, blocking the thread, which does its share. */
export interface ReductionSync<Name extends ReductionName> {
  /** Along an axis: an array without it, on shared memory. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options: ReduceOptions & {
      axis: number;
    },
  ): NdArray<ReducedData<Name, Data>>;
  /** All elements. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options?: ReduceOptions & {
      axis?: undefined;
    },
  ): Reduced<Name, Data>;
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
export declare const sum: Reduction<"sum">;

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
export declare const sumSync: ReductionSync<"sum">;

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
export declare const prod: Reduction<"prod">;

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
export declare const prodSync: ReductionSync<"prod">;

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
export declare const min: Reduction<"min">;

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
export declare const minSync: ReductionSync<"min">;

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
export declare const max: Reduction<"max">;

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
export declare const maxSync: ReductionSync<"max">;

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
export declare const mean: Reduction<"mean">;

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
export declare const meanSync: ReductionSync<"mean">;

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
export declare const argmin: Reduction<"argmin">;

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
export declare const argminSync: ReductionSync<"argmin">;

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
export declare const argmax: Reduction<"argmax">;

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
export declare const argmaxSync: ReductionSync<"argmax">;

export {};
