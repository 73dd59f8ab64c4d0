/**
 * Options of `Parallel`, and their checks.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { checkInteger, checkNumber, checkOneOf, wrongValue } from "../arguments/values.ts";
import type { ProgressOptions } from "../pool/calls/progress.ts";
import { MAX_WORKERS } from "../pool/options.ts";
import { type TaskPolicy, taskPolicy } from "../pool/calls/task_policy.ts";

/** How {@linkcode Parallel} returns results: all in a list, or one by one. */
export type ReturnAs = "list" | "generator" | "generator_unordered";

/** Options of {@linkcode Parallel}. */
export interface ParallelOptions<As extends ReturnAs = "list"> extends ProgressOptions {
  /**
   * Number of workers: -1 for all cores, -2 for all but one, and so on; 1 runs a plain loop in the
   * caller.
   *
   * @default {1}
   */
  nJobs?: number | undefined;
  /**
   * Number of calls in a batch, which a worker gets in one message; `"auto"` follows the measured time
   * of the calls.
   *
   * @default {"auto"}
   */
  batchSize?: number | "auto" | undefined;
  /**
   * Maximum number of batches that run or wait to run: a number, `"all"`, or a multiple of `nJobs`. No
   * more calls than these need are taken from their iterable. With `"all"`, all of them are taken, with a
   * turn of the event loop every 20 ms, in which the first error of a call or the signal ends that. If that is not a list, and results are
   * returned one by one, batches whose results were not taken count too.
   *
   * @default {"2 * nJobs"}
   */
  preDispatch?: number | "all" | `${number} * nJobs` | `${number}*n_jobs` | undefined;
  /**
   * `"list"`: a promise of all results, in the order of the calls; `"generator"`: one by one, in that
   * order; `"generator_unordered"`: each as soon as it is available.
   *
   * @default {"list"}
   */
  returnAs?: As | undefined;
  /**
   * The longest time that a call may take, in milliseconds from its start: the time that it waits for a
   * worker does not count. A call that takes longer ends all calls with `TimeoutError`; its
   * `currentTask().signal` is aborted, and if it has not ended a second later, its worker is replaced.
   * Ignored if `nJobs` is 1.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
  /** Ends the calls with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /**
   * Above 0, progress is printed to stderr, with the time that has passed and, for a list, an estimate
   * of the time that is left; from 10 on, after each batch.
   *
   * @default {0}
   */
  verbose?: number | undefined;
}

const optionNames: OptionNames<ParallelOptions<ReturnAs>> = {
  nJobs: true,
  batchSize: true,
  preDispatch: true,
  returnAs: true,
  timeoutMs: true,
  signal: true,
  verbose: true,
  onProgress: "function",
};

/** Options that have been checked. */
export interface ParallelSettings {
  jobs: number;
  batchSize: number | "auto";
  /** Maximum number of batches that run or wait. */
  window: number;
  returnAs: ReturnAs;
  /** Time limit of the calls. */
  policy: TaskPolicy | undefined;
  signal: AbortSignal | undefined;
  verbose: number;
  onProgress: ProgressOptions["onProgress"];
}

/**
 * Checks options, and fills in the defaults.
 *
 * @throws {RangeError} if `nJobs` is 0, or a value is out of range
 * @throws {TypeError} if an option is unknown, or a value has the wrong type
 */
export function parallelSettings(options: ParallelOptions<ReturnAs>): ParallelSettings {
  checkOptions("make calls", options, optionNames);
  const { batchSize = "auto", preDispatch = "2 * nJobs", returnAs = "list", verbose = 0 } = options;
  const jobs = effectiveJobs(options.nJobs === undefined ? 1 : options.nJobs);
  if (batchSize !== "auto" && !(Number.isSafeInteger(batchSize) && batchSize >= 1)) {
    throw wrongValue(
      "number",
      "make calls",
      "batchSize",
      '"auto" or an integer of at least 1',
      batchSize,
    );
  }
  checkOneOf("make calls", "returnAs", returnAs, ["list", "generator", "generator_unordered"]);
  const window = windowOf(preDispatch, jobs);
  const policy = taskPolicy("make calls", { timeoutMs: options.timeoutMs });
  checkNumber(
    "make calls",
    "verbose",
    verbose,
    "a number of at least 0",
    (verbose) => verbose >= 0,
    "Write 1 for some lines of progress, 10 for all",
  );
  const { signal, onProgress } = options;
  return { jobs, batchSize, window, returnAs, policy, signal, verbose, onProgress };
}

/**
 * Returns the number of workers that `nJobs` stands for: -1 is the number of cores.
 *
 * Follows `joblib.effective_n_jobs`.
 *
 * @throws {RangeError} if `nJobs` is 0 or not an integer
 * @throws {TypeError} if `nJobs` is not a number
 */
export function effectiveJobs(nJobs: number): number {
  checkInteger("make calls", "nJobs", nJobs, -Infinity, MAX_WORKERS);
  if (nJobs < 0) return Math.max(navigator.hardwareConcurrency + 1 + nJobs, 1);
  if (nJobs > 0) return nJobs;
  throw new RangeError(
    "Cannot make calls: nJobs must not be 0. Use -1 for all cores, 1 for a plain loop",
  );
}

function windowOf(preDispatch: string | number, jobs: number): number {
  if (preDispatch === "all") return Infinity;
  const text = typeof preDispatch === "string" ? preDispatch : "";
  const times = /^\s*(\d+(?:\.\d+)?)\s*\*\s*(?:nJobs|n_jobs)\s*$/.exec(text)?.[1];
  const window = times === undefined ? preDispatch : Number(times) * jobs;
  if (typeof window !== "number" || !(window >= 1)) {
    throw wrongValue(
      typeof preDispatch === "string" ? "string" : "number",
      "make calls",
      "preDispatch",
      '"all", a number of at least 1, or a multiple such as "2 * nJobs"',
      preDispatch,
    );
  }
  return Math.ceil(window);
}
