/**
 * Loops whose iterations run on all cores.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { prange, Range } from "./range.ts";
import { partition, type Schedule } from "./schedule.ts";
import type { LoopPlan, Reduction } from "./run_chunks.ts";
import { runOnTeam, runOnTeamSync, threadsFor } from "./team.ts";

/** An object without members. */
export type EmptyObject = Record<never, never>;

/** Options of a parallel loop. */
export interface LoopOptions<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
> {
  /**
   * What the body sees besides the index, as its second argument: arrays on shared memory, which it
   * may write to, and values, which arrive as copies that cannot be written to. A
   * `WebAssembly.Module` and a shared `WebAssembly.Memory` go as they are: each thread makes an
   * instance of its own, once.
   *
   * @default {{}}
   */
  context?: Context;
  /**
   * What else the body sees there: values that it only reads. Each thread gets a copy of the arrays
   * among them.
   *
   * @default {{}}
   */
  constants?: Constants;
  /**
   * How the indices are dealt out: `"static"` in equal parts beforehand, `"dynamic"` chunk by chunk,
   * `"guided"` in chunks that become smaller.
   *
   * @default {"dynamic"}
   */
  schedule?: Schedule;
  /**
   * Number of indices that a thread takes at a time, for `"guided"` the least.
   *
   * @default {a sixteenth of a thread's share; for "static" all of it, for "guided" 1}
   */
  chunkSize?: number;
  /**
   * Number of threads: 1 for a plain loop in the caller.
   *
   * @default {getNumThreads()}
   */
  numThreads?: number;
}

/** What an awaited loop takes besides. */
export interface AbortOptions {
  /** Ends the loop with `signal.reason`, after the chunks that are under way. */
  signal?: AbortSignal;
}

/** The options of a parallel loop. */
export const loopOptionNames: OptionNames<LoopOptions> = {
  context: true,
  constants: true,
  schedule: true,
  chunkSize: true,
  numThreads: true,
};
const awaitedNames: OptionNames<LoopOptions & AbortOptions> = { ...loopOptionNames, signal: true };

const schedules: readonly string[] = ["static", "dynamic", "guided"];

/**
 * Runs `body` for each index of a range, on all cores.
 *
 * - The iterations run in any order and at the same time: none may depend on another.
 * - The body is a task, or a function that sees nothing but the index and `context`. What it is to
 *   change must be an array on shared memory; a typed array that is not is refused, unless it is
 *   among the `constants`, since its changes would be lost.
 * - The first error ends the loop, after the chunks that are under way. Its stack names the index.
 * - A loop inside a loop runs on one thread.
 * - The body must not return a promise.
 *
 * Follows `numba.prange`, and OpenMP's `parallel for`.
 *
 * @param range a range, or the number of indices from 0 on
 * @throws {RangeError} if `chunkSize` or `numThreads` is not a whole number of at least 1
 * @throws {TypeError} if an array in `context` is not on shared memory, or there is no such option
 * @throws {DataCloneError} if `body` or `context` cannot cross; the message names the path
 * @throws the first error of the body
 * @throws the reason of `signal`, if that is aborted first
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
 * await stopTeam(); // for tests that look for leaks: a program just ends
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
  checkOptions("run loop", options, awaitedNames, adviseContext);
  checkContextShared(options.context ?? {});
  const { plan, threads } = makePlan(range, body, options);
  await runOnTeam(plan, threads, options.signal);
}

/**
 * As {@linkcode parallelFor}, blocking the thread, which does its share of the loop.
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
  const { plan, threads } = makePlan(range, body, options);
  runOnTeamSync(plan, threads);
}

/** What to do about an unknown option of a loop: it may be meant for the body. */
export function adviseContext(): string {
  return "What the body uses goes into context: { … }";
}

/** A typed array of this thread alone is copied when it crosses: what a body writes to it is lost. */
function checkContextShared(context: object): void {
  for (const [name, value] of Object.entries(context)) {
    const isNdArray = typeof value === "object" && value !== null && "stride" in value &&
      "shape" in value && "data" in value;
    const data = isNdArray ? value.data : value;
    if (!ArrayBuffer.isView(data) && !isNdArray) continue;
    if (data?.buffer instanceof SharedArrayBuffer) continue;
    throw new TypeError(
      `Cannot run loop: context.${name} is ${
        isNdArray ? "an ndarray that is " : ""
      }not on shared ` +
        `memory, so what the body writes to it would be lost. Make it with ${
          isNdArray ? "zeros() or asShared() of the ndarray part" : "sharedArray()"
        }, or pass it in constants if it is only read`,
    );
  }
}

/** A loop as threads are told of it, and how many they are. */
export function makePlan(
  range: Range | number,
  // deno-lint-ignore no-explicit-any -- its parameters are what the caller says they are
  body: (...args: any[]) => unknown,
  options: LoopOptions<object, object>,
  reduction?: Reduction,
): { plan: Omit<LoopPlan, "control">; threads: number } {
  const { context = {}, constants = {}, schedule = "dynamic", chunkSize } = options;
  const { start, step, length } = range instanceof Range ? range : prange(range);
  if (typeof body !== "function") {
    throw new TypeError(`Cannot run loop: body must be a function, not ${typeof body}`);
  }
  for (const [name, value] of Object.entries({ context, constants })) {
    if (typeof value === "object" && value !== null) continue;
    throw new TypeError(
      `Cannot run loop: ${name} must be an object, such as { x, y }, not ${describe(value)}`,
    );
  }
  if (!schedules.includes(schedule)) {
    throw new RangeError(
      `Cannot run loop: schedule must be "static", "dynamic" or "guided", not ` +
        describe(schedule),
    );
  }
  if (chunkSize !== undefined && (!Number.isInteger(chunkSize) || chunkSize < 1)) {
    throw new RangeError(
      `Cannot run loop: chunkSize must be a whole number of at least 1, not ${describe(chunkSize)}`,
    );
  }
  const threads = threadsFor(options.numThreads);
  return {
    threads,
    plan: {
      body,
      context: { ...constants, ...context },
      start,
      step,
      length,
      partition: partition(length, threads, schedule, chunkSize),
      reduction,
      keepsChunks: false,
    },
  };
}
