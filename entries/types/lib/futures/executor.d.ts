// The declarations of lib/futures/executor.ts

import type { Awaitable } from "../pool/options.d.ts";
import type { Pool } from "../pool/pool.d.ts";
import type { ProgressOptions } from "../pool/calls/progress.d.ts";
import type { Future } from "./future.d.ts";

/** Options of {@linkcode Executor.map}. */
export interface ExecutorMapOptions extends ProgressOptions {
  /**
   * Maximum time from the call of `map()` to its last result, in milliseconds.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
  /** Ends the iteration with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /**
   * Number of items that a worker takes at a time.
   *
   * @default {1}
   */
  chunkSize?: number | undefined;
  /**
   * Maximum number of chunks that are running, or whose results have not been consumed. If this
   * option is set, `shutdown()` stops reading the input, even an input that is known to be finite.
   *
   * @default {2 * maxWorkers}
   */
  bufferSize?: number | undefined;
}

/** Options of {@linkcode Executor.shutdown}. */
export interface ExecutorShutdownOptions {
  /**
   * Whether to wait until all work is done and the workers have ended.
   *
   * @default {true}
   */
  wait?: boolean | undefined;
  /**
   * Whether to cancel the calls that have not begun.
   *
   * @default {false}
   */
  cancelFutures?: boolean | undefined;
}

/** The inputs of a map: an iterable for each parameter of its function. */
export type MapInputs<A extends readonly unknown[]> = {
  readonly [At in keyof A]: Iterable<A[At]> | AsyncIterable<A[At]>;
};

/**
 * The arguments of {@linkcode Executor.map} after its function: an iterable for each parameter, then
 * the options, if any.
 */
export type MapArguments<A extends readonly unknown[]> =
  | readonly [...MapInputs<A>]
  | readonly [...MapInputs<A>, ExecutorMapOptions];

/**
 * As {@linkcode MapArguments}, for a function of which the last parameters are optional: without the
 * iterables of some of these, in all ways.
 */
export type MapArgumentsGiven<A extends readonly unknown[], Given extends readonly unknown[] = []> =
  number extends A["length"] ? MapArguments<readonly [...Given, ...A]>
    : A extends readonly [] ? MapArguments<Given>
    : A extends readonly [infer First, ...infer Rest] ? MapArgumentsGiven<Rest, [...Given, First]>
    : A extends readonly [(infer First)?, ...infer Rest]
      ? MapArguments<Given> | MapArgumentsGiven<Rest, [...Given, First]>
    : never;

/**
 * Calls functions and returns futures of their results. The base class of
 * {@linkcode ProcessPoolExecutor} and {@linkcode ThreadPoolExecutor}.
 *
 * Follows Python's `concurrent.futures.Executor`.
 *
 * @example One function for both kinds of executors
 * ```ts
 * import { type Executor, ProcessPoolExecutor, ThreadPoolExecutor } from "@sauropod/multiprocessing/futures";
 * import { assertEquals } from "@std/assert";
 *
 * const sumOfRoots = async (executor: Executor, numbers: number[]) => {
 *   let sum = 0;
 *   for await (const root of executor.map(Math.sqrt, numbers)) sum += root;
 *   return sum;
 * };
 * await using threads = new ThreadPoolExecutor({ maxWorkers: 2 });
 * await using processes = new ProcessPoolExecutor({ maxWorkers: 1 });
 * assertEquals(await sumOfRoots(threads, [1, 4, 9]), 6);
 * assertEquals(await sumOfRoots(processes, [1, 4, 9]), 6);
 * ```
 */
export declare abstract class Executor implements AsyncDisposable {
  #private;
  /** Called by subclasses. The executor's tasks run in `pool`, which the executor owns. */
  constructor(pool: Pool);
  /**
   * Calls `fn` with `args` in a worker, or in a thread of this isolate.
   *
   * @returns the future of the result
   * @throws {ClosedError} if the executor was shut down
   * @throws {BrokenExecutor} if its initializer failed, or its workers do not start
   * @throws {DataCloneError} if `fn` or `args` cannot cross to a worker; the message names the path
   * @throws {TypeError} if `fn` is not a function
   */
  submit<A extends readonly unknown[], R>(fn: (...args: A) => Awaitable<R>, ...args: A): Future<R>;
  /**
   * Calls `fn` with the first elements of all iterables, then with the second ones, until an
   * iterable ends. Yields the results in that order.
   *
   * - Elements are read only as fast as results are consumed: at most `bufferSize` chunks are
   *   running or waiting to be consumed.
   * - The first error ends the iteration.
   * - Leaving the iteration early cancels the calls that have not begun.
   *
   * @param fn the function, with as many parameters as there are iterables
   * @param items an iterable or async iterable for each parameter of `fn`, then the options, if any
   * @throws {ClosedError} if the executor was shut down
   * @throws {BrokenExecutor} if its initializer failed, or its workers do not start
   * @throws {RangeError} if `chunkSize` or `bufferSize` is not an integer of at least 1
   * @throws {TypeError} if an input is not iterable, or an option does not exist
   * @throws {TimeoutError} from the iteration, if a result does not arrive within `timeoutMs`
   * @throws the reason of `signal`, from the iteration, if it is aborted first
   *
   * @example One iterable, several, and options
   * ```ts
   * import { ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
   * import { assertEquals } from "@std/assert";
   *
   * await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
   * assertEquals(await Array.fromAsync(executor.map(Math.sqrt, [1, 4])), [1, 2]);
   * const powers = executor.map(Math.pow, [2, 3], [5, 2], { chunkSize: 2 });
   * assertEquals(await Array.fromAsync(powers), [32, 9]);
   * ```
   */
  map<T, R>(
    fn: (item: T) => Awaitable<R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ExecutorMapOptions,
  ): AsyncIterableIterator<R>;
  /** As `map(fn, items, options)`, for a function of several parameters or none. */
  map<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    ...items: MapArguments<A>
  ): AsyncIterableIterator<R>;
  /** As `map(fn, items, options)`, for a function of which the last parameters are optional. */
  map<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    ...items: MapArgumentsGiven<A>
  ): AsyncIterableIterator<R>;
  /**
   * Rejects further work and ends the workers when the submitted work is done. Idempotent.
   *
   * The submitted work includes the unread input of finite maps. A map is finite if none of its
   * inputs is async and at least one has a `length` or `size`. Other maps, and maps with a
   * `bufferSize`, yield the results of the input that they have read, then throw `ClosedError`.
   *
   * @returns a promise that resolves when the workers have ended, and the inputs of cancelled maps have
   * been closed; immediately if `wait` is false
   * @throws {DeadlockError} if the caller is a task of this executor, a `ThreadPoolExecutor`, and `wait` is
   * true
   * @throws the error of closing an input
   * @throws {TypeError} if an option does not exist
   */
  shutdown(options?: ExecutorShutdownOptions): Promise<void>;
  /**
   * Rejects further work, and waits until the submitted work is done and the workers have ended.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

export {};
