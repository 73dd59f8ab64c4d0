/**
 * The base class of executors: it turns calls into futures.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import { BrokenExecutor, ClosedError } from "../errors.ts";
import {
  checkOptions,
  checkPositiveInteger,
  isOptionsObject,
  type OptionNames,
} from "../arguments/options.ts";
import { hasMethod, isIterable } from "../arguments/values.ts";
import type { AnyFunction } from "../codec/task.ts";
import type { Awaitable } from "../pool/options.ts";
import { type Pool, submitterOf } from "../pool/pool.ts";
import { reportReturnError } from "../pool/calls/item_source.ts";
import type { ProgressOptions } from "../pool/calls/progress.ts";
import type { Submitter } from "../pool/calls/submitter.ts";
import { Future } from "./future.ts";
import { FutureState } from "./future_state.ts";
import { isFiniteZip, lengthOfZip, MapResults, zip } from "./map.ts";

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

const mapNames: OptionNames<ExecutorMapOptions> = {
  timeoutMs: true,
  signal: true,
  chunkSize: true,
  bufferSize: true,
  onProgress: "function",
};
const shutdownNames: OptionNames<ExecutorShutdownOptions> = {
  wait: "boolean",
  cancelFutures: "boolean",
};

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
export type MapArgumentsGiven<
  A extends readonly unknown[],
  Given extends readonly unknown[] = [],
> = number extends A["length"] ? MapArguments<readonly [...Given, ...A]>
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
export abstract class Executor implements AsyncDisposable {
  readonly #submitter: Submitter;
  /** The futures that have not ended. */
  readonly #futures = new Set<FutureState>();
  /** The maps that have not ended. */
  readonly #maps = new Set<MapResults<unknown>>();
  #isShutDown = false;
  #broken: BrokenExecutor | undefined;

  /** Called by subclasses. The executor's tasks run in `pool`, which the executor owns. */
  constructor(pool: Pool) {
    this.#submitter = submitterOf(pool);
  }

  /**
   * Calls `fn` with `args` in a worker, or in a thread of this isolate.
   *
   * @returns the future of the result
   * @throws {ClosedError} if the executor was shut down
   * @throws {BrokenExecutor} if its initializer failed, or its workers do not start
   * @throws {DataCloneError} if `fn` or `args` cannot cross to a worker; the message names the path
   * @throws {TypeError} if `fn` is not a function
   */
  submit<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    ...args: A
  ): Future<R> {
    this.#checkOpen();
    const future = new FutureState();
    this.#futures.add(future);
    const settle = (status: "done" | "failed", outcome: unknown) => {
      this.#futures.delete(future);
      future.settle(status, outcome);
    };
    try {
      const job = this.#submitter.apply(
        fn as AnyFunction,
        args,
        (result) => settle("done", result),
        (error) => settle("failed", this.#translateError(error)),
        true,
      );
      future.submitted = { engine: this.#submitter.engine, job };
    } catch (error) {
      this.#futures.delete(future);
      throw this.#translateError(error);
    }
    return new Future<R>(future);
  }

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
  map<R>(
    fn: (...args: never) => Awaitable<R>,
    ...args: readonly unknown[]
  ): AsyncIterableIterator<R> {
    this.#checkOpen();
    const { iterables, options } = splitMapArguments(args);
    checkOptions("map", options, mapNames);
    const { bufferSize, chunkSize, signal, onProgress } = options;
    if (bufferSize !== undefined) checkPositiveInteger("map", "bufferSize", bufferSize);
    const isSingle = iterables.length === 1;
    const results = this.#submitter.imap<unknown, R>(
      fn as AnyFunction,
      isSingle ? iterables[0] : zip(iterables),
      true,
      {
        chunkSize,
        signal,
        onProgress,
        total: lengthOfZip(iterables),
        spread: !isSingle,
        window: bufferSize,
        drainsInput: bufferSize === undefined && isFiniteZip(iterables),
        closedError: unreadInputError,
      },
    );
    const map = new MapResults<R>(results, {
      timeoutMs: options.timeoutMs,
      translateError: (error) => this.#translateError(error),
      onEnd: (ended) => this.#maps.delete(ended),
    });
    this.#maps.add(map as MapResults<unknown>);
    return map;
  }

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
  async shutdown(options: ExecutorShutdownOptions = {}): Promise<void> {
    checkOptions("shut down executor", options, shutdownNames);
    const { wait = true, cancelFutures = false } = options;
    this.#isShutDown = true;
    this.#submitter.close();
    const cancelled = cancelFutures ? Promise.all(this.#cancelAll()) : undefined;
    if (!wait) return void cancelled?.catch(reportReturnError);
    try {
      await cancelled;
    } finally {
      await this.#submitter.join();
    }
  }

  /**
   * Rejects further work, and waits until the submitted work is done and the workers have ended.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /**
   * Cancels the calls that have not begun. Returns promises that resolve when the maps have closed
   * their inputs.
   */
  static {
    showStateOf(this as { prototype: Executor }, (executor) => {
      const { size, state } = executor.#submitter;
      return { maxWorkers: size, state: executor.#isShutDown ? "shut down" : state };
    });
  }

  #cancelAll(): Promise<void>[] {
    for (const future of [...this.#futures]) {
      if (future.cancel()) this.#futures.delete(future);
    }
    return [...this.#maps].map((map) => map.cancelRest());
  }

  #checkOpen(): void {
    if (this.#isShutDown) throw shutdownError();
    const { broken } = this.#submitter.engine;
    if (broken !== undefined) throw this.#translateError(broken);
  }

  /**
   * Returns the error to throw for an error of the pool: `BrokenExecutor` if the pool is broken.
   */
  #translateError(error: unknown): unknown {
    const cause = this.#submitter.engine.broken;
    if (cause === undefined || error !== cause) return error;
    return this.#broken ??= new BrokenExecutor(`The executor cannot work: ${cause.message}`, {
      cause,
    });
  }
}

function shutdownError(): ClosedError {
  return new ClosedError("Cannot submit: the executor was shut down. Submit before shutdown()");
}

function unreadInputError(): ClosedError {
  return new ClosedError(
    "Cannot submit the rest of map: the executor was shut down before the input had ended. " +
      "Consume the results before shutdown(), or inside the scope of the executor",
  );
}

/** Separates the iterables of a map from its options, the only argument that is not an iterable. */
function splitMapArguments(
  args: readonly unknown[],
): { iterables: (Iterable<unknown> | AsyncIterable<unknown>)[]; options: ExecutorMapOptions } {
  const last = args.at(-1);
  const hasOptions = last === undefined
    ? args.length > 1
    : isOptionsObject(last) && !isIterable(last) && !hasMethod(last, Symbol.asyncIterator);
  return {
    iterables: (hasOptions ? args.slice(0, -1) : args) as Iterable<unknown>[],
    options: hasOptions ? last as ExecutorMapOptions ?? {} : {},
  };
}
