/**
 * Parallel loops, reductions and array expressions, as `prange` and parallel array expressions of
 * Python's `numba`.
 *
 * They run in a team of loop workers that is started at the first loop and kept.
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
 * await stopTeam(); // for tests that look for leaks: a program just ends
 * ```
 *
 * @module
 */

export {
  type ArrayExpression,
  type DefaultArray,
  type ExpressionOptions,
  lazy,
  type Operand,
  type PrefixSumOptions,
} from "./expression.ts";
export type { BigintTypedArray, NumberTypedArray, TypedArrayOf } from "./expression_tree.ts";
export {
  type AbortOptions,
  type EmptyObject,
  type LoopOptions,
  parallelFor,
  parallelForSync,
} from "./parallel_for.ts";
export {
  type ArrayReduceOptions,
  type LoopReduceOptions,
  type NumberReduceOptions,
  parallelReduce,
  parallelReduceSync,
  type ValueReduceOptions,
} from "./parallel_reduce.ts";
export { type ElementOfTypedArray, prefixSum, prefixSumSync } from "./prefix_sum.ts";
export { prange, Range } from "./range.ts";
export type { AccumulatorArray, LoopOperator } from "./run_chunks.ts";
export type { Schedule } from "./schedule.ts";
export { getNumThreads, setNumThreads, stopTeam } from "./team.ts";
