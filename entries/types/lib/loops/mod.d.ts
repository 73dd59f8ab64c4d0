/**
 * Parallel loops, reductions and array expressions, after `prange` and the parallel array expressions
 * of Python's `numba`.
 *
 * They run on a team of loop workers, which starts with the first loop and is kept for later ones.
 * Options and functions count isolates as numba counts threads: `numThreads`.
 *
 * @example A loop and a sum
 * ```ts
 * import { parallelFor, parallelReduce, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * const squares = sharedArray("float64", 1000);
 * await parallelFor(1000, (i, { squares }) => {
 *   squares[i] = i * i;
 * }, { context: { squares } });
 * const sum = await parallelReduce(1000, (i, { squares }) => squares[i], {
 *   combine: "+",
 *   context: { squares },
 * });
 * assertEquals(sum, 332_833_500);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 *
 * @module
 */

export { type LoopExplanation } from "./explain.d.ts";
export { explainLoop, type ExplainOptions } from "./explain_loop.d.ts";
export { type ArrayExpression, lazy } from "./expression.d.ts";
export {
  type DefaultArray,
  type ExpressionOptions,
  type Operand,
  type PrefixSumOptions,
} from "./expression_options.d.ts";
export {
  type BigintTypedArray,
  type NumberTypedArray,
  type TypedArrayOf,
} from "./expression_tree.d.ts";
export {
  type AbortOptions,
  type EmptyObject,
  type LoopOptions,
  parallelFor,
  parallelForSync,
} from "./parallel_for.d.ts";
export {
  type ArrayReduceOptions,
  type LoopReduceOptions,
  type NumberReduceOptions,
  parallelReduce,
  parallelReduceSync,
  type ValueReduceOptions,
} from "./parallel_reduce.d.ts";
export { type ElementOfTypedArray, prefixSum, prefixSumSync } from "./prefix_sum.d.ts";
export { prange, Range } from "./range.d.ts";
export { type AccumulatorArray, type LoopOperator } from "./reduction.d.ts";
export { type Schedule } from "./schedule.d.ts";
export { getNumThreads, setNumThreads } from "./num_threads.d.ts";
export { stopTeam } from "./team.d.ts";

export {};
