/**
 * Pools of workers.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import {
  checkArguments,
  checkArity,
  checkOptions,
  checkPositiveInteger,
  checkTimeLimit,
  type OptionNames,
} from "../arguments/options.ts";
import { checkInteger } from "../arguments/values.ts";
import { ExitCode } from "../runtime/lifecycle.ts";
import { checkLaunch } from "../runtime/launch.ts";
import { startMethodFor } from "../runtime/start_method.ts";
import type { AsyncResult } from "./async_result.ts";
import type { Items } from "./calls/chunks.ts";
import { abortWith } from "./calls/job.ts";
import { Submitter } from "./calls/submitter.ts";
import {
  ENGINE,
  type EngineChoice,
  engineFactoryOf,
  type EngineOptions,
  type PoolEngine,
} from "./engines/engine.ts";
import { IsolateEngine } from "./engines/isolates/isolate_engine.ts";
import { taskNames, type TaskOptions, taskPolicy } from "./calls/task_policy.ts";
import {
  applyNames,
  type ApplyOptions,
  asyncNames,
  type AsyncOptions,
  type Awaitable,
  checkEngine,
  DEFAULT_LIMITS,
  imapNames,
  type ImapOptions,
  mapNames,
  type MapOptions,
  MAX_WORKERS,
  poolNames,
  type PoolOptions,
} from "./options.ts";
import { CallMode } from "./chunks/chunk.ts";

export type {
  ApplyOptions,
  AsyncOptions,
  Awaitable,
  ImapOptions,
  MapOptions,
  PoolLimits,
  PoolOptions,
  TaskOptions,
} from "./options.ts";

const mapAsyncNames: OptionNames<MapOptions & AsyncOptions<unknown[]>> = {
  ...mapNames,
  ...asyncNames,
};

/** Advice for a pool that is made with Python's positional arguments. */
export const POOL_OPTIONS_EXAMPLE = "Write { processes: 2, initializer: fn, initargs: [x] }";

// deno-lint-ignore no-explicit-any
const submitters = new WeakMap<Pool<any, any>, Submitter>();

/** How often a task is run again that was lost by an engine, unless the pool says otherwise. */
const ENGINE_RETRIES = 1;

/** Returns what submits the calls of a pool: for `lib/futures`, whose executors are built on pools. */
export function submitterOf(pool: Pool): Submitter {
  return submitters.get(pool)!;
}

