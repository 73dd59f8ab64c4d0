// The declarations of lib/ndarray/reduce.ts

import type { AnyNdArrayData, ArrayOf, BigNdArrayData, ElementOf } from "./types.d.ts";

/** The names of the reductions. */
export type ReductionName = "sum" | "prod" | "min" | "max" | "argmin" | "argmax" | "mean";

/** Options of a reduction. */
export interface ReduceOptions {
  /**
   * The axis to reduce, which the result lacks; negative ones count from the last.
   *
   * @default {none: all elements are reduced to one value}
   */
  axis?: number | undefined;
  /**
   * Number of isolates that reduce the array.
   *
   * @default {getNumThreads(); 1 for fewer than four million elements, or if they are not on shared memory}
   */
  numThreads?: number | undefined;
}

/**
 * The typed array that holds the result of a reduction along an axis: `uint32` for indices; for sums
 * and products the type of the elements if it is a bigint or floating-point type, else `float64`; the
 * same for means, but `float64` for bigints; the type of the elements for minima and maxima.
 */
export type ReducedData<Name extends ReductionName, Data extends AnyNdArrayData> = Name extends
  "argmin" | "argmax" ? Uint32Array
  : Name extends "min" | "max" ? Data
  : Data extends ArrayOf<"float16" | "float32"> ? Data
  : [Name, Data] extends ["sum" | "prod", BigNdArrayData] ? Data
  : Float64Array;

/** The result of a reduction of all elements. */
export type Reduced<Name extends ReductionName, Data extends AnyNdArrayData> = Name extends
  "argmin" | "argmax" | "mean" ? number : ElementOf<Data>;

export {};
