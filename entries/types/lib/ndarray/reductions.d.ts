// The declarations of lib/ndarray/reductions.ts

import type { Reduced, ReducedData, ReduceOptions, ReductionName } from "./reduce.d.ts";
import type { AnyNdArrayData, NdArray } from "./types.d.ts";

/**
 * A reduction of an array: of all elements, or along an axis.
 *
 * - Large arrays on shared memory are reduced by the loop workers, which the first reduction starts.
 * - The result is the same, bit for bit, for any number of isolates and any strides: elements are taken in C
 *   order, in parts of 65,536 unless an axis is given, and sums and products are computed in pairs.
 * - Numbers are reduced by WebAssembly.
 * - If an element is NaN, the result is NaN, or its index.
 *
 * @throws {RangeError} if `axis` is out of range, or there are no elements to take a minimum or maximum of
 * @throws {TypeError} if `array` is not an ndarray of a typed array
 */
export interface Reduction<Name extends ReductionName> {
  /** Reduces along an axis; returns an array without this axis, on shared memory. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options: ReduceOptions & {
      axis: number;
    },
  ): Promise<NdArray<ReducedData<Name, Data>>>;
  /** Reduces all elements to one value. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options?: ReduceOptions & {
      axis?: undefined;
    },
  ): Promise<Reduced<Name, Data>>;
}

/** A reduction as {@linkcode Reduction}, blocking the isolate, which reduces parts too. */
export interface ReductionSync<Name extends ReductionName> {
  /** Reduces along an axis; returns an array without this axis, on shared memory. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options: ReduceOptions & {
      axis: number;
    },
  ): NdArray<ReducedData<Name, Data>>;
  /** Reduces all elements to one value. */
  <Data extends AnyNdArrayData>(
    array: NdArray<Data>,
    options?: ReduceOptions & {
      axis?: undefined;
    },
  ): Reduced<Name, Data>;
}

/**
 * Returns the sum of the elements. See {@linkcode Reduction}.
 *
 * Follows `numpy.sum`. Numbers are added as `float64`; sums of `float16` and `float32` along an axis are
 * converted back to that type. Sums of bigints wrap at 64 bits.
 *
 * @example All elements, and each column
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
 * Reduces as {@linkcode sum} does, blocking the isolate.
 *
 * @example All elements
 * ```ts
 * import { fromArray, sumSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sumSync(fromArray([1, 2, 3, 4], [2, 2])), 10);
 * ```
 */
export declare const sumSync: ReductionSync<"sum">;

/**
 * Returns the product of the elements. See {@linkcode Reduction}.
 *
 * Follows `numpy.prod`. Types are as in {@linkcode sum}.
 *
 * @example All elements, and each column
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
 * Reduces as {@linkcode prod} does, blocking the isolate.
 *
 * @example All elements
 * ```ts
 * import { fromArray, prodSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(prodSync(fromArray([1, 2, 3, 4], [2, 2])), 24);
 * ```
 */
export declare const prodSync: ReductionSync<"prod">;

/**
 * Returns the smallest element; -0 is less than 0. See {@linkcode Reduction}.
 *
 * Follows `numpy.min`.
 *
 * @example All elements, and each column
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
 * Reduces as {@linkcode min} does, blocking the isolate.
 *
 * @example All elements
 * ```ts
 * import { fromArray, minSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(minSync(fromArray([1, 2, 3, 4], [2, 2])), 1);
 * ```
 */
export declare const minSync: ReductionSync<"min">;

/**
 * Returns the largest element; 0 is greater than -0. See {@linkcode Reduction}.
 *
 * Follows `numpy.max`.
 *
 * @example All elements, and each column
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
 * Reduces as {@linkcode max} does, blocking the isolate.
 *
 * @example All elements
 * ```ts
 * import { fromArray, maxSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(maxSync(fromArray([1, 2, 3, 4], [2, 2])), 4);
 * ```
 */
export declare const maxSync: ReductionSync<"max">;

/**
 * Returns the mean of the elements, NaN if there are none. See {@linkcode Reduction}.
 *
 * Follows `numpy.mean`.
 *
 * @example All elements, and each column
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
 * Reduces as {@linkcode mean} does, blocking the isolate.
 *
 * @example All elements
 * ```ts
 * import { fromArray, meanSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(meanSync(fromArray([1, 2, 3, 4], [2, 2])), 2.5);
 * ```
 */
export declare const meanSync: ReductionSync<"mean">;

/**
 * Returns the index of the smallest element in C order; of several, the first. See
 * {@linkcode Reduction}.
 *
 * Follows `numpy.argmin`.
 *
 * @example All elements, and each column
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
 * Reduces as {@linkcode argmin} does, blocking the isolate.
 *
 * @example All elements
 * ```ts
 * import { fromArray, argminSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(argminSync(fromArray([1, 2, 3, 4], [2, 2])), 0);
 * ```
 */
export declare const argminSync: ReductionSync<"argmin">;

/**
 * Returns the index of the largest element in C order; of several, the first. See
 * {@linkcode Reduction}.
 *
 * Follows `numpy.argmax`.
 *
 * @example All elements, and each column
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
 * Reduces as {@linkcode argmax} does, blocking the isolate.
 *
 * @example All elements
 * ```ts
 * import { fromArray, argmaxSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(argmaxSync(fromArray([1, 2, 3, 4], [2, 2])), 3);
 * ```
 */
export declare const argmaxSync: ReductionSync<"argmax">;

export {};
