/**
 * Loops whose iterations run on all cores and whose values become one.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import type { Range } from "./range.ts";
import { partition } from "./schedule.ts";
import {
  type AccumulatorArray,
  combine,
  type LoopOperator,
  type LoopOutcome,
  type LoopPlan,
  type Reduction,
} from "./run_chunks.ts";
import {
  type AbortOptions,
  adviseContext,
  type EmptyObject,
  loopOptionNames,
  type LoopOptions,
  makePlan,
} from "./parallel_for.ts";
import { runOnTeam, runOnTeamSync } from "./team.ts";

/** Number of chunks of a deterministic loop, whatever the number of threads. */
const FIXED_CHUNKS = 1024;
/** The same when each chunk has an array of its own. */
const FIXED_CHUNKS_OF_ARRAYS = 64;

/** Options of every reduction. */
export interface LoopReduceOptions<Context extends object, Constants extends object>
  extends LoopOptions<Context, Constants> {
  /**
   * Whether the result is the same, bit for bit, whatever the number of threads and whoever is
   * quicker: the values are combined in a fixed tree. It may differ from that of a plain loop, which
   * adds one by one; pairs err less.
   *
   * @default {false}
   */
  deterministic?: boolean;
}

/** Options of a reduction of numbers. */
export interface NumberReduceOptions<Context extends object, Constants extends object>
  extends LoopReduceOptions<Context, Constants> {
  /** How two values become one. */
  combine: LoopOperator;
  /**
   * What does not change a value that it is combined with; for `"min"` and `"max"` any bound.
   *
   * @default {0 for "+", 1 for "*", Infinity for "min", -Infinity for "max"}
   */
  identity?: number;
}

/** Options of a reduction into an array. */
export interface ArrayReduceOptions<
  A extends AccumulatorArray,
  Context extends object,
  Constants extends object,
> extends LoopReduceOptions<Context, Constants> {
  /** How two elements become one. */
  combine: LoopOperator;
  /** An array of elements that do not change what they are combined with: what each thread begins with. */
  identity: A;
}

/** Options of a reduction of values of any kind. */
export interface ValueReduceOptions<V, Context extends object, Constants extends object>
  extends LoopReduceOptions<Context, Constants> {
  /** Makes one of two: a task or a function that sees nothing outside itself, and is associative. */
  combine: (left: V, right: V) => V;
  /** The value that does not change one that it is combined with. */
  identity: V;
}

/**
 * Runs `body` for each index of a range, on all cores, and combines what it returns.
 *
 * - With a name for `combine` the body returns numbers: `"+"`, `"*"`, `"min"`, `"max"`.
 * - With a name and an array for `identity` the body gets an array of its own as third argument and
 *   updates it; the arrays of all threads are combined element by element.
 * - With a function for `combine` the body returns values of any kind that can cross.
 * - Sums of floating-point numbers depend on the order in which they are added, and so, in the last
 *   digits, on the threads; `deterministic` makes the order the same each time.
 * - For the rest see {@linkcode parallelFor}.
 *
 * Follows the reductions of `numba.prange`, and OpenMP's `reduction` clause.
 *
 * @param range a range, or the number of indices from 0 on
 * @throws {RangeError} if `identity` is NaN, or none
 * @throws {TypeError} if the body does not return what `combine` needs, or there is no such option
 * @throws as {@linkcode parallelFor}
 *
 * @example An integral
 * ```ts
 * import { parallelReduce, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const points = 100_000;
 * const dx = 2 / points;
 * const sum = await parallelReduce(points, (i, { dx }) => {
 *   const x = i * dx;
 *   return x * x - x;
 * }, { combine: "+", context: { dx } });
 * assertAlmostEquals(sum * dx, 2 / 3, 1e-4);
 * await stopTeam(); // for tests that look for leaks: a program just ends
 * ```
 *
 * @example A histogram
 * ```ts
 * import { parallelReduce, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const counts = await parallelReduce(1000, (i, _context, counts) => {
 *   counts[i % 10]++;
 * }, { combine: "+", identity: new Int32Array(10) });
 * assertEquals([...counts], Array(10).fill(100));
 * await stopTeam(); // for tests that look for leaks: a program just ends
 * ```
 *
 * @example The longest
 * ```ts
 * import { parallelReduce, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const words = ["to", "two", "three"];
 * const longest = await parallelReduce(words.length, (i, { words }) => words[i], {
 *   combine: (left, right) => right.length > left.length ? right : left,
 *   identity: "",
 *   context: { words },
 * });
 * assertEquals(longest, "three");
 * await stopTeam(); // for tests that look for leaks: a program just ends
 * ```
 */
export function parallelReduce<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => number,
  options: NumberReduceOptions<Context, Constants> & AbortOptions,
): Promise<number>;
/** As above, into an array that each thread has for itself, combined element by element. */
export function parallelReduce<
  A extends AccumulatorArray,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants, result: A) => void,
  options: ArrayReduceOptions<A, Context, Constants> & AbortOptions,
): Promise<A>;
/** As above, of values of any kind, combined by a function. */
export function parallelReduce<
  V,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => V,
  options: ValueReduceOptions<V, Context, Constants> & AbortOptions,
): Promise<V>;
export async function parallelReduce(
  range: Range | number,
  body: (...args: never) => unknown,
  options: AnyReduction & AbortOptions,
): Promise<unknown> {
  checkReduction(options, awaitedNames);
  const { plan, threads, reduction } = reductionPlan(range, body, options);
  return combineOutcomes(await runOnTeam(plan, threads, options.signal), plan, reduction);
}

