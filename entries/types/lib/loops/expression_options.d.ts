// The declarations of lib/loops/expression_options.ts

import type { ArrayExpression } from "./expression.d.ts";
import type { TypedArrayOf } from "./expression_tree.d.ts";
import type { Range } from "./range.d.ts";

/** An operand of an expression: one value for all elements, or one for each. */
export type Operand<T extends number | bigint> =
  | T
  | ArrayExpression<T>
  | TypedArrayOf<T>
  | (T extends number ? Range : never);

/** The type of the array that stores the elements if none is given. */
export type DefaultArray<T extends number | bigint> = T extends bigint
  ? BigInt64Array<SharedArrayBuffer>
  : Float64Array<SharedArrayBuffer>;

/** Options of the methods that run an expression. */
export interface ExpressionOptions {
  /**
   * Number of isolates that run the loop; 1 runs a plain loop in the caller.
   *
   * @default {getNumThreads()}
   */
  numThreads?: number | undefined;
}

/** Options of running sums. */
export interface PrefixSumOptions<Target> extends ExpressionOptions {
  /**
   * The array to store the sums in. It must be on shared memory, and may be the one that is read.
   *
   * @default {a new array of type "float64", for bigints "int64"}
   */
  into?: Target | undefined;
}

export {};
