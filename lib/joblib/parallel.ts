/**
 * Calls that are written down first and made on all cores then.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { isMainIsolate } from "../heap/isolate_record.ts";
import { task } from "../codec/task.ts";
import type { AsyncResult } from "../pool/async_result.ts";
import { isPromiseLike } from "../pool/runner/run_chunk.ts";
import type { Awaitable } from "../pool/pool.ts";
import { ItemSource } from "../pool/calls/item_source.ts";
import { settledWithin } from "../sync/settled.ts";
import { BatchSizer } from "./batch_sizer.ts";
import { isInLoop } from "../loops/run_chunks.ts";
import { teamPool } from "../loops/team.ts";

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
export function delayed<A extends readonly unknown[], R>(
  fn: (...args: A) => Awaitable<R>,
): (...args: A) => Delayed<R> {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot delay call: fn must be a function, not ${typeof fn}`);
  }
  return (...args) => ({ fn: fn as Delayed<R>["fn"], args });
}

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

const optionNames: OptionNames<ParallelOptions<ReturnAs>> = {
  nJobs: true,
  batchSize: true,
  preDispatch: true,
  returnAs: true,
  timeoutMs: true,
  verbose: true,
};

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
export const Parallel: ParallelFactory = function (
  options: ParallelOptions<ReturnAs> = {},
) {
  checkOptions("make calls", options, optionNames);
  const plan = planOf(options);
  return (calls: Calls) => {
    const results = runCalls(calls, plan);
    return plan.returnAs === "list" ? Array.fromAsync(results) : results;
  };
} as unknown as ParallelFactory;

type Calls = Iterable<Delayed<unknown>> | AsyncIterable<Delayed<unknown>>;

interface Plan {
  jobs: number;
  batchSize: number | "auto";
  window: number;
  returnAs: ReturnAs;
  timeoutMs: number | undefined;
  verbose: number;
}

function planOf(options: ParallelOptions<ReturnAs>): Plan {
  const { batchSize = "auto", preDispatch = "2 * nJobs", returnAs = "list", verbose = 0 } = options;
  const jobs = effectiveJobs(options.nJobs ?? 1);
  if (batchSize !== "auto" && !(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new RangeError(
      `Cannot make calls: batchSize must be "auto" or a whole number of at least 1, not ${
        describe(batchSize)
      }`,
    );
  }
  if (!["list", "generator", "generator_unordered"].includes(returnAs)) {
    throw new RangeError(
      `Cannot make calls: returnAs must be "list", "generator" or "generator_unordered", not ${
        describe(returnAs)
      }`,
    );
  }
  const window = windowOf(preDispatch, jobs);
  return { jobs, batchSize, window, returnAs, timeoutMs: options.timeoutMs, verbose };
}

/**
 * The number of workers that `nJobs` means: -1 is as many as there are cores.
 *
 * Follows `joblib.effective_n_jobs`.
 *
 * @throws {RangeError} if it is 0
 * @throws {TypeError} if it is not a whole number
 */
export function effectiveJobs(nJobs: number): number {
  if (!Number.isInteger(nJobs)) {
    throw new TypeError(`Cannot make calls: nJobs must be a whole number, not ${describe(nJobs)}`);
  }
  if (nJobs === 0) {
    throw new RangeError("Cannot make calls: nJobs 0 has no meaning. -1 is all cores, 1 a loop");
  }
  return nJobs > 0 ? nJobs : Math.max(navigator.hardwareConcurrency + 1 + nJobs, 1);
}

function windowOf(preDispatch: string | number, jobs: number): number {
  if (preDispatch === "all") return Infinity;
  const times = /^\s*(\d+(?:\.\d+)?)\s*\*\s*nJobs\s*$/.exec(String(preDispatch))?.[1];
  const window = times === undefined ? Number(preDispatch) : Number(times) * jobs;
  if (Number.isNaN(window) || window < 1) {
    throw new RangeError(
      `Cannot make calls: preDispatch must be "all", a number of at least 1, or a multiple such as ` +
        `"2 * nJobs", not ${describe(preDispatch)}`,
    );
  }
  return Math.ceil(window);
}

function runCalls(calls: Calls, plan: Plan): AsyncGenerator<unknown, void> {
  checkCalls(calls);
  const alone = plan.jobs === 1 || !isMainIsolate() || isInLoop();
  return alone ? callHere(calls, plan) : new Run(calls, plan).results();
}

/** Checks that calls can be taken from it. */
function checkCalls(calls: Calls): void {
  const given: object = Object(calls);
  if (Symbol.iterator in given || Symbol.asyncIterator in given) return;
  throw new TypeError(
    `Cannot make calls: calls must be an array or another iterable of delayed(fn)(…), not ${
      describe(calls)
    }. For one call write [delayed(fn)(x)]`,
  );
}

/** Checks that it was written down. */
function checkCall(call: Delayed<unknown>, index: number): void {
  const { fn, args }: Partial<Delayed<unknown>> = Object(call);
  if (typeof fn === "function" && Array.isArray(args)) return;
  throw new TypeError(
    `Cannot make calls: calls[${index}] must be delayed(fn)(…), not ${describe(call)}`,
  );
}

async function* callHere(calls: Calls, plan: Plan): AsyncGenerator<unknown, void> {
  const progress = new Progress(plan);
  let index = 0;
  for await (const call of calls) {
    checkCall(call, index++);
    const { fn, args } = call;
    const result = await fn(...args as never);
    progress.add(1);
    yield result;
  }
  progress.end();
}

