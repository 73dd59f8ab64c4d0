/**
 * Loops whose iterations run on all cores and whose values are combined.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { checkNumber, wrongType, wrongValue } from "../arguments/values.ts";
import type { Range } from "./range.ts";
import { partition } from "./schedule.ts";
import { withKernel } from "./loop_kernel.ts";
import { type LoopOutcome, type LoopPlan, valuesByChunk } from "./loop_plan.ts";
import {
  type AccumulatorArray,
  combine,
  combineInPairs,
  identities,
  type LoopOperator,
  type Reduction,
} from "./reduction.ts";
import {
  type AbortOptions,
  adviseContext,
  type EmptyObject,
  loopOptionNames,
  type LoopOptions,
  makePlan,
  type PlannedLoop,
} from "./parallel_for.ts";
import { runOnTeam, runOnTeamSync } from "./team.ts";

/** Number of chunks of a deterministic loop, independent of the number of isolates. */
const FIXED_CHUNKS = 1024;
/** The same for reductions into arrays, where each chunk has its own array. */
const FIXED_CHUNKS_OF_ARRAYS = 64;

/** Options of every reduction. */
export interface LoopReduceOptions<Context extends object, Constants extends object>
  extends LoopOptions<Context, Constants> {
  /**
   * Whether the result is the same, bit for bit, for any number of isolates and any timing: the
   * values are combined in a fixed tree. It may differ from the result of a plain loop, which adds
   * one by one; adding in pairs has the smaller error.
   *
   * @default {false}
   */
  deterministic?: boolean | undefined;
}

/** Options of a reduction of numbers. */
export interface NumberReduceOptions<Context extends object, Constants extends object>
  extends LoopReduceOptions<Context, Constants> {
  /** The operator that combines two values. */
  combine: LoopOperator;
  /**
   * The value that changes no value it is combined with; for `"min"` and `"max"`, any bound of the
   * values.
   *
   * @default {0 for "+", 1 for "*", Infinity for "min", -Infinity for "max"}
   */
  identity?: number | undefined;
}

/** Options of a reduction into an array. */
export interface ArrayReduceOptions<
  A extends AccumulatorArray,
  Context extends object,
  Constants extends object,
> extends LoopReduceOptions<Context, Constants> {
  /** The operator that combines two elements. */
  combine: LoopOperator;
  /**
   * An array of elements that change no value they are combined with: each worker starts with a copy.
   */
  identity: A;
}

/** Options of a reduction of values of any kind. */
export interface ValueReduceOptions<V, Context extends object, Constants extends object>
  extends LoopReduceOptions<Context, Constants> {
  /**
   * Combines two values. An associative function: a task, or one that uses nothing outside itself.
   */
  combine: (left: V, right: V) => V;
  /** The value that changes no value it is combined with. */
  identity: V;
}

/**
 * Runs `body` for each index of a range, on all cores, and combines what it returns.
 *
 * - If `combine` is an operator (`"+"`, `"*"`, `"min"`, `"max"`), the body returns numbers.
 * - If, in addition, `identity` is an array, the body gets a private array as third argument and
 *   updates it; the arrays of all workers are combined element by element.
 * - If `combine` is a function, the body returns values of any kind that can cross.
 * - The last digits of a sum of floating-point numbers depend on the order of additions, and so on
 *   timing; `deterministic` fixes the order. A body that runs as WebAssembly has each lane of its vectors add
 *   up a part of a chunk.
 * - Everything else is as in {@linkcode parallelFor}.
 *
 * Follows the reductions of `numba.prange`, and OpenMP's `reduction` clause.
 *
 * @param range a range, or the number of indices from 0 on
 * @throws {RangeError} if `identity` is NaN, or not the identity of the operator
 * @throws {TypeError} if the body returns a value of another type than `combine` needs, or an option
 * is unknown
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
 * await stopTeam(); // only tests need it: the team does not keep a program alive
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
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 *
 * @example The longest word
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
 * await stopTeam(); // only tests need it: the team does not keep a program alive
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
/** Reduces into a private array of each worker; these are combined element by element. */
export function parallelReduce<
  A extends AccumulatorArray,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants, result: A) => void,
  options: ArrayReduceOptions<A, Context, Constants> & AbortOptions,
): Promise<A>;
/** Combines values of any kind by a function. */
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
  checkReduction(options, asyncReduceOptionNames);
  const { plan, threads, progress, reduction } = reductionPlan(range, body, options);
  const outcomes = await runOnTeam(plan, threads, options.signal, progress);
  return combineOutcomes(outcomes, plan, reduction);
}

