/**
 * `Parallel`: makes delayed calls on all cores.
 *
 * @module
 */

import { isMainIsolate } from "../heap/isolate_record.ts";
import { isInLoop } from "../loops/run_chunks.ts";
import { callSite } from "../pool/calls/call_site.ts";
import { knownLength } from "../pool/calls/item_source.ts";
import { progressReport } from "../pool/calls/progress.ts";
import { CallerLoop } from "./caller_loop.ts";
import { type Calls, checkCalls, type Delayed } from "./delayed.ts";
import { callInWorkers } from "./parallel_calls.ts";
import {
  type ParallelOptions,
  type ParallelSettings,
  parallelSettings,
  type ReturnAs,
} from "./parallel_options.ts";
import { ProgressPrinter } from "./progress.ts";
import { ParallelResults } from "./results.ts";

/** Makes calls: see {@linkcode Parallel}. */
export type ParallelRun<As extends ReturnAs = "list"> = <R>(
  calls: Iterable<Delayed<R>> | AsyncIterable<Delayed<R>>,
) => As extends "list" ? Promise<Awaited<R>[]> : AsyncGenerator<Awaited<R>, void>;

/** The type of {@linkcode Parallel}, which can be called with and without `new`. */
export interface ParallelFactory {
  /** Returns a function that makes calls with these options. */
  new <As extends ReturnAs = "list">(options?: ParallelOptions<As>): ParallelRun<As>;
  /** Returns a function that makes calls with these options. */
  <As extends ReturnAs = "list">(options?: ParallelOptions<As>): ParallelRun<As>;
}

/**
 * Makes calls on all cores: `Parallel({ nJobs: -1 })(xs.map((x) => delayed(f)(x)))`.
 *
 * - Workers are kept, and shared by all `Parallel` calls with the same `nJobs`.
 * - Short calls are sent in batches, whose size is chosen automatically.
 * - The iterable of calls may be endless: no more calls are taken than `preDispatch` allows. Results
 *   are yielded even while it is waiting for its next call. If it fails, its error follows all results.
 * - The first error of a call ends the others at once, whatever the calls before it do: none begins any
 *   more, and results that were not taken are dropped. It arrives as it was thrown; its stack is extended
 *   by the function, the index of the call, the worker and the caller of `Parallel`.
 * - Leaving a generator early, even before its first `next()`, does the same, and calls `return()` of the
 *   iterable of calls. So does the garbage collector with a generator that was dropped.
 * - In a worker, the calls are made in that isolate, one after the other: the cores are in use already.
 *
 * Follows `joblib.Parallel`.
 *
 * @example A list
 * ```ts
 * import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
 * import { stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const square = delayed((x: number) => x * x);
 * assertEquals(await Parallel({ nJobs: 2 })([0, 1, 2, 3].map((x) => square(x))), [0, 1, 4, 9]);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 *
 * @example One by one
 * ```ts
 * import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
 * import { stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * function* calls() {
 *   for (let x = 0;; x++) yield delayed(Math.sqrt)(x); // endless
 * }
 * for await (const root of Parallel({ nJobs: 2, returnAs: "generator" })(calls())) {
 *   if (root === 3) break;
 * }
 * await stopTeam();
 * ```
 *
 * @throws {RangeError} if `nJobs` is 0, or another option is out of range; when called, if calls in this
 * isolate are nested more than 100 deep
 * @throws {TypeError} if an option is unknown or, when called, if an element is not a `delayed()` call
 * @throws {TimeoutError} when called, if a call takes longer than `timeoutMs`
 * @throws {DataCloneError} when called, if a function or an argument cannot cross; the message names the
 * call and the path
 * @throws {WorkerDiedError} when called, if a worker ended before its call did
 * @throws the first error of a call, or that of the iterable of calls
 * @throws the reason of `signal`, if that is aborted first
 */
export const Parallel: ParallelFactory = function (
  options: ParallelOptions<ReturnAs> = {},
) {
  const settings = parallelSettings(options);
  return settings.returnAs === "list"
    ? async (calls: Calls) => await makeCalls(calls, settings).toArray()
    : (calls: Calls) => makeCalls(calls, settings);
} as unknown as ParallelFactory;

function makeCalls(calls: Calls, settings: ParallelSettings): ParallelResults {
  checkCalls(calls);
  const { jobs, signal, verbose } = settings;
  signal?.throwIfAborted();
  const site = callSite();
  const progress = new ProgressPrinter(jobs, verbose, knownLength(calls));
  if (jobs === 1 || !isMainIsolate() || isInLoop()) {
    const report = progressReport(settings, knownLength(calls));
    return new ParallelResults(new CallerLoop(calls, signal, progress, report, site), progress);
  }
  return new ParallelResults(callInWorkers(calls, settings, progress, site), progress);
}
