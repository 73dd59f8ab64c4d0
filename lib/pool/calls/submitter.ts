/**
 * The part of a pool between its methods and its engine: checks a call, makes a job of it and sends it.
 *
 * @module
 */

import { CancelledError, ClosedError } from "../../errors.ts";
import { checkArguments } from "../../arguments/options.ts";
import { checkFunction, isIterable } from "../../arguments/values.ts";
import type { AnyFunction } from "../../codec/task.ts";
import { callReporting } from "../../sync/callbacks.ts";
import { AsyncResult } from "../async_result.ts";
import { terminatedError } from "../engines/base_engine.ts";
import type { Engine } from "../engines/engine.ts";
import type { AsyncOptions, ImapCall, MapOptions } from "../options.ts";
import { CallMode } from "../chunks/chunk.ts";
import { ApplyJob } from "./apply_job.ts";
import { callSite, explainFailure } from "./call_site.ts";
import { checkChunkSize, checkSpread, defaultChunkSize, type Items, withLength } from "./chunks.ts";
import { ImapIterator, type ImapSetup, type SentChunk } from "./imap.ts";
import { type ChunkCall, ImapChunk } from "./imap_chunk.ts";
import { hasKnownEnd, type Input, knownLength } from "./item_source.ts";
import { abortWith, type Job } from "./job.ts";
import { MapJob } from "./map_job.ts";
import { progressReport } from "./progress.ts";
import { type TaskOptions, type TaskPolicy, taskPolicy } from "./task_policy.ts";

/** Single calls record their call site, which takes microseconds, while fewer chunks than this are out. */
const MAX_CALL_SITES = 16;

/** What an iteration needs, apart from what the submitter adds. */
export type IterationSetup<T> =
  & Omit<ImapSetup<T>, "onEnd" | "closedError">
  & Partial<Pick<ImapSetup<T>, "closedError">>;

/** Makes jobs of calls and sends them to an engine. */
export class Submitter {
  /** Runs the jobs. */
  readonly engine: Engine;
  readonly #size: number;
  /** What holds for the tasks of calls that do not say otherwise. */
  readonly #defaults: TaskPolicy | undefined;
  #state: "open" | "closed" | "terminated" = "open";
  /** Iterations that have neither ended nor been stopped. */
  readonly #imaps = new Set<ImapIterator<unknown, unknown>>();

  /** Submits to an engine of `size` slots. */
  constructor(engine: Engine, size: number, defaults?: TaskPolicy) {
    this.engine = engine;
    this.#size = size;
    this.#defaults = defaults;
  }

  /** Number of slots of the engine. */
  get size(): number {
    return this.engine.slots ?? this.#size;
  }

  /** What a call would find. */
  get state(): "open" | "closed" | "terminated" | "broken" {
    return this.engine.broken === undefined ? this.#state : "broken";
  }

