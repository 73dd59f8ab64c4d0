/**
 * Workers that run tasks.
 *
 * @module
 */

import {
  adviseSignal,
  checkArguments,
  checkArity,
  checkOptions,
  type OptionNames,
} from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { ExitCode } from "../runtime/lifecycle.ts";
import { startMethodFor } from "../runtime/start_method.ts";
import type { AsyncResult } from "./async_result.ts";
import type { Items } from "./calls/chunks.ts";
import { IsolateEngine } from "./engines/isolates/isolate_engine.ts";
import { EngineMaker, type EngineOptions } from "./engines/engine.ts";
import { abortWith } from "./calls/jobs.ts";
import {
  asyncNames,
  type AsyncOptions,
  type Awaitable,
  imapNames,
  type ImapOptions,
  mapNames,
  type MapOptions,
  poolNames,
  type PoolOptions,
} from "./options.ts";
import { CallMode } from "./runner/protocol.ts";
import { Submitter } from "./calls/submitter.ts";

export type { AsyncOptions, Awaitable, ImapOptions, MapOptions, PoolOptions } from "./options.ts";

const applyNames: OptionNames<{ signal?: AbortSignal }> = { signal: true };
const mapAsyncNames: OptionNames<MapOptions & AsyncOptions<unknown[]>> = {
  ...mapNames,
  ...asyncNames,
};

/** What to write for a pool that is made with Python's arguments. */
export const writeOptions = "Write { processes: 2, initializer: fn, initargs: [x] }";

/** What submits the calls of a pool: for `lib/futures`, whose executors stand on pools. */
export let submitterOf: (pool: Pool) => Submitter;

