// The declarations of lib/loops/explain_loop.ts

import type { LoopExplanation } from "./explain.d.ts";
import type { EmptyObject, LoopOptions } from "./parallel_for.d.ts";
import type { Range } from "./range.d.ts";
import type { AccumulatorArray, LoopOperator } from "./reduction.d.ts";

/**
 * Options of {@linkcode explainLoop}: those of `parallelFor`, or of `parallelReduce` if `combine` is given.
 */
export interface ExplainOptions<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
> extends LoopOptions<Context, Constants> {
  /** How `parallelReduce` would combine the values. */
  combine?: LoopOperator | ((left: never, right: never) => unknown) | undefined;
  /** As in the options of `parallelReduce`. */
  identity?: unknown;
  /** As in the options of `parallelReduce`. */
  deterministic?: boolean | undefined;
  /** Has no effect: it is accepted, so that the same options can be passed. */
  signal?: AbortSignal | undefined;
}

/**
 * Says how {@linkcode parallelFor} or {@linkcode parallelReduce} would run a loop with these arguments,
 * without running it.
 *
 * A body that is plain arithmetic on numbers and typed arrays runs as WebAssembly with vectors: several
 * indices, or turns of a loop within the body, are computed at once. Any other body runs as JavaScript, and
 * the explanation names what stood in the way, with its line and column in the text of the body.
 *
 * Follows `parallel_diagnostics` of `numba`.
 *
 * @param range a range, or the number of indices from 0 on
 * @throws as {@linkcode parallelReduce}, for arguments that it would refuse
 *
 * @example Before and after
 * ```ts
 * import { explainLoop } from "@sauropod/multiprocessing/loops";
 * import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
 * import { assert, assertMatch } from "@std/assert";
 *
 * const context = { squares: sharedArray("float64", 1000) };
 * const explanation = explainLoop(1000, (i, { squares }) => {
 *   squares[i] = i * i;
 * }, { context });
 * assert(explanation.isVectorized);
 *
 * const other = explainLoop(1000, (i, { squares }) => {
 *   squares[i] = Number(String(i));
 * }, { context });
 * assertMatch(String(other), /It runs as JavaScript: the body .*String.*, in its line 2/);
 * ```
 */
export declare function explainLoop<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
  Accumulator extends AccumulatorArray = AccumulatorArray,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants, accumulator: Accumulator) => unknown,
  options?: ExplainOptions<Context, Constants>,
): LoopExplanation;

export {};
