// The declarations of lib/joblib/parallel_options.ts

import type { ProgressOptions } from "../pool/calls/progress.d.ts";

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

/**
 * Returns the number of workers that `nJobs` stands for: -1 is the number of cores.
 *
 * Follows `joblib.effective_n_jobs`.
 *
 * @throws {RangeError} if `nJobs` is 0 or not an integer
 * @throws {TypeError} if `nJobs` is not a number
 */
export declare function effectiveJobs(nJobs: number): number;

export {};
