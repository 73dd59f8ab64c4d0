/**
 * Workers that run tasks.
 *
 * @module
 */

import { CancelledError, ClosedError } from "../errors.ts";
import type { AnyFunction } from "../codec/functions.ts";
import { ExitCode } from "../runtime/lifecycle.ts";
import { AsyncResult } from "./async_result.ts";
import { checkChunkSize, defaultChunkSize, type Items, sized } from "./chunks.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { ImapIterator, type SentChunk } from "./imap.ts";
import {
  ApplyJob,
  callSite,
  explainFailure,
  type Job,
  MapJob,
  type Progress,
  whenSettled,
} from "./jobs.ts";
import { Mode, type Outcomes } from "./protocol.ts";

/** Options of a {@linkcode Pool}. */
export interface PoolOptions<InitArgs extends readonly unknown[] = readonly unknown[]> {
  /**
   * Number of workers.
   *
   * @default {cpuCount()}
   */
  processes?: number;
  /** Called once in each worker before its first task. If it fails, so do all tasks. */
  initializer?: (...args: InitArgs) => unknown;
  /** Arguments of `initializer`. */
  initargs?: InitArgs;
  /**
   * Number of chunks that a worker runs before another takes its place.
   *
   * @default {no limit}
   */
  maxTasksPerChild?: number;
  /**
   * `"spawn"`: fresh workers; `"forkserver"`: workers that were started ahead of time.
   *
   * @default {"spawn"}
   */
  startMethod?: "spawn" | "forkserver";
}

/** Options of a call with many items. */
export interface MapOptions {
  /**
   * Number of items that a worker takes at a time.
   *
   * @default {ceil(n / (4 * workers))}
   */
  chunkSize?: number;
  /** Ends the call with `signal.reason`: chunks that have not begun will not. */
  signal?: AbortSignal;
  /** Called after each chunk. An error in it ends the call. */
  onProgress?: (progress: Progress) => void;
}

/** Options of a call whose result comes later. */
export interface AsyncOptions<R> {
  /** Called with the result. */
  callback?: (result: R) => void;
  /** Called with the error; without it, an error that nobody asks for ends the program. */
  errorCallback?: (error: unknown) => void;
  /** Ends the call with `signal.reason`. */
  signal?: AbortSignal;
}

/** Options of {@linkcode Pool.imap}. */
export interface ImapOptions {
  /**
   * Number of items that a worker takes at a time.
   *
   * @default {1}
   */
  chunkSize?: number;
  /** Ends the iteration with `signal.reason`. */
  signal?: AbortSignal;
}

/** A value, or a promise of one. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Options of `imap`, with those that executors need. */
interface ImapCall extends ImapOptions {
  /** Whether `fn` is called with the elements of each item. */
  spread?: boolean;
  /**
   * Most chunks that are under way or wait to be taken.
   *
   * @default {2 * workers}
   */
  window?: number;
}

/** What executors do with a pool, beside its public calls. */
export interface PoolInternals {
  engineOf(pool: Pool): Engine;
  /** Calls `fn` with `args`, as `applyAsync` does, on behalf of `resolve` and `reject`. */
  submit(
    pool: Pool,
    fn: AnyFunction,
    args: readonly unknown[],
    resolve: (value: never) => void,
    reject: (error: unknown) => void,
  ): Job;
  imap<T, R>(
    pool: Pool,
    fn: AnyFunction,
    items: Iterable<T> | AsyncIterable<T>,
    options: ImapCall,
  ): ImapIterator<T, R>;
  /** As `terminate`, with another exit code. */
  terminate(pool: Pool, exitCode: number): void;
}

/** For `lib/futures`, whose executors stand on pools. */
export let poolInternals: PoolInternals;

/** Single calls note who made them while fewer than this many are under way: it takes microseconds. */
const MOST_SITES = 16;