  /**
   * Calls `fn` with `args`. The outcome goes to `resolve` or `reject`.
   *
   * @param cancellable whether it may settle before the task has ended; a task with a time limit always may
   */
  apply(
    fn: (...args: never) => unknown,
    args: readonly unknown[],
    resolve: (value: never) => void,
    reject: (error: unknown) => void,
    cancellable: boolean,
    options?: TaskOptions,
  ): Job {
    this.#checkOpen();
    const policy = options === undefined
      ? this.#defaults
      : taskPolicy("apply", options, this.#defaults);
    checkArguments("apply", "args", args, "[x]");
    const job = new ApplyJob(
      this.#targetOf(fn),
      resolve as (value: unknown) => void,
      reject,
      cancellable || policy !== undefined,
      this.engine.chunksOut < MAX_CALL_SITES ? callSite() : undefined,
      policy,
    );
    this.engine.send(job, CallMode.APPLY, args, "args");
    return job;
  }

  /** Calls `fn` with each of `items`; `mode` is a value of {@linkcode CallMode}. */
  map(
    mode: CallMode,
    fn: unknown,
    items: Items<unknown>,
    options: MapOptions = {},
  ): MapJob<unknown> {
    this.#checkOpen();
    checkChunkSize(options.chunkSize);
    const policy = taskPolicy("map", options, this.#defaults);
    options.signal?.throwIfAborted();
    const target = this.#targetOf(fn);
    const list = withLength(items);
    if (mode === CallMode.STARMAP) checkSpread(list);
    const chunkSize = options.chunkSize ?? defaultChunkSize(list.length, this.size);
    const progress = progressReport(options, list.length);
    const job = new MapJob(target, list.length, chunkSize, progress, policy);
    if (list.length === 0) return job;
    try {
      this.engine.sendMany(job, mode, list, chunkSize);
    } catch (error) {
      job.promise.catch(() => {}); // thrown here instead
      throw error;
    }
    abortWith(options.signal, job);
    return job;
  }

  /** As `map`, blocking the isolate. */
  mapSync(
    mode: CallMode,
    fn: unknown,
    items: Items<unknown>,
    options?: MapOptions,
  ): unknown[] {
    const job = this.map(mode, fn, items, options);
    job.promise.catch(() => {}); // thrown here instead
    this.waitSync(job);
    return job.outcome();
  }

  /** Blocks the isolate until the job has settled. */
  waitSync(job: Job): void {
    try {
      this.engine.waitSync(job);
    } catch (error) {
      job.fail(error); // its chunks are not needed any more
      throw error;
    }
  }

  /** Calls `fn` with each of `items` and yields the results one by one. */
  imap<T, R>(
    fn: AnyFunction,
    items: Iterable<T> | AsyncIterable<T>,
    ordered: boolean,
    options: ImapCall = {},
  ): ImapIterator<T, R> {
    this.#checkOpen();
    checkChunkSize(options.chunkSize);
    const policy = taskPolicy("map", options, this.#defaults);
    options.signal?.throwIfAborted();
    const site = callSite();
    const target = this.#targetOf(fn);
    const mode = options.spread ? CallMode.STARMAP_ALL : CallMode.MAP_ALL;
    const total = options.total ?? knownLength(items);
    let first = 0;
    return this.iterate<T, R>(items, {
      chunkSize: () => options.chunkSize ?? 1,
      window: options.window ?? 2 * this.size,
      ordered,
      signal: options.signal,
      total,
      progress: progressReport(options, total),
      drainsInput: options.drainsInput ?? hasKnownEnd(items),
      ...options.closedError === undefined ? {} : { closedError: options.closedError },
      submit: (items) => {
        const call = { target, mode, items, first, noun: "item" as const, site, policy };
        first += items.length;
        return this.sendChunk(call);
      },
      explain: (failure, item) => explainFailure(failure, `, item ${item}`, site),
    });
  }

  /** Begins an iteration, which ends with the pool if it has not ended before. */
  iterate<T, R>(items: Input<T>, setup: IterationSetup<T>): ImapIterator<T, R> {
    const onEnd = () => {
      this.#imaps.delete(iterator as ImapIterator<unknown, unknown>);
      this.#closeEngineIfDone();
    };
    const iterator = new ImapIterator<T, R>(items, {
      closedError: closedTooEarly,
      ...setup,
      onEnd,
    });
    this.#imaps.add(iterator as ImapIterator<unknown, unknown>);
    iterator.begin();
    return iterator;
  }

  /** Makes the result that the caller of an async call gets, and calls its callbacks. */
  toAsyncResult<R>(promise: Promise<R>, job: Job, options: AsyncOptions<R> = {}): AsyncResult<R> {
    const { callback, errorCallback } = options;
    if (callback !== undefined || errorCallback !== undefined) {
      // An error in a callback affects neither the result nor the pool.
      promise.then(
        (result) => callReporting("a callback of a pool", () => callback?.(result)),
        (error) => callReporting("a callback of a pool", () => errorCallback?.(error)),
      );
    }
    return new AsyncResult(promise, errorCallback !== undefined, () => {
      if (job.settled) return false;
      job.fail(cancelled());
      return true;
    });
  }

  // End

  /** Accepts no more calls, and lets the engine close once its last chunk has been sent. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    for (const iterator of this.#imaps) iterator.close();
    this.#closeEngineIfDone();
  }

  /** Fails all calls and iterations, and ends the slots, with this exit code where they have one. */
  terminate(exitCode: number): void {
    this.#state = "terminated";
    this.engine.terminate(exitCode);
    for (const iterator of this.#imaps) iterator.fail(terminatedError());
  }

  /**
   * Waits until all slots have ended.
   *
   * @throws {Error} if it is neither closed nor terminated
   * @throws {DeadlockError} if the caller is a task that it would wait for
   */
  async join(): Promise<void> {
    if (this.#state === "open") {
      throw new Error("Cannot join pool: it is still running. Call close() or terminate() first");
    }
    this.engine.checkJoin();
    for (const iterator of this.#imaps) await iterator.finish();
    await this.engine.drain();
    this.engine.close();
    await this.engine.join();
  }

  // Parts of calls

  /** Sends a chunk of an iteration. */
  sendChunk(call: ChunkCall): SentChunk {
    return new ImapChunk(this.engine, call, cancelled);
  }

  #closeEngineIfDone(): void {
    if (this.#state !== "closed") return;
    for (const iterator of this.#imaps) if (!iterator.inputDone) return;
    this.engine.close();
  }

  #checkOpen(): void {
    if (this.#state === "closed") {
      throw new ClosedError("Cannot submit to pool: it is closed. Submit before close()");
    }
    this.engine.checkUsable();
  }

  #targetOf(fn: unknown): unknown {
    const advice = isIterable(fn) ? "The function comes first, and then its items" : undefined;
    checkFunction("submit to pool", "fn", fn, advice);
    return this.engine.targetOf(fn as AnyFunction);
  }
}

function cancelled(): CancelledError {
  return new CancelledError("Cannot get result: the task was cancelled");
}

function closedTooEarly(): ClosedError {
  return new ClosedError(
    "Cannot continue imap: the pool was closed before its input had ended. " +
      "Take the results before close(), or inside the scope of the pool",
  );
}