/** As {@linkcode parallelReduce}, blocking the thread, which does its share of the loop. */
export function parallelReduceSync<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => number,
  options: NumberReduceOptions<Context, Constants>,
): number;
/** As above, into an array that each thread has for itself, combined element by element. */
export function parallelReduceSync<
  A extends AccumulatorArray,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants, result: A) => void,
  options: ArrayReduceOptions<A, Context, Constants>,
): A;
/** As above, of values of any kind, combined by a function. */
export function parallelReduceSync<
  V,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => V,
  options: ValueReduceOptions<V, Context, Constants>,
): V;
export function parallelReduceSync(
  range: Range | number,
  body: (...args: never) => unknown,
  options: AnyReduction,
): unknown {
  checkReduction(options, reduceOptionNames);
  const { plan, threads, reduction } = reductionPlan(range, body, options);
  return combineOutcomes(runOnTeamSync(plan, threads), plan, reduction);
}

interface AnyReduction extends LoopReduceOptions<object, object> {
  combine: LoopOperator | ((left: never, right: never) => unknown);
  identity?: unknown;
}

const reduceOptionNames: OptionNames<AnyReduction> = {
  combine: true,
  identity: true,
  deterministic: true,
  ...loopOptionNames,
};
const awaitedNames: OptionNames<AnyReduction & AbortOptions> = {
  ...reduceOptionNames,
  signal: true,
};

function checkReduction<T extends AnyReduction>(options: T, names: OptionNames<T>): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      'Cannot reduce: options must say how to combine the values, as { combine: "+" } does',
    );
  }
  checkOptions("reduce", options, names, adviseContext);
}

function reductionPlan(
  range: Range | number,
  body: (...args: never) => unknown,
  options: AnyReduction,
): { plan: Omit<LoopPlan, "control">; threads: number; reduction: Reduction } {
  const reduction = reductionOf(options);
  const { plan, threads } = makePlan(range, body as LoopPlan["body"], options, reduction);
  if (options.deterministic !== true) return { plan, threads, reduction };
  const chunks = reduction.kind === "arrays" ? FIXED_CHUNKS_OF_ARRAYS : FIXED_CHUNKS;
  const size = options.chunkSize ?? Math.max(Math.ceil(plan.length / chunks), 1);
  const fixed = partition(plan.length, threads, "dynamic", size);
  return { plan: { ...plan, partition: fixed, keepsChunks: true }, threads, reduction };
}

const identities: Record<LoopOperator, number> = { "+": 0, "*": 1, min: Infinity, max: -Infinity };

function reductionOf({ combine, identity }: AnyReduction): Reduction {
  if (typeof combine === "function") return { kind: "values", combine, identity };
  if (typeof combine !== "string" || !Object.hasOwn(identities, combine)) {
    throw new RangeError(
      `Cannot reduce: combine must be "+", "*", "min", "max" or a function, not ${
        describe(combine)
      }`,
    );
  }
  if (ArrayBuffer.isView(identity) && !(identity instanceof DataView)) {
    for (const element of identity as AccumulatorArray) checkIdentity(combine, element);
    return { kind: "arrays", name: combine, identity: identity as AccumulatorArray };
  }
  checkIdentity(combine, identity ?? identities[combine]);
  return { kind: "numbers", name: combine, identity: (identity ?? identities[combine]) as number };
}

function checkIdentity(name: LoopOperator, identity: unknown): void {
  if (typeof identity !== "number") {
    throw new TypeError(
      `Cannot reduce: identity must be a number or an array of numbers, not ${typeof identity}`,
    );
  }
  if (Number.isNaN(identity)) {
    throw new RangeError(`Cannot reduce: identity must not be NaN, or all results would be`);
  }
  if ((name === "+" || name === "*") && identity !== identities[name]) {
    throw new RangeError(
      `Cannot reduce: the identity of "${name}" is ${
        identities[name]
      }, not ${identity}, which every ` +
        `thread would take in. Leave it away, and combine ${identity} with the result`,
    );
  }
}

/** What the threads bring back as one. */
function combineOutcomes(
  outcomes: LoopOutcome[],
  plan: Omit<LoopPlan, "control">,
  reduction: Reduction,
): unknown {
  const identity = reduction.kind === "arrays" ? reduction.identity.slice() : reduction.identity;
  const values = outcomes.flatMap((outcome) => outcome.values);
  if (!plan.keepsChunks) {
    return values.reduce((left, right) => combine(reduction, left, right), identity);
  }
  const operate = (left: unknown, right: unknown) => combine(reduction, left, right);
  return values.length === 0 ? identity : combineInPairs(valuesByChunk(outcomes), operate);
}

/** The values of chunks that were kept apart, in the order of the chunks. */
export function valuesByChunk(outcomes: LoopOutcome[]): unknown[] {
  const ordered: unknown[] = [];
  for (const { chunks, values } of outcomes) {
    chunks.forEach((chunk, at) => ordered[chunk] = values[at]);
  }
  return ordered;
}

/** Combines values in a tree that depends on nothing but their number, which is not 0. */
export function combineInPairs<V>(
  values: readonly V[],
  combine: (left: V, right: V) => V,
  from = 0,
  to = values.length,
): V {
  if (to - from === 1) return values[from];
  const middle = (from + to) >> 1;
  return combine(
    combineInPairs(values, combine, from, middle),
    combineInPairs(values, combine, middle, to),
  );
}
