/**
 * Workers that run tasks.
 *
 * @module
 */

import { CancelledError, ClosedError, DataCloneError } from "../errors.ts";
import { functionAddress } from "../codec/functions.ts";
import { type StartMethod, startMethodFor } from "../runtime/start_method.ts";
import { AsyncResult } from "./async_result.ts";
import { checkChunkSize, defaultChunkSize, type Items, sized } from "./chunks.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import { ImapIterator } from "./imap.ts";
import {
  ApplyJob,
  callSite,
  explainFailure,
  type Job,
  makeCancelFlag,
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
   * @default {getStartMethod()}
   */
  startMethod?: StartMethod;
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
  readonly #dispatcher: Dispatcher;
  #state: "open" | "closed" | "terminated" = "open";
  /** Iterations that have not ended. */
  readonly #imaps = new Set<ImapIterator<unknown, unknown>>();

  /**
   * Makes a pool.
   *
   * @param options its options, or the number of its workers
   * @throws {RangeError} if `processes` or `maxTasksPerChild` is not a whole number of at least 1
   * @throws {TypeError} if `initializer` is not a function
   */
  constructor(options: number | PoolOptions<InitArgs> = {}) {
    const given = typeof options === "number" ? { processes: options } : options;
    const { processes = navigator.hardwareConcurrency, maxTasksPerChild, initializer } = given;
    checkWhole("processes", processes);
    if (maxTasksPerChild !== undefined) checkWhole("maxTasksPerChild", maxTasksPerChild);
    if (initializer !== undefined && typeof initializer !== "function") {
      throw new TypeError(
        `Cannot make pool: initializer must be a function, not ${typeof initializer}`,
      );
    }
    const startMethod = startMethodFor(given.startMethod, "Cannot make pool with start method");
    this.#size = processes;
    this.#dispatcher = new Dispatcher({
      size: processes,
      initializer: initializer as DispatcherOptions["initializer"],
      initargs: given.initargs ?? [],
      maxTasks: maxTasksPerChild ?? 0,
      startMethod,
    });
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
    this.#apply(
      fn,
      args,
      (value) => outcome = { value },
      (error) => outcome = { error },
      true,
    );
    this.#dispatcher.work(() => outcome !== undefined);
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
    return this.#imap(fn, items, options, true);
  }

  /** As {@linkcode Pool.imap}, giving each result as soon as it is there. */
  imapUnordered<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ImapOptions,
  ): AsyncIterableIterator<R> {
    return this.#imap(fn, items, options, false);
  }

  // Its end

  /** Takes no more work: the workers end when they have done what was asked for. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    if (this.#imaps.size === 0) this.#dispatcher.close();
  }

  /**
   * Ends the pool now: calls that have not ended fail with `TerminatedError`, its workers are told to
   * end. A task that computes without waiting is not interrupted, since Deno cannot.
   */
  terminate(): void {
    this.#state = "terminated";
    this.#dispatcher.terminate();
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
    await this.#dispatcher.idle();
    this.#dispatcher.close();
    await this.#dispatcher.ended();
  }

  /** Waits for what was asked for, then ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.join();
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
    const address = this.#functionAddress(fn);
    const job = new ApplyJob(
      resolve as (value: unknown) => void,
      reject,
      cancellable ? makeCancelFlag() : 0,
      this.#dispatcher.chunksOut < MOST_SITES ? callSite() : undefined,
      address,
    );
    this.#dispatcher.sendAlone(job, Mode.APPLY, address, args, "args");
    return job;
  }

  #map(mode: number, fn: unknown, items: Items<unknown>, options: MapOptions = {}): MapJob {
    this.#checkOpen();
    checkChunkSize(options.chunkSize);
    options.signal?.throwIfAborted();
    const address = this.#functionAddress(fn);
    const list = sized(items);
    const chunkSize = options.chunkSize ?? defaultChunkSize(list.length, this.#size);
    const job = new MapJob(address, list.length, chunkSize, options.onProgress);
    if (list.length === 0) return job;
    const id = this.#dispatcher.enter(job);
    try {
      for (let chunk = 0, at = 0; at < list.length; chunk++, at += chunkSize) {
        const end = Math.min(at + chunkSize, list.length);
        this.#dispatcher.send(id, job, chunk, mode, address, list, "items", at, end);
        if (chunk === 0) this.#dispatcher.grow(); // the first worker starts while the rest is encoded
      }
    } catch (error) {
      job.promise.catch(() => {}); // it is thrown here instead
      job.fail(error); // what was sent comes back skipped
      if (job.chunksLeft === 0) this.#dispatcher.leave(id, job);
      throw error;
    }
    this.#dispatcher.grow();
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
    this.#dispatcher.work(() => job.settled);
    return job.outcome();
  }

  #imap<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options: ImapOptions = {},
    ordered: boolean,
  ): AsyncIterableIterator<R> {
    this.#checkOpen();
    checkChunkSize(options.chunkSize);
    options.signal?.throwIfAborted();
    const address = this.#functionAddress(fn);
    const site = callSite();
    const iterator = new ImapIterator<T, R>(items, {
      chunkSize: options.chunkSize ?? 1,
      window: 2 * this.#size,
      ordered,
      signal: options.signal,
      submit: (chunk) =>
        new Promise<Outcomes>((resolve, reject) => {
          this.#dispatcher.checkUsable();
          const job = new ApplyJob(resolve as (value: unknown) => void, reject, 0, site, address);
          this.#dispatcher.sendAlone(job, Mode.MAP_ALL, address, chunk, "items");
        }),
      explain: (failure, item) => explainFailure(failure, `, item ${item}`, site),
      onEnd: () => {
        this.#imaps.delete(iterator as ImapIterator<unknown, unknown>);
        if (this.#state === "closed" && this.#imaps.size === 0) this.#dispatcher.close();
      },
    });
    this.#imaps.add(iterator as ImapIterator<unknown, unknown>);
    return iterator;
  }

  #checkOpen(): void {
    if (this.#state === "closed") {
      throw new ClosedError("Cannot submit to pool: it is closed. Submit before close()");
    }
    this.#dispatcher.checkUsable();
  }

  #functionAddress(fn: unknown): number {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot submit to pool: fn must be a function, not ${typeof fn}`);
    }
    try {
      return functionAddress(fn as () => unknown);
    } catch (error) {
      if (error instanceof DataCloneError) error.message = `Cannot send fn: ${error.message}`;
      throw error;
    }
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
      job.fail(new CancelledError("Cannot get result: the task was cancelled"));
      return true;
    });
  }
}

function checkWhole(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot make pool: ${name} must be a whole number of at least 1, not ${String(value)}`,
  );
}