/**
 * Runs a reduction as {@linkcode parallelReduce} does, blocking the calling isolate, which runs chunks
 * too.
 *
 * @throws as {@linkcode parallelReduce}
 */
export function parallelReduceSync<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => number,
  options: NumberReduceOptions<Context, Constants>,
): number;
/** Reduces into a private array of each worker; these are combined element by element. */
export function parallelReduceSync<
  A extends AccumulatorArray,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants, result: A) => void,
  options: ArrayReduceOptions<A, Context, Constants>,
): A;
/** Combines values of any kind by a function. */
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
  const { plan, threads, progress, reduction } = reductionPlan(range, body, options);
  return combineOutcomes(runOnTeamSync(plan, threads, progress), plan, reduction);
}

/** Options of any reduction. */
export interface AnyReduction extends LoopReduceOptions<object, object> {
  combine: LoopOperator | ((left: never, right: never) => unknown);
  identity?: unknown;
}

const reduceOptionNames: OptionNames<AnyReduction> = {
  combine: true,
  identity: true,
  deterministic: "boolean",
  ...loopOptionNames,
};
/** The names of the options of an asynchronous reduction. */
export const asyncReduceOptionNames: OptionNames<AnyReduction & AbortOptions> = {
  ...reduceOptionNames,
  signal: true,
};

function checkReduction<T extends AnyReduction>(options: T, names: OptionNames<T>): void {
  if (options === undefined) {
    const requirement = 'an object that says how to combine the values, such as { combine: "+" }';
    throw wrongType("reduce", "options", requirement, options);
  }
  checkOptions("reduce", options, names, adviseContext);
}

function reductionPlan(
  range: Range | number,
  body: (...args: never) => unknown,
  options: AnyReduction,
): PlannedLoop & { reduction: Reduction } {
  const reduction = reductionOf(options);
  const planned = makePlan(range, body as LoopPlan["body"], options, reduction);
  const loop = withKernel(planned, options.numThreads);
  if (options.deterministic !== true) return { ...loop, reduction };
  const { plan, threads } = loop;
  const chunks = reduction.kind === "arrays" ? FIXED_CHUNKS_OF_ARRAYS : FIXED_CHUNKS;
  const size = options.chunkSize ?? Math.max(Math.ceil(plan.length / chunks), 1);
  const fixed = partition(plan.length, threads, "dynamic", size);
  return { ...loop, plan: { ...plan, partition: fixed, keepsChunks: true }, reduction };
}

/** Checks how values are to be combined. */
export function reductionOf(options: AnyReduction): Reduction {
  const { combine, identity } = options;
  if (typeof combine === "function") {
    if (!("identity" in options)) {
      throw new TypeError(
        "Cannot reduce: identity must be given, since combine is a function: the value that changes no value " +
          "it is combined with, such as 0 for a sum",
      );
    }
    return { kind: "values", combine, identity };
  }
  if (typeof combine !== "string" || !Object.hasOwn(identities, combine)) {
    const requirement = '"+", "*", "min", "max" or a function';
    throw wrongValue("string", "reduce", "combine", requirement, combine);
  }
  if (ArrayBuffer.isView(identity) && !(identity instanceof DataView)) {
    for (const element of identity as AccumulatorArray) checkIdentity(combine, element);
    return { kind: "arrays", name: combine, identity: identity as AccumulatorArray };
  }
  const number = identity === undefined ? identities[combine] : identity;
  checkIdentity(combine, number);
  return { kind: "numbers", name: combine, identity: number };
}

function checkIdentity(name: LoopOperator, identity: unknown): asserts identity is number {
  const requirement = "a number other than NaN, or an array of such numbers";
  checkNumber("reduce", "identity", identity, requirement);
  if ((name === "+" || name === "*") && identity !== identities[name]) {
    throw new RangeError(
      `Cannot reduce: the identity of "${name}" is ${
        identities[name]
      }, not ${identity}, which would ` +
        `count once for each worker. Omit it, and combine ${identity} with the result`,
    );
  }
}

/** Combines the values of all participants. */
function combineOutcomes(
  outcomes: LoopOutcome[],
  plan: LoopPlan,
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
