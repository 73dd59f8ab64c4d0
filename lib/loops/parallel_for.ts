/**
 * Loops whose iterations run on all cores: options, their checks, and the plan of a loop.
 *
 * @module
 */

import { checkOptions, isOptionsObject, type OptionNames } from "../arguments/options.ts";
import {
  checkFunction,
  checkInteger,
  checkOneOf,
  isArray,
  isInstance,
  wrongType,
} from "../arguments/values.ts";
import {
  type Progress,
  type ProgressOptions,
  type ProgressReport,
  progressReport,
} from "../pool/calls/progress.ts";
import { prange, Range } from "./range.ts";
import { partition, type Schedule } from "./schedule.ts";
import { withKernel } from "./loop_kernel.ts";
import type { LoopPlan } from "./loop_plan.ts";
import type { Reduction } from "./reduction.ts";
import { runOnTeam, runOnTeamSync } from "./team.ts";
import { threadsFor } from "./num_threads.ts";

/** An object without members. */
export type EmptyObject = Record<never, never>;

/** Options of a parallel loop. */
export interface LoopOptions<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
> extends ProgressOptions {
  /**
   * The second argument of the body: arrays on shared memory, which it may write to, and values,
   * which cross as frozen copies. A `WebAssembly.Module` and a shared `WebAssembly.Memory` are not
   * copied: each worker creates its own instance, once.
   *
   * @default {{}}
   */
  context?: Context | undefined;
  /**
   * Further properties of the body's second argument, which it only reads. Arrays among them may be
   * on any memory: each worker gets a copy.
   *
   * @default {{}}
   */
  constants?: Constants | undefined;
  /**
   * How the indices are distributed: `"static"` in equal parts, fixed at the start; `"dynamic"` chunk
   * by chunk, as workers become free; `"guided"` the same, in chunks that become smaller.
   *
   * @default {"dynamic"}
   */
  schedule?: Schedule | undefined;
  /**
   * Number of indices that a worker takes at a time; for `"guided"`, the minimum.
   *
   * @default {a sixteenth of a worker's share; for "static" all of it, for "guided" 1}
   */
  chunkSize?: number | undefined;
  /**
   * Number of isolates that run the loop; 1 runs a plain loop in the caller.
   *
   * @default {getNumThreads()}
   */
  numThreads?: number | undefined;
  /**
   * Called in this isolate at most every 100 ms with the number of indices in the chunks that are done,
   * and a last time with `ended: true` when the loop has ended or failed. A `…Sync` call makes these calls
   * too, between its own chunks and while it waits. If it throws, or its promise rejects, the error is
   * printed and `onProgress` is not called again; the loop goes on.
   */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of asynchronous loops only. */
export interface AbortOptions {
  /** Ends the loop with `signal.reason`; chunks that are running are finished first. */
  signal?: AbortSignal | undefined;
}

/** The names of the options of a parallel loop. */
export const loopOptionNames: OptionNames<LoopOptions> = {
  context: true,
  constants: true,
  schedule: true,
  chunkSize: true,
  numThreads: true,
  onProgress: "function",
};
const asyncOptionNames: OptionNames<LoopOptions & AbortOptions> = {
  ...loopOptionNames,
  signal: true,
};

const schedules: readonly string[] = ["static", "dynamic", "guided"];

/**
 * Runs `body` for each index of a range, on all cores.
 *
 * - Iterations run concurrently and in any order, so none may depend on another.
 * - The body is a task, or a function that uses nothing but its index and `context`. Arrays that it
 *   writes to must be on shared memory. Other typed arrays are rejected, except in `constants`,
 *   because the changes would be lost.
 * - The first error ends the loop; chunks that are running are finished first. The stack of the error
 *   names the index.
 * - A nested loop runs in the isolate that starts it alone.
 * - The body must not return a promise.
 * - A body that is plain arithmetic on numbers and typed arrays runs as WebAssembly with vectors, and each
 *   index computes the same as in JavaScript, bit for bit, but for two things: a sum over the turns of a loop
 *   in the body may be added up in another order; and an element that an array lacks is NaN. A loop of it that
 *   takes less than a millisecond runs in the caller alone unless `numThreads` is given. `explainLoop` says
 *   what holds for a loop.
 *
 * Follows `numba.prange`, and OpenMP's `parallel for`.
 *
 * @param range a range, or the number of indices from 0 on
 * @throws {RangeError} if `chunkSize` or `numThreads` is not an integer of at least 1
 * @throws {TypeError} if an array in `context` is not on shared memory, or an option is unknown
 * @throws {DataCloneError} if `body` or `context` cannot cross; the message names the path
 * @throws the first error of the body
 * @throws the reason of `signal` if it is aborted
 *
 * @example Square roots
 * ```ts
 * import { parallelFor, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const roots = new Float64Array(new SharedArrayBuffer(8 * 1000));
 * await parallelFor(1000, (i, { roots }) => {
 *   roots[i] = Math.sqrt(i);
 * }, { context: { roots } });
 * assertEquals(roots[81], 9);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 */
export async function parallelFor<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => void,
  options: LoopOptions<Context, Constants> & AbortOptions = {},
): Promise<void> {
  checkOptions("run loop", options, asyncOptionNames, adviseContext);
  checkContextShared(options.context ?? {});
  const { plan, threads, progress } = withKernel(
    makePlan(range, body, options),
    options.numThreads,
  );
  await runOnTeam(plan, threads, options.signal, progress);
}