/**
 * Workers that run tasks, as many at a time as there are cores.
 *
 * - Workers start when there is work for them and stay for the next.
 * - Results come in the order of the items. The first error ends a call: chunks that have not begun
 *   never will, the others leave off before one of their next items.
 * - An error arrives as it was thrown: class, message, cause and properties; its stack goes on with
 *   the task, the item, the worker and the caller.
 * - A worker that dies fails the task that it ran, with `WorkerDiedError`, and is replaced.
 * - A pool does not keep the program alive, calls that have not ended do.
 * - `await using` waits for what was asked for; Python's `with` would end it. Of an `imap` that was not
 *   taken to its end, see {@linkcode Pool.imap}.
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
  readonly #submitter: Submitter;

  static {
    submitterOf = (pool) => pool.#submitter;
  }

  /**
   * Makes a pool.
   *
   * @param options its options, or the number of its workers
   * @throws {RangeError} if `processes` or `maxTasksPerChild` is not a whole number of at least 1
   * @throws {TypeError} if `initializer` is not a function, `initargs` no array, there is no such option, or
   * there are further arguments, as in Python
   */
  constructor(options?: number | PoolOptions<InitArgs>);
  /** @internal A pool on an engine of another kind. */
  constructor(
    options: number | PoolOptions<InitArgs> | undefined,
    engineMaker: EngineMaker,
  );
  constructor(
    options: number | PoolOptions<InitArgs> = {},
    engineMaker?: EngineMaker,
  ) {
    if (!(engineMaker instanceof EngineMaker)) {
      checkArity("make pool", arguments, 1, writeOptions);
    }
    const given = typeof options === "number" ? { processes: options } : options;
    checkOptions("make pool", given, poolNames);
    const { processes = navigator.hardwareConcurrency, maxTasksPerChild, initializer } = given;
    const { initargs = [] } = given;
    checkWhole("processes", processes);
    if (maxTasksPerChild !== undefined) checkWhole("maxTasksPerChild", maxTasksPerChild);
    if (initializer !== undefined && typeof initializer !== "function") {
      throw new TypeError(
        `Cannot make pool: initializer must be a function, not ${typeof initializer}`,
      );
    }
    checkArguments("make pool", "initargs", initargs);
    const startMethod = startMethodFor(given.startMethod, "Cannot make pool with start method");
    this.#size = processes;
    const engineOptions: EngineOptions = {
      size: processes,
      initializer: initializer as EngineOptions["initializer"],
      initargs,
    };
    const engine = engineMaker?.make(engineOptions) ??
      new IsolateEngine({ ...engineOptions, maxTasks: maxTasksPerChild ?? 0, startMethod });
    this.#submitter = new Submitter(engine, processes);
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
   * @throws {TypeError} if `fn` is not a function, `args` no array, there is no such option, or one is of another type
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
      checkOptions("apply", options, applyNames, adviseSignal);
      signal?.throwIfAborted();
      const job = this.#submitter.apply(fn, args, resolve, reject, signal !== undefined);
      abortWith(signal, job);
    });
  }

  /** As {@linkcode Pool.apply}, blocking the thread. */
  applySync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    args: A = [] as unknown as A,
  ): Awaited<R> {
    let outcome: { value: unknown } | { error: unknown } | undefined;
    const job = this.#submitter.apply(
      fn,
      args,
      (value) => outcome = { value },
      (error) => outcome = { error },
      true,
    );
    this.#submitter.block(job);
    if ("error" in outcome!) throw outcome.error;
    return (outcome as unknown as { value: unknown }).value as Awaited<R>;
  }

  /** As {@linkcode Pool.apply}, returning at once. */
  applyAsync<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    args: A = [] as unknown as A,
    options?: AsyncOptions<R>,
  ): AsyncResult<R> {
    checkOptions("apply", options, asyncNames, adviseWait);
    const signal = options?.signal;
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const job = this.#submitter.apply(fn, args, resolve as (value: unknown) => void, reject, true);
    abortWith(signal, job);
    return this.#submitter.later(promise, job, options);
  }

  // Many calls

  /**
   * Calls `fn` with each of `items` and returns the results in their order.
   *
   * @throws {ClosedError} if the pool is closed
   * @throws {RangeError} if `chunkSize` is not a whole number of at least 1
   * @throws {TypeError} if `items` cannot be iterated, there is no such option, or one is of another type
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
    checkOptions("map", options, mapNames, adviseSignal);
    return await this.#submitter.map(CallMode.MAP, fn, items, options).promise as R[];
  }

  /** As {@linkcode Pool.map}, calling `fn` with the elements of each item. */
  async starmap<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    items: Items<Readonly<A>>,
    options?: MapOptions,
  ): Promise<R[]> {
    checkOptions("map", options, mapNames, adviseSignal);
    return await this.#submitter.map(CallMode.STARMAP, fn, items, options).promise as R[];
  }

  /** As {@linkcode Pool.map}, blocking the thread. */
  mapSync<T, R>(fn: (item: T) => R, items: Items<T>, options?: MapOptions): Awaited<R>[] {
    checkOptions("map", options, mapNames, adviseAsync);
    return this.#submitter.mapSync(CallMode.MAP, fn, items, options) as Awaited<R>[];
  }

  /** As {@linkcode Pool.starmap}, blocking the thread. */
  starmapSync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    items: Items<Readonly<A>>,
    options?: MapOptions,
  ): Awaited<R>[] {
    checkOptions("map", options, mapNames, adviseAsync);
    return this.#submitter.mapSync(CallMode.STARMAP, fn, items, options) as Awaited<R>[];
  }

  /** As {@linkcode Pool.map}, returning at once. */
  mapAsync<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Items<T>,
    options?: MapOptions & AsyncOptions<R[]>,
  ): AsyncResult<R[]> {
    checkOptions("map", options, mapAsyncNames, adviseWait);
    const job = this.#submitter.map(CallMode.MAP, fn, items, options);
    return this.#submitter.later(job.promise as Promise<R[]>, job, options);
  }

  /** As {@linkcode Pool.starmap}, returning at once. */
  starmapAsync<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    items: Items<Readonly<A>>,
    options?: MapOptions & AsyncOptions<R[]>,
  ): AsyncResult<R[]> {
    checkOptions("map", options, mapAsyncNames, adviseWait);
    const job = this.#submitter.map(CallMode.STARMAP, fn, items, options);
    return this.#submitter.later(job.promise as Promise<R[]>, job, options);
  }

  /**
   * Calls `fn` with each of `items` and gives the results one by one, in their order.
   *
   * Items are taken only as fast as results are taken: two chunks for each worker are under way.
   * An error is thrown where its result would be; calling `next()` again goes on with the next.
   *
   * - `close()`, and so `await using`, leaves items to be taken only of what is known to have an end:
   *   arrays, typed arrays, sets, maps and whatever else has a length or a size. `join()` takes all of
   *   those. Of a generator, or another iterable, it takes no more: the iteration gives the results of
   *   what was sent, then throws `ClosedError` unless the input had ended.
   * - `terminate()` ends the iteration at once with `TerminatedError`, also one that waits for its input.
   * - Whatever ends it early calls `return()` of the input and waits for that, unless an item of the
   *   input is under way. An error that nobody waits for is printed.
   *
   * @throws {ClosedError} if the pool is closed
   * @throws {RangeError} if `chunkSize` is not a whole number of at least 1
   * @throws {TypeError} if `items` cannot be iterated, there is no such option, or one is of another type
   */
  imap<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ImapOptions,
  ): AsyncIterableIterator<R> {
    checkOptions("map", options, imapNames, adviseSignal);
    return this.#submitter.imap(fn, items, true, options);
  }

  /** As {@linkcode Pool.imap}, giving each result as soon as it is there. */
  imapUnordered<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ImapOptions,
  ): AsyncIterableIterator<R> {
    checkOptions("map", options, imapNames, adviseSignal);
    return this.#submitter.imap(fn, items, false, options);
  }

  // Its end

  /**
   * Takes no more work: the workers end when they have done what was asked for. Iterations of `imap` and
   * `imapUnordered` take no more of an input that may have no end.
   */
  close(): void {
    this.#submitter.close();
  }

  /**
   * Ends the pool now: calls and iterations that have not ended fail with `TerminatedError`, its workers
   * are told to end. A task that computes without waiting is not interrupted, since Deno cannot.
   */
  terminate(): void {
    this.#submitter.terminate(ExitCode.TERMINATED);
  }

  /**
   * Waits until all workers have ended. What iterations of `imap` and `imapUnordered` have not taken of
   * arrays, and of whatever else is known to have an end, is taken and worked off before.
   *
   * @throws {Error} if the pool is neither closed nor terminated
   */
  async join(): Promise<void> {
    await this.#submitter.join();
  }

  /** Waits for what was asked for, then ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.join();
  }
}

function checkWhole(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot make pool: ${name} must be a whole number of at least 1, not ${describe(value)}`,
  );
}

/** What to do about an option for the time of a call whose result is waited for later. */
function adviseWait(name: string): string | undefined {
  const advice = adviseSignal(name);
  return advice && `${advice}, or wait for the result by get({ timeoutMs: ms })`;
}

/** The same of a call that blocks the thread, which hears no signal meanwhile. */
function adviseAsync(name: string): string | undefined {
  const advice = adviseSignal(name);
  return advice && `${advice}, and await the call that is not named …Sync`;
}