/** A batch that is under way. */
interface Batch {
  calls: number;
  result: AsyncResult<Done>;
}

interface Done {
  results: unknown[];
  ms: number;
}

const runBatch = task(import.meta, async (calls: Delayed<unknown>[]): Promise<Done> => {
  const start = performance.now();
  const results = [];
  for (const { fn, args } of calls) {
    const result = fn(...args as never);
    results.push(isPromiseLike(result) ? await result : result);
  }
  return { results, ms: performance.now() - start };
});

/** One use of a {@linkcode Parallel}. */
class Run {
  readonly #calls: ItemSource<Delayed<unknown>>;
  readonly #plan: Plan;
  readonly #sizer = new BatchSizer();
  readonly #progress: Progress;
  readonly #batches = new Set<Batch>();
  /** If results are given as they come: the batches that have ended, and who waits for one to end. */
  readonly #ended: Batch[] = [];
  #onEnd: (() => void) | undefined;
  /** Whether there are no more calls, or nobody wants results any more. */
  #exhausted = false;
  #left = false;
  #failed: { error: unknown } | undefined;
  /** Whether calls are being taken, and who waits for a batch of them, or for the last. */
  #filling = false;
  #onFilled: (() => void) | undefined;
  #taken = 0;

  constructor(calls: Calls, plan: Plan) {
    this.#calls = new ItemSource(calls, "calls");
    this.#plan = plan;
    this.#progress = new Progress(plan);
  }

  /** The results; dispatching begins at the call, not when the first is asked for. */
  results(): AsyncGenerator<unknown, void> {
    void this.#fill();
    return this.#take();
  }

  async *#take(): AsyncGenerator<unknown, void> {
    try {
      while (await this.#hasBatch()) {
        const batch = await this.#next();
        const { results, ms } = await batch.result;
        this.#batches.delete(batch);
        this.#sizer.measured(batch.calls, ms);
        this.#progress.add(batch.calls);
        void this.#fill(); // the results need not wait for calls that may be long in coming
        yield* results;
      }
      this.#progress.end();
    } finally {
      this.#left = true;
      for (const { result } of this.#batches) result.cancel();
      await this.#calls.leave();
    }
  }

  /** Whether a batch is under way; waits for calls if there is none. */
  async #hasBatch(): Promise<boolean> {
    while (this.#batches.size === 0 && this.#filling) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onFilled = resolve;
      await promise;
    }
    if (this.#failed !== undefined) throw this.#failed.error;
    return this.#batches.size > 0;
  }

  /** The batch whose results are given next, once it has ended. */
  async #next(): Promise<Batch> {
    const { timeoutMs } = this.#plan;
    if (this.#isUnordered) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onEnd = resolve;
      if (this.#ended.length > 0 || await settledWithin(promise, { timeoutMs })) {
        return this.#ended.shift()!;
      }
    } else {
      const [first] = this.#batches;
      if (await first.result.wait({ timeoutMs })) return first;
    }
    throw new TimeoutError(`Cannot make calls: no result came in ${timeoutMs} ms`);
  }

  /** Hands out batches as far as may be. */
  async #fill(): Promise<void> {
    if (this.#filling) return;
    this.#filling = true;
    try {
      while (this.#mayTake && this.#batches.size < this.#plan.window) {
        this.#handOut(await this.#batch());
      }
    } catch (error) {
      this.#exhausted = true;
      this.#failed = { error };
    }
    this.#filling = false;
    this.#onFilled?.();
  }

  #handOut(calls: Delayed<unknown>[]): void {
    if (this.#left || calls.length === 0) return;
    const result = teamPool(this.#plan.jobs).applyAsync(runBatch, [calls]);
    const batch = { calls: calls.length, result };
    const onEnd = () => {
      if (!this.#isUnordered) return;
      this.#ended.push(batch);
      this.#onEnd?.();
    };
    result.then(onEnd, onEnd); // an error is thrown where the result is awaited
    this.#batches.add(batch);
    this.#onFilled?.();
  }

  get #isUnordered(): boolean {
    return this.#plan.returnAs === "generator_unordered";
  }

  get #mayTake(): boolean {
    return !this.#exhausted && !this.#left;
  }

  /** Takes the calls of a batch. */
  async #batch(): Promise<Delayed<unknown>[]> {
    const { batchSize } = this.#plan;
    const size = batchSize === "auto" ? this.#sizer.size : batchSize;
    const calls: Delayed<unknown>[] = [];
    while (this.#mayTake && calls.length < size) {
      const { done, value } = await this.#calls.next();
      if (done) {
        this.#exhausted = true;
      } else {
        checkCall(value, this.#taken++);
        calls.push(value);
      }
    }
    return calls;
  }
}

/** Says on stderr how far it is. */
class Progress {
  readonly #plan: Plan;
  readonly #start = performance.now();
  #done = 0;
  #next = 1;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  add(calls: number): void {
    this.#done += calls;
    const { verbose } = this.#plan;
    if (verbose <= 0 || (verbose < 10 && this.#done < this.#next)) return;
    this.#next = this.#done * 2;
    this.#say(`Done ${this.#done} calls`);
  }

  end(): void {
    if (this.#plan.verbose > 0) this.#say(`Done ${this.#done} out of ${this.#done}`);
  }

  #say(what: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1);
    console.error(`[Parallel(nJobs=${this.#plan.jobs})]: ${what} | elapsed: ${seconds} s`);
  }
}
