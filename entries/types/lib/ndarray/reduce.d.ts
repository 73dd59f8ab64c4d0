// The declarations of lib/ndarray/reduce.ts

import type { AnyNdArrayData, ArrayOf, BigNdArrayData, ElementOf } from "./types.d.ts";

/** The reductions. */
export type ReductionName = "sum" | "prod" | "min" | "max" | "argmin" | "argmax" | "mean";

/** Options of a reduction. */
export interface ReduceOptions {
  /**
   * The axis to reduce, which the result lacks; negative ones count from the last.
   *
   * @default {none: all elements become one}
   */
  axis?: number;
  /**
   * Number of threads.
   *
   * @default {getNumThreads(); 1 for fewer than a million elements, or if they are not on shared memory}
   */
  numThreads?: number;
}

/**
 * What the elements lie in that a reduction along an axis gives: places in `uint32`; sums and
 * products of bigints and fractions in their own type, of others in `float64`; means likewise, of
 * bigints in `float64`; the least and the greatest in their own type.
 */
export type ReducedData<Name extends ReductionName, Data extends AnyNdArrayData> = Name extends
  "argmin" | "argmax" ? Uint32Array
  : Name extends "min" | "max" ? Data
  : Data extends ArrayOf<"float16" | "float32"> ? Data
  : [Name, Data] extends ["sum" | "prod", BigNdArrayData] ? Data
  : Float64Array;

/** What a reduction of all elements gives. */
export type Reduced<Name extends ReductionName, Data extends AnyNdArrayData> = Name extends
  "argmin" | "argmax" | "mean" ? number : ElementOf<Data>;

export {};