/**
 * Runs a loop as {@linkcode parallelFor} does, blocking the calling isolate, which runs chunks too.
 *
 * @throws as {@linkcode parallelFor}
 */
export function parallelForSync<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => void,
  options: LoopOptions<Context, Constants> = {},
): void {
  checkOptions("run loop", options, loopOptionNames, adviseContext);
  checkContextShared(options.context ?? {});
  const { plan, threads, progress } = withKernel(
    makePlan(range, body, options),
    options.numThreads,
  );
  runOnTeamSync(plan, threads, progress);
}

/** Returns advice about an unknown option of a loop: it may be meant for the body. */
export function adviseContext(): string {
  return "What the body uses goes into context: { … }";
}

/** Rejects typed arrays that are not on shared memory: what a body writes to a copy is lost. */
function checkContextShared(context: object): void {
  if (!isOptionsObject(context)) return; // an array, or refused by makePlan()
  for (const [name, value] of Object.entries(context)) {
    const isNdArray = typeof value === "object" && value !== null && "stride" in value &&
      "shape" in value && "data" in value;
    const data = isNdArray ? value.data : value;
    if (!ArrayBuffer.isView(data) && !isNdArray) continue;
    if (data?.buffer instanceof SharedArrayBuffer) continue;
    const [what, makers] = isNdArray
      ? ["is an ndarray that is not on shared memory", "zeros() or asShared() of ./ndarray"]
      : ["is not on shared memory", "sharedArray()"];
    throw new TypeError(
      `Cannot run loop: context.${name} ${what}, so what the body writes to it would be lost. Make it ` +
        `with ${makers}, or pass it in constants if it is only read`,
    );
  }
}

/** Returns the range from 0 to an end that is given in place of a range. */
function rangeTo(range: unknown): Range {
  if (typeof range === "number") return prange(range);
  throw wrongType("run loop", "range", "a number of indices or a range", range);
}

/** A loop whose options have been checked. */
export interface PlannedLoop {
  plan: LoopPlan;
  /** Number of isolates that are to run it. */
  threads: number;
  progress: ProgressReport | undefined;
}

/** Checks the options of a loop; returns its plan and the number of isolates that are to run it. */
export function makePlan(
  range: Range | number,
  // deno-lint-ignore no-explicit-any -- its parameters are what the caller says they are
  body: (...args: any[]) => unknown,
  options: LoopOptions<object, object>,
  reduction?: Reduction,
): PlannedLoop {
  const { context = {}, constants = {}, schedule = "dynamic", chunkSize } = options;
  const { start, step, length } = isInstance(range, Range) ? range : rangeTo(range);
  checkFunction("run loop", "body", body);
  for (const [name, value] of Object.entries({ context, constants })) {
    if (isOptionsObject(value) || isArray(value)) continue;
    throw wrongType("run loop", name, "an object, such as { x, y }", value);
  }
  checkOneOf("run loop", "schedule", schedule, schedules);
  if (chunkSize !== undefined) checkInteger("run loop", "chunkSize", chunkSize, 1);
  const threads = threadsFor(options.numThreads);
  const progress = progressReport(options, length);
  return {
    threads,
    progress,
    plan: {
      body,
      context: { ...constants, ...context },
      start,
      step,
      length,
      partition: partition(length, threads, schedule, chunkSize),
      reduction,
      keepsChunks: false,
      countsDone: progress !== undefined,
    },
  };
}
