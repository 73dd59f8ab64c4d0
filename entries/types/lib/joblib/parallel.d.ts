// The declarations of lib/joblib/parallel.ts

import type { Awaitable } from "../pool/pool.d.ts";

/** A call that was written down: see {@linkcode delayed}. */
export interface Delayed<R> {
  /** What is to be called. */
  readonly fn: (...args: never) => Awaitable<R>;
  /** Its arguments. */
  readonly args: readonly unknown[];
}

/**
 * Writes a call down, for {@linkcode Parallel}.
 *
 * Follows `joblib.delayed`.
 *
 * @param fn a task, a built-in function, or one that sees nothing outside itself
 * @throws {TypeError} if it is no function
 *
 * @example One call
 * ```ts
 * import { delayed } from "@sauropod/multiprocessing/joblib";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(delayed(Math.pow)(2, 3).args, [2, 3]);
 * ```
 */
export declare function delayed<A extends readonly unknown[], R>(
  fn: (...args: A) => Awaitable<R>,
): (...args: A) => Delayed<R>;

/** What a {@linkcode Parallel} gives: all results in a list, or one by one. */
export type ReturnAs = "list" | "generator" | "generator_unordered";

/** Options of {@linkcode Parallel}. */
export interface ParallelOptions<As extends ReturnAs = "list"> {
  /**
   * Number of workers: -1 for all cores, -2 for all but one, and so on; 1 for a plain loop in the
   * caller.
   *
   * @default {1}
   */
  nJobs?: number | undefined;
  /**
   * Number of calls that make up a task: `"auto"` follows the measured time of the calls.
   *
   * @default {"auto"}
   */
  batchSize?: number | "auto" | undefined;
  /**
   * How many tasks may be under way or wait: a number, `"all"`, or a multiple of `nJobs`. The calls
   * are taken from their iterable only as far.
   *
   * @default {"2 * nJobs"}
   */
  preDispatch?: number | "all" | `${number} * nJobs` | undefined;
  /**
   * `"list"`: a promise of all results, in the order of the calls; `"generator"`: one by one, in that
   * order; `"generator_unordered"`: each as soon as it is there.
   *
   * @default {"list"}
   */
  returnAs?: As | undefined;
  /**
   * How long to wait for the next result, in milliseconds. Not for `nJobs: 1`.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
  /**
   * Above 0 it says on stderr how far it is; from 10 on after each task.
   *
   * @default {0}
   */
  verbose?: number | undefined;
}

/** Makes the calls, on as many workers as it was told. */
export type ParallelRun<As extends ReturnAs = "list"> = <R>(
  calls: Iterable<Delayed<R>> | AsyncIterable<Delayed<R>>,
) => As extends "list" ? Promise<Awaited<R>[]> : AsyncGenerator<Awaited<R>, void>;

/** {@linkcode Parallel} can be called with `new` and without. */
export interface ParallelFactory {
  /** Says how calls are to be made. */
  new <As extends ReturnAs = "list">(options?: ParallelOptions<As>): ParallelRun<As>;
  /** Says how calls are to be made. */
  <As extends ReturnAs = "list">(options?: ParallelOptions<As>): ParallelRun<As>;
}

/**
 * Makes calls on all cores: `Parallel({ nJobs: -1 })(xs.map((x) => delayed(f)(x)))`.
 *
 * - Its workers stay for the next time, of whatever `Parallel`.
 * - Small calls are sent many at a time, without being told.
 * - The iterable of calls may be endless: it is read only as far as `preDispatch` says. Results are
 *   given while it is waited for.
 * - The first error ends it: calls that have not begun will not; it is thrown as it was.
 * - A generator that is left early gives up what is under way.
 * - In a worker it makes the calls itself, one after the other: the cores are in use already.
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
 *   for (let x = 0;; x++) yield delayed(Math.sqrt)(x); // without end
 * }
 * for await (const root of Parallel({ nJobs: 2, returnAs: "generator" })(calls())) {
 *   if (root === 3) break;
 * }
 * await stopTeam();
 * ```
 *
 * @throws {RangeError} if `nJobs` is 0, or another option is none of those that it can be
 * @throws {TypeError} if there is no such option, or, when it is called, what is no call is among the calls
 */
export declare const Parallel: ParallelFactory;

/**
 * The number of workers that `nJobs` means: -1 is as many as there are cores.
 *
 * Follows `joblib.effective_n_jobs`.
 *
 * @throws {RangeError} if it is 0
 * @throws {TypeError} if it is not a whole number
 */
export declare function effectiveJobs(nJobs: number): number;

export {};
