// The declarations of lib/loops/expression_tree.ts

import type { AccumulatorArray } from "./reduction.d.ts";

/** Typed arrays of numbers. */
export type NumberTypedArray = AccumulatorArray | Float16Array;

/** Typed arrays of bigints. */
export type BigintTypedArray = BigInt64Array | BigUint64Array;

/** Typed arrays with elements of type `T`. */
export type TypedArrayOf<T extends number | bigint> = T extends bigint ? BigintTypedArray
  : NumberTypedArray;

export {};