/**
 * Workers that run tasks, as many at a time as there are cores.
 *
 * - Workers start when there is work for them and stay for the next.
 * - Results come in the order of the items. The first error ends a call; what it has not begun by
 *   then is not begun.
 * - An error arrives as it was thrown: class, message, cause and properties; its stack goes on with
 *   the task, the item, the worker and the caller.
 * - A worker that dies fails the task that it ran, with `WorkerDiedError`, and is replaced.
 * - A pool does not keep the program alive, calls that have not ended do.
 * - `await using` waits for what was asked for; Python's `with` would end it.
 *
 * Follows Python's `multiprocessing.pool.Pool`.
 *
 * @example All cores
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new Pool();
 * assertEquals(await pool.map((x: number) => x * x + 1, [0, 1, 2, 3]), [1, 2, 5, 10]);
 * assertEquals(await pool.starmap(Math.pow, [[2, 3], [3, 2]]), [8, 9]);
 * ```
 */
export class Pool<InitArgs extends readonly unknown[] = readonly unknown[]>
  implements AsyncDisposable {
  readonly #size: number;
  readonly #engine: Engine;
  #state: "open" | "closed" | "terminated" = "open";
  /** Iterations that have not ended. */
  readonly #imaps = new Set<ImapIterator<unknown, unknown>>();

  static {
    poolInternals = {
      engineOf: (pool) => pool.#engine,
      submit: (pool, fn, args, resolve, reject) => pool.#apply(fn, args, resolve, reject, true),
      imap: (pool, fn, items, options) => pool.#imap(fn, items, true, options),
      terminate: (pool, exitCode) => pool.#terminate(exitCode),
    };
  }

  /**
   * Makes a pool.
   *
   * @param options its options, or the number of its workers
   * @throws {RangeError} if `processes` or `maxTasksPerChild` is not a whole number of at least 1
   * @throws {TypeError} if `initializer` is not a function
   */
  constructor(options?: number | PoolOptions<InitArgs>);
  /** @internal A pool on an engine of another kind. */
  constructor(
    options: number | PoolOptions<InitArgs> | undefined,
    makeEngine: (options: EngineOptions) => Engine,
  );
  constructor(
    options: number | PoolOptions<InitArgs> = {},
    makeEngine?: (options: EngineOptions) => Engine,
  ) {
    const given = typeof options === "number" ? { processes: options } : options;
    const { processes = navigator.hardwareConcurrency, maxTasksPerChild, initializer } = given;
    checkWhole("processes", processes);
    if (maxTasksPerChild !== undefined) checkWhole("maxTasksPerChild", maxTasksPerChild);
    if (initializer !== undefined && typeof initializer !== "function") {
      throw new TypeError(
        `Cannot make pool: initializer must be a function, not ${typeof initializer}`,
      );
    }
    const { startMethod = "spawn" } = given;
    if (startMethod !== "spawn" && startMethod !== "forkserver") {
      throw new RangeError(
        `Cannot make pool: startMethod must be "spawn" or "forkserver", not ${
          JSON.stringify(startMethod)
        }`,
      );
    }
    this.#size = processes;
    const engineOptions: EngineOptions = {
      size: processes,
      initializer: initializer as EngineOptions["initializer"],
      initargs: given.initargs ?? [],
    };
    this.#engine = makeEngine?.(engineOptions) ??
      new Dispatcher({ ...engineOptions, maxTasks: maxTasksPerChild ?? 0, startMethod });
  }

  /** Number of workers that the pool has at most. */
  get processes(): number {
    return this.#size;
  }

  // One call

  /**
   * Calls `fn` with `args` in a worker.
   *
   * @throws {ClosedError} if the pool is closed
   * @throws {DataCloneError} if `fn` or `args` cannot cross; the message names the path to the part
   * @throws {WorkerDiedError} if the worker ended before the task did
   * @throws the error of the task
   * @throws the reason of `signal`, if that is aborted first
   */
  apply<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    args: A = [] as unknown as A,
    options?: { signal?: AbortSignal },
  ): Promise<R> {
    const signal = options?.signal;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const job = this.#apply(fn, args, resolve, reject, signal !== undefined);
      if (signal !== undefined) this.#abortWith(signal, job);
    });
  }

  /** As {@linkcode Pool.apply}, blocking the thread. */
  applySync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    args: A = [] as unknown as A,
  ): Awaited<R> {
    let outcome: { value: unknown } | { error: unknown } | undefined;
    const job = this.#apply(
      fn,
      args,
      (value) => outcome = { value },
      (error) => outcome = { error },
      true,
    );
    this.#block(job);
    if ("error" in outcome!) throw outcome.error;
    return (outcome as unknown as { value: unknown }).value as Awaited<R>;
  }

  /** As {@linkcode Pool.apply}, returning at once. */
  applyAsync<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    args: A = [] as unknown as A,
    options: AsyncOptions<R> = {},
  ): AsyncResult<R> {
    const { signal } = options;
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const job = this.#apply(fn, args, resolve as (value: unknown) => void, reject, true);
    if (signal !== undefined) this.#abortWith(signal, job);
    return this.#later(promise, job, options);
  }

  // Many calls

  /**
   * Calls `fn` with each of `items` and returns the results in their order.
   *
   * @throws {ClosedError} if the pool is closed
   * @throws {RangeError} if `chunkSize` is not a whole number of at least 1
   * @throws {TypeError} if `items` cannot be iterated
   * @throws {DataCloneError} if `fn` or an item cannot cross; the message names the path to the part
   * @throws {WorkerDiedError} if a worker ended before its task did
   * @throws the first error of a task
   * @throws the reason of `signal`, if that is aborted first
   */
  async map<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Items<T>,
    options?: MapOptions,
  ): Promise<R[]> {
    return await this.#map(Mode.MAP, fn, items, options).promise as R[];
  }

  /** As {@linkcode Pool.map}, calling `fn` with the elements of each item. */
  async starmap<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    items: Items<Readonly<A>>,
    options?: MapOptions,
  ): Promise<R[]> {
    return await this.#map(Mode.STARMAP, fn, items, options).promise as R[];
  }

  /** As {@linkcode Pool.map}, blocking the thread. */
  mapSync<T, R>(fn: (item: T) => R, items: Items<T>, options?: MapOptions): Awaited<R>[] {
    return this.#mapSync(Mode.MAP, fn, items, options) as Awaited<R>[];
  }

  /** As {@linkcode Pool.starmap}, blocking the thread. */
  starmapSync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    items: Items<Readonly<A>>,
    options?: MapOptions,
  ): Awaited<R>[] {
    return this.#mapSync(Mode.STARMAP, fn, items, options) as Awaited<R>[];
  }

  /** As {@linkcode Pool.map}, returning at once. */
  mapAsync<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Items<T>,
    options: MapOptions & AsyncOptions<R[]> = {},
  ): AsyncResult<R[]> {
    const job = this.#map(Mode.MAP, fn, items, options);
    return this.#later(job.promise as Promise<R[]>, job, options);
  }

  /** As {@linkcode Pool.starmap}, returning at once. */
  starmapAsync<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    items: Items<Readonly<A>>,
    options: MapOptions & AsyncOptions<R[]> = {},
  ): AsyncResult<R[]> {
    const job = this.#map(Mode.STARMAP, fn, items, options);
    return this.#later(job.promise as Promise<R[]>, job, options);
  }

  /**
   * Calls `fn` with each of `items` and gives the results one by one, in their order.
   *
   * Items are taken only as fast as results are taken: two chunks for each worker are under way.
   * An error is thrown where its result would be; calling `next()` again goes on with the next.
   *
   * @throws {ClosedError} if the pool is closed
   * @throws {RangeError} if `chunkSize` is not a whole number of at least 1
   */
  imap<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ImapOptions,
  ): AsyncIterableIterator<R> {
    return this.#imap(fn, items, true, options);
  }

  /** As {@linkcode Pool.imap}, giving each result as soon as it is there. */
  imapUnordered<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ImapOptions,
  ): AsyncIterableIterator<R> {
    return this.#imap(fn, items, false, options);
  }

  // Its end

  /** Takes no more work: the workers end when they have done what was asked for. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    if (this.#imaps.size === 0) this.#engine.close();
  }

  /**
   * Ends the pool now: calls that have not ended fail with `TerminatedError`, its workers are told to
   * end. A task that computes without waiting is not interrupted, since Deno cannot.
   */
  terminate(): void {
    this.#terminate(ExitCode.TERMINATED);
  }

  /**
   * Waits until all workers have ended.
   *
   * @throws {Error} if the pool is neither closed nor terminated
   */
  async join(): Promise<void> {
    if (this.#state === "open") {
      throw new Error("Cannot join pool: it is still running. Call close() or terminate() first");
    }
    for (const iterator of this.#imaps) await iterator.takeAll();
    await this.#engine.idle();
    this.#engine.close();
    await this.#engine.ended();
  }

  /** Waits for what was asked for, then ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.join();
  }

  #terminate(exitCode: number): void {
    this.#state = "terminated";
    this.#engine.terminate(exitCode);
  }

  // Submission

  #apply(
    fn: (...args: never) => unknown,
    args: readonly unknown[],
    resolve: (value: never) => void,
    reject: (error: unknown) => void,
    cancellable: boolean,
  ): Job {
    this.#checkOpen();
    if (!Array.isArray(args)) {
      throw new TypeError("Cannot apply: args must be an array. For one argument write [x]");
    }
    const job = new ApplyJob(
      this.#targetOf(fn),
      resolve as (value: unknown) => void,
      reject,
      cancellable,
      this.#engine.chunksOut < MOST_SITES ? callSite() : undefined,
    );
    this.#engine.send(job, Mode.APPLY, args, "args");
    return job;
  }

  #map(
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
    const chunkSize = options.chunkSize ?? defaultChunkSize(list.length, this.#size);
    const job = new MapJob(target, list.length, chunkSize, options.onProgress);
    if (list.length === 0) return job;
    try {
      this.#engine.sendMany(job, mode, list, chunkSize);
    } catch (error) {
      job.promise.catch(() => {}); // it is thrown here instead
      throw error;
    }
    if (options.signal !== undefined) this.#abortWith(options.signal, job);
    return job;
  }

  #mapSync(
    mode: number,
    fn: unknown,
    items: Items<unknown>,
    options?: MapOptions,
  ): unknown[] {
    const job = this.#map(mode, fn, items, options);
    job.promise.catch(() => {}); // it is thrown here instead
    this.#block(job);
    return job.outcome();
  }

  /** Blocks the thread until the job has ended. */
  #block(job: Job): void {
    try {
      this.#engine.work(job);
    } catch (error) {
      job.fail(error); // nobody will ask for its results
      throw error;
    }
  }

  #imap<T, R>(
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
    const mode = options.spread ? Mode.STARMAP_ALL : Mode.MAP_ALL;
    const iterator = new ImapIterator<T, R>(items, {
      chunkSize: options.chunkSize ?? 1,
      window: options.window ?? 2 * this.#size,
      ordered,
      signal: options.signal,
      submit: (chunk) => this.#sendChunk(target, mode, chunk, site),
      explain: (failure, item) => explainFailure(failure, `, item ${item}`, site),
      onEnd: () => {
        this.#imaps.delete(iterator as ImapIterator<unknown, unknown>);
        if (this.#state === "closed" && this.#imaps.size === 0) this.#engine.close();
      },
    });
    this.#imaps.add(iterator as ImapIterator<unknown, unknown>);
    return iterator;
  }

  #sendChunk(
    target: unknown,
    mode: number,
    chunk: readonly unknown[],
    site: { stack?: string },
  ): SentChunk {
    this.#engine.checkUsable();
    const { promise, resolve, reject } = Promise.withResolvers<Outcomes>();
    const job = new ApplyJob(target, resolve as (value: unknown) => void, reject, true, site);
    this.#engine.send(job, mode, chunk, "items");
    return {
      outcomes: promise,
      withdraw: () => {
        if (this.#engine.withdraw(job)) job.fail(cancelled());
      },
    };
  }

  #checkOpen(): void {
    if (this.#state === "closed") {
      throw new ClosedError("Cannot submit to pool: it is closed. Submit before close()");
    }
    this.#engine.checkUsable();
  }

  #targetOf(fn: unknown): unknown {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot submit to pool: fn must be a function, not ${typeof fn}`);
    }
    return this.#engine.targetOf(fn as AnyFunction);
  }

  #abortWith(signal: AbortSignal, job: Job): void {
    const onAbort = () => job.fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    whenSettled(job, () => signal.removeEventListener("abort", onAbort));
  }

  #later<R>(promise: Promise<R>, job: Job, options: AsyncOptions<R>): AsyncResult<R> {
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
}

function cancelled(): CancelledError {
  return new CancelledError("Cannot get result: the task was cancelled");
}

function checkWhole(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot make pool: ${name} must be a whole number of at least 1, not ${String(value)}`,
  );
}
