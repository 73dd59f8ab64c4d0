// The declarations of lib/pool/pool.ts

import type { AsyncResult } from "./async_result.d.ts";
import type { Items } from "./calls/chunks.d.ts";
import type { PoolEngine } from "./engines/engine.d.ts";
import type { TaskOptions } from "./calls/task_policy.d.ts";
import type {
  ApplyOptions,
  AsyncOptions,
  Awaitable,
  ImapOptions,
  MapOptions,
  PoolOptions,
} from "./options.d.ts";
export {
  type ApplyOptions,
  type AsyncOptions,
  type Awaitable,
  type ImapOptions,
  type MapOptions,
  type PoolOptions,
  type TaskOptions,
} from "./options.d.ts";

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
export declare class Pool<
  InitArgs extends readonly unknown[] = readonly unknown[],
  E extends PoolEngine | undefined = PoolEngine | undefined,
> implements AsyncDisposable {
  #private;
  /**
   * Makes a pool.
   *
   * @param options its options, or the number of its workers
   * @throws {RangeError} if `processes` is not an integer from 1 to 65,536, `maxTasksPerChild` not an
   * integer of at least 1, or a time limit not greater than 0
   * @throws {TypeError} if `initializer` is not a function, `initargs` is not an array, an option is
   * unknown or has no effect with an engine, or there are further arguments, as in Python
   */
  constructor(options?: number | PoolOptions<InitArgs, E>);
  /** Maximum number of workers of the pool; with an engine, the number of tasks that it runs at a time. */
  get processes(): number;
  /** The option `engine`. */
  get engine(): E;
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
    args?: A,
    options?: ApplyOptions,
  ): Promise<R>;
  /** As {@linkcode Pool.apply}, blocking the isolate. */
  applySync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    args?: A,
    options?: TaskOptions,
  ): Awaited<R>;
  /** As {@linkcode Pool.apply}, returning the result as an {@linkcode AsyncResult}. */
  applyAsync<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    args?: A,
    options?: AsyncOptions<R>,
  ): AsyncResult<R>;
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
  map<T, R>(fn: (item: T) => Awaitable<R>, items: Items<T>, options?: MapOptions): Promise<R[]>;
  /** As {@linkcode Pool.map}, calling `fn` with the elements of each item. */
  starmap<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    items: Items<Readonly<A>>,
    options?: MapOptions,
  ): Promise<R[]>;
  /** As {@linkcode Pool.map}, blocking the isolate. */
  mapSync<T, R>(fn: (item: T) => R, items: Items<T>, options?: MapOptions): Awaited<R>[];
  /** As {@linkcode Pool.starmap}, blocking the isolate. */
  starmapSync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    items: Items<Readonly<A>>,
    options?: MapOptions,
  ): Awaited<R>[];
  /** As {@linkcode Pool.map}, returning the results as an {@linkcode AsyncResult}. */
  mapAsync<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Items<T>,
    options?: MapOptions & AsyncOptions<R[]>,
  ): AsyncResult<R[]>;
  /** As {@linkcode Pool.starmap}, returning the results as an {@linkcode AsyncResult}. */
  starmapAsync<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    items: Items<Readonly<A>>,
    options?: MapOptions & AsyncOptions<R[]>,
  ): AsyncResult<R[]>;
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
  ): AsyncIterableIterator<R>;
  /** As {@linkcode Pool.imap}, yielding each result as soon as it arrives. */
  imapUnordered<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ImapOptions,
  ): AsyncIterableIterator<R>;
  /**
   * Accepts no more calls; the workers end once the submitted calls have ended. Iterations of `imap` and
   * `imapUnordered` leave an input that is not known to end.
   */
  close(): void;
  /**
   * Ends the pool now: calls and iterations that have not ended fail with `TerminatedError`, and the
   * workers are stopped. A task that computes without waiting is not interrupted, because Deno cannot do
   * that; with `startMethod: "process"`, its process is killed.
   */
  terminate(): void;
  /**
   * Waits until all workers have ended. Before that, iterations of `imap` and `imapUnordered` take inputs
   * that are known to end, such as arrays, to their end.
   *
   * @throws {Error} if the pool is neither closed nor terminated
   * @throws {DeadlockError} if the caller is a task of this pool, a `ThreadPool`
   */
  join(): Promise<void>;
  /** Closes the pool and waits until all calls and workers have ended. */
  [Symbol.asyncDispose](): Promise<void>;
}

export {};
