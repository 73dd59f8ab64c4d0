/**
 * What stands between the calls of a pool and its engine.
 *
 * @module
 */

import { CancelledError, ClosedError } from "../../errors.ts";
import { checkArguments } from "../../arguments/options.ts";
import type { AnyFunction } from "../../codec/task.ts";
import { AsyncResult } from "../async_result.ts";
import { checkChunkSize, checkSpread, defaultChunkSize, type Items, sized } from "./chunks.ts";
import { type Engine, terminatedError } from "../engines/engine.ts";
import { ImapIterator, type SentChunk } from "./imap.ts";
import { abortWith, ApplyJob, callSite, explainFailure, type Job, MapJob } from "./jobs.ts";
import type { AsyncOptions, ImapCall, MapOptions } from "../options.ts";
import { CallMode, type PartialResults } from "../runner/protocol.ts";
import { hasEnd } from "./item_source.ts";

/** Single calls note who made them while fewer than this many are under way: it takes microseconds. */
const MAX_CALL_SITES = 16;

/** Makes jobs of calls and gives them to the engine. */
export class Submitter {
  /** Where they run. */
  readonly engine: Engine;
  readonly #size: number;
  #state: "open" | "closed" | "terminated" = "open";
  /** Iterations that have neither ended nor been stopped. */
  readonly #imaps = new Set<ImapIterator<unknown, unknown>>();

  /** Submits to an engine with so many runners. */
  constructor(engine: Engine, size: number) {
    this.engine = engine;
    this.#size = size;
  }

  /** Calls `fn` with `args`: the outcome goes to `resolve` or `reject`. */
  apply(
    fn: (...args: never) => unknown,
    args: readonly unknown[],
    resolve: (value: never) => void,
    reject: (error: unknown) => void,
    cancellable: boolean,
  ): Job {
    this.#checkOpen();
    checkArguments("apply", "args", args, "[x]");
    const job = new ApplyJob(
      this.#targetOf(fn),
      resolve as (value: unknown) => void,
      reject,
      cancellable,
      this.engine.chunksOut < MAX_CALL_SITES ? callSite() : undefined,
    );
    this.engine.send(job, CallMode.APPLY, args, "args");
    return job;
  }

  /** Calls `fn` with each of `items`, as `mode` says. */
  map(
    mode: number,
    fn: unknown,
    items: Items<unknown>,
    options: MapOptions = {},
  ): MapJob<unknown> {
    this.#checkOpen();
    checkChunkSize(options.chunkSize);
    options.signal?.throwIfAborted();
    const target = this.#targetOf(fn);
    const list = sized(items);
    if (mode === CallMode.STARMAP) checkSpread(list);
    const chunkSize = options.chunkSize ?? defaultChunkSize(list.length, this.#size);
    const job = new MapJob(target, list.length, chunkSize, options.onProgress);
    if (list.length === 0) return job;
    try {
      this.engine.sendMany(job, mode, list, chunkSize);
    } catch (error) {
      job.promise.catch(() => {}); // it is thrown here instead
      throw error;
    }
    abortWith(options.signal, job);
    return job;
  }

  /** As `map`, blocking the thread. */
  mapSync(
    mode: number,
    fn: unknown,
    items: Items<unknown>,
    options?: MapOptions,
  ): unknown[] {
    const job = this.map(mode, fn, items, options);
    job.promise.catch(() => {}); // it is thrown here instead
    this.block(job);
    return job.outcome();
  }

  /** Blocks the thread until the job has ended. */
  block(job: Job): void {
    try {
      this.engine.work(job);
    } catch (error) {
      job.fail(error); // nobody will ask for its results
      throw error;
    }
  }

  /** Calls `fn` with each of `items`, and gives the results one by one. */
  imap<T, R>(
    fn: AnyFunction,
    items: Iterable<T> | AsyncIterable<T>,
    ordered: boolean,
    options: ImapCall = {},
  ): ImapIterator<T, R> {
    this.#checkOpen();
    checkChunkSize(options.chunkSize);
    options.signal?.throwIfAborted();
    const target = this.#targetOf(fn);
    const site = callSite();
    const mode = options.spread ? CallMode.STARMAP_ALL : CallMode.MAP_ALL;
    const iterator = new ImapIterator<T, R>(items, {
      chunkSize: options.chunkSize ?? 1,
      window: options.window ?? 2 * this.#size,
      ordered,
      signal: options.signal,
      takesRest: options.takesRest ?? hasEnd(items),
      closedError: options.closedError ?? closedTooEarly,
      submit: (chunk) => this.#sendChunk(target, mode, chunk, site),
      explain: (failure, item) => explainFailure(failure, `, item ${item}`, site),
      onEnd: () => {
        this.#imaps.delete(iterator as ImapIterator<unknown, unknown>);
        this.#closeEngine();
      },
    });
    this.#imaps.add(iterator as ImapIterator<unknown, unknown>);
    iterator.begin();
    return iterator;
  }

  /** The promise of the job's outcome, as the caller gets it. */
  later<R>(promise: Promise<R>, job: Job, options: AsyncOptions<R> = {}): AsyncResult<R> {
    const { callback, errorCallback } = options;
    if (callback !== undefined || errorCallback !== undefined) {
      // What a callback throws is reported, and the pool goes on.
      promise.then(callback, errorCallback ?? (() => {})).catch((error) =>
        console.error("Uncaught in a callback of a pool:", error)
      );
    }
    return new AsyncResult(promise, errorCallback !== undefined, () => {
      if (job.settled) return false;
      job.fail(cancelled());
      return true;
    });
  }

  // Its end

  /**
   * Takes no more work; the runners end when they have done what was asked for. Iterations take no
   * more of an input that may have no end.
   */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    for (const iterator of this.#imaps) iterator.close();
    this.#closeEngine();
  }

  /** Ends the runners now, with this exit code where they have one. */
  terminate(exitCode: number): void {
    this.#state = "terminated";
    this.engine.terminate(exitCode);
    for (const iterator of this.#imaps) iterator.fail(terminatedError());
  }

  /**
   * Waits until all runners have ended.
   *
   * @throws {Error} if it is neither closed nor terminated
   */
  async join(): Promise<void> {
    if (this.#state === "open") {
      throw new Error("Cannot join pool: it is still running. Call close() or terminate() first");
    }
    for (const iterator of this.#imaps) await iterator.finish();
    await this.engine.idle();
    this.engine.close();
    await this.engine.ended();
  }

  // Parts of calls

  #sendChunk(
    target: unknown,
    mode: number,
    chunk: readonly unknown[],
    site: { stack?: string },
  ): SentChunk {
    this.engine.checkUsable();
    const { promise, resolve, reject } = Promise.withResolvers<PartialResults>();
    const job = new ApplyJob(target, resolve as (value: unknown) => void, reject, true, site);
    this.engine.send(job, mode, chunk, "items");
    return {
      outcomes: promise,
      withdraw: () => {
        if (this.engine.withdraw(job)) job.fail(cancelled());
      },
    };
  }

  /** Closes the engine when nothing more will be sent. */
  #closeEngine(): void {
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
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot submit to pool: fn must be a function, not ${typeof fn}`);
    }
    return this.engine.targetOf(fn as AnyFunction);
  }
}

function cancelled(): CancelledError {
  return new CancelledError("Cannot get result: the task was cancelled");
}

function closedTooEarly(): ClosedError {
  return new ClosedError(
    "Cannot go on with imap: the pool was closed before its input had ended. " +
      "Take the results before close(), or inside the scope of the pool",
  );
}