/**
 * A pool of workers that run tasks in parallel: by default as many workers as there are cores.
 *
 * - Workers start when there is work for them, and stay for later calls.
 * - Results come in the order of the items. The first error ends a call: its chunks that have not begun
 *   are skipped, the others stop before their next item.
 * - An error arrives as it was thrown, with its class, message, cause and properties; its stack is
 *   extended by the task, the item, the worker and the caller.
 * - A worker that dies fails the task that it ran with `WorkerDiedError`, and is replaced.
 * - A pool does not keep the program alive; calls that have not ended do.
 * - `await using` waits for calls that were submitted, where Python's `with` terminates the pool. For an
 *   `imap` that was not taken to its end, see {@linkcode Pool.imap}.
 * - With the option `engine`, its tasks run elsewhere: on other machines, with a `cluster()` of `./cluster`.
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
export class Pool<
  InitArgs extends readonly unknown[] = readonly unknown[],
  E extends PoolEngine | undefined = PoolEngine | undefined,
> implements AsyncDisposable {
  readonly #submitter: Submitter;
  readonly #engine: E;

  /**
   * Makes a pool.
   *
   * @param options its options, or the number of its workers
   * @throws {RangeError} if `processes` is not an integer from 1 to 65,536, `maxTasksPerChild` not an
   * integer of at least 1, or a time limit not greater than 0
   * @throws {TypeError} if `initializer` is not a function, `initargs` is not an array, an option is
   * unknown or has no effect with an engine, or there are further arguments, as in Python
   */
  constructor(options: number | PoolOptions<InitArgs, E> = {}) {
    checkArity("make pool", arguments, 1, POOL_OPTIONS_EXAMPLE);
    const given = typeof options === "number" ? { processes: options } : options;
    checkOptions("make pool", given, poolNames);
    this.#engine = given.engine as E;
    this.#submitter = given.engine === undefined ? overWorkers(given) : overEngine(given);
    submitters.set(this, this.#submitter);
  }

  /** Maximum number of workers of the pool; with an engine, the number of tasks that it runs at a time. */
  get processes(): number {
    return this.#submitter.size;
  }

  /** The option `engine`. */
  get engine(): E {
    return this.#engine;
  }

  // One call

  /**
   * Calls `fn` with `args` in a worker.
   *
   * @throws {ClosedError} if the pool is closed
   * @throws {TypeError} if `fn` is not a function, `args` is not an array, or an option is unknown or of the
   * wrong type
   * @throws {DataCloneError} if `fn` or `args` cannot cross; the message names the path to the part
   * @throws {WorkerDiedError} if the worker ended before the task did
   * @throws {TimeoutError} if the task did not end within `timeoutMs`
   * @throws the error of the task
   * @throws the reason of `signal`, if that is aborted first
   */
  apply<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    args: A = [] as unknown as A,
    options?: ApplyOptions,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      checkOptions("apply", options, applyNames);
      const signal = options?.signal;
      signal?.throwIfAborted();
      const job = this.#submitter.apply(fn, args, resolve, reject, signal !== undefined, options);
      abortWith(signal, job);
    });
  }

  /** As {@linkcode Pool.apply}, blocking the isolate. */
  applySync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    args: A = [] as unknown as A,
    options?: TaskOptions,
  ): Awaited<R> {
    checkOptions("apply", options, taskNames);
    let outcome: { value: unknown } | { error: unknown } | undefined;
    const job = this.#submitter.apply(
      fn,
      args,
      (value) => outcome = { value },
      (error) => outcome = { error },
      true,
      options,
    );
    this.#submitter.waitSync(job);
    if ("error" in outcome!) throw outcome.error;
    return (outcome as unknown as { value: unknown }).value as Awaited<R>;
  }

  /** As {@linkcode Pool.apply}, returning the result as an {@linkcode AsyncResult}. */
  applyAsync<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    args: A = [] as unknown as A,
    options?: AsyncOptions<R>,
  ): AsyncResult<R> {
    checkOptions("apply", options, asyncNames);
    const signal = options?.signal;
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const settle = resolve as (value: unknown) => void;
    const job = this.#submitter.apply(fn, args, settle, reject, true, options);
    abortWith(signal, job);
    return this.#submitter.toAsyncResult(promise, job, options);
  }

  // Many calls

  /**
   * Calls `fn` with each of `items` and returns the results in the order of the items.
   *
   * @throws {ClosedError} if the pool is closed
   * @throws {RangeError} if `chunkSize` is not an integer of at least 1
   * @throws {TypeError} if `items` is not iterable, or an option is unknown or of the wrong type
   * @throws {DataCloneError} if `fn` or an item cannot cross; the message names the path to the part
   * @throws {WorkerDiedError} if a worker ended before its task did
   * @throws {TimeoutError} if a task did not end within `timeoutMs`
   * @throws the first error of a task
   * @throws the reason of `signal`, if that is aborted first
   */
  async map<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Items<T>,
    options?: MapOptions,
  ): Promise<R[]> {
    checkOptions("map", options, mapNames);
    return await this.#submitter.map(CallMode.MAP, fn, items, options).promise as R[];
  }

  /** As {@linkcode Pool.map}, calling `fn` with the elements of each item. */
  async starmap<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    items: Items<Readonly<A>>,
    options?: MapOptions,
  ): Promise<R[]> {
    checkOptions("map", options, mapNames);
    return await this.#submitter.map(CallMode.STARMAP, fn, items, options).promise as R[];
  }

  /** As {@linkcode Pool.map}, blocking the isolate. */
  mapSync<T, R>(fn: (item: T) => R, items: Items<T>, options?: MapOptions): Awaited<R>[] {
    checkOptions("map", options, mapNames);
    return this.#submitter.mapSync(CallMode.MAP, fn, items, options) as Awaited<R>[];
  }

  /** As {@linkcode Pool.starmap}, blocking the isolate. */
  starmapSync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    items: Items<Readonly<A>>,
    options?: MapOptions,
  ): Awaited<R>[] {
    checkOptions("map", options, mapNames);
    return this.#submitter.mapSync(CallMode.STARMAP, fn, items, options) as Awaited<R>[];
  }

  /** As {@linkcode Pool.map}, returning the results as an {@linkcode AsyncResult}. */
  mapAsync<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Items<T>,
    options?: MapOptions & AsyncOptions<R[]>,
  ): AsyncResult<R[]> {
    checkOptions("map", options, mapAsyncNames);
    const job = this.#submitter.map(CallMode.MAP, fn, items, options);
    return this.#submitter.toAsyncResult(job.promise as Promise<R[]>, job, options);
  }

  /** As {@linkcode Pool.starmap}, returning the results as an {@linkcode AsyncResult}. */
  starmapAsync<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    items: Items<Readonly<A>>,
    options?: MapOptions & AsyncOptions<R[]>,
  ): AsyncResult<R[]> {
    checkOptions("map", options, mapAsyncNames);
    const job = this.#submitter.map(CallMode.STARMAP, fn, items, options);
    return this.#submitter.toAsyncResult(job.promise as Promise<R[]>, job, options);
  }

  /**
   * Calls `fn` with each of `items` and yields the results one by one, in the order of the items.
   *
   * Items are taken only as fast as results are taken: at most two chunks for each worker are out or
   * wait to be taken. An error is thrown in place of a result; calling `next()` again continues with the
   * next result.
   *
   * - After `close()`, and so after `await using`, an input that is known to end is still taken: an array,
   *   a typed array, a set, a map, or any other input that has a length or a size. `join()` takes it to
   *   its end. A generator or another iterable is left: the iteration yields the results of the items
   *   that were sent, then throws `ClosedError` unless the input had ended.
   * - `terminate()` ends the iteration at once with `TerminatedError`, even while it waits for its input.
   * - An iteration that ends early begins no further item, calls `return()` of the input and waits for it,
   *   unless a `next()` of the input is pending. If `return()` takes more than 10 seconds, that is a
   *   `TimeoutError`. An error that no caller waits for is printed.
   *
   * @throws {ClosedError} if the pool is closed
   * @throws {RangeError} if `chunkSize` is not an integer of at least 1
   * @throws {TypeError} if `items` is not iterable, or an option is unknown or of the wrong type
   */
  imap<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ImapOptions,
  ): AsyncIterableIterator<R> {
    checkOptions("map", options, imapNames);
    return this.#submitter.imap(fn, items, true, options);
  }

  /** As {@linkcode Pool.imap}, yielding each result as soon as it arrives. */
  imapUnordered<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ImapOptions,
  ): AsyncIterableIterator<R> {
    checkOptions("map", options, imapNames);
    return this.#submitter.imap(fn, items, false, options);
  }

  // End

  /**
   * Accepts no more calls; the workers end once the submitted calls have ended. Iterations of `imap` and
   * `imapUnordered` leave an input that is not known to end.
   */
  close(): void {
    this.#submitter.close();
  }

  /**
   * Ends the pool now: calls and iterations that have not ended fail with `TerminatedError`, and the
   * workers are stopped. A task that computes without waiting is not interrupted, because Deno cannot do
   * that; with `startMethod: "process"`, its process is killed.
   */
  terminate(): void {
    this.#submitter.terminate(ExitCode.TERMINATED);
  }

  /**
   * Waits until all workers have ended. Before that, iterations of `imap` and `imapUnordered` take inputs
   * that are known to end, such as arrays, to their end.
   *
   * @throws {Error} if the pool is neither closed nor terminated
   * @throws {DeadlockError} if the caller is a task of this pool, a `ThreadPool`
   */
  async join(): Promise<void> {
    await this.#submitter.join();
  }

  /** Closes the pool and waits until all calls and workers have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.join();
  }
}

/** Makes what submits calls to workers. */
function overWorkers<InitArgs extends readonly unknown[]>(
  options: PoolOptions<InitArgs>,
): Submitter {
  const { processes = navigator.hardwareConcurrency, maxTasksPerChild, initializer } = options;
  const { initargs = [] } = options;
  checkInteger("make pool", "processes", processes, 1, MAX_WORKERS);
  if (maxTasksPerChild !== undefined) {
    checkPositiveInteger("make pool", "maxTasksPerChild", maxTasksPerChild);
  }
  checkArguments("make pool", "initargs", initargs);
  const policy = taskPolicy("make pool", options);
  const limits: Record<keyof typeof DEFAULT_LIMITS, number> = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(limits) as (keyof typeof limits)[]) {
    const value = options[name];
    if (value === undefined) continue;
    checkTimeLimit("make pool", name, value);
    limits[name] = value;
  }
  const startMethod = startMethodFor(options.startMethod, "make pool", "startMethod");
  const launch = checkLaunch("make pool", options, startMethod);
  const engineOptions: EngineOptions = {
    size: processes,
    initializer: initializer as EngineOptions["initializer"],
    initargs,
    graceMs: limits.graceMs,
  };
  const engine = (options as EngineChoice)[ENGINE]?.(engineOptions) ?? new IsolateEngine({
    ...engineOptions,
    maxChunks: maxTasksPerChild ?? 0,
    startMethod,
    launch,
    ...limits,
  });
  return new Submitter(engine, processes, policy);
}

/** Makes what submits calls to the engine that was given. */
function overEngine<InitArgs extends readonly unknown[]>(
  options: PoolOptions<InitArgs>,
): Submitter {
  checkEngine("make pool", options);
  const { engine, retries = ENGINE_RETRIES } = options;
  const policy = taskPolicy("make pool", { ...options, retries });
  return new Submitter(engineFactoryOf(engine)!(), 1, policy);
}

showStateOf(Pool as { prototype: Pool }, (pool) => {
  const { engine, processes } = pool;
  const { state } = submitterOf(pool);
  return engine === undefined ? { processes, state } : { engine, state };
});
