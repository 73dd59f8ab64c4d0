/**
 * What executors have in common: they turn calls into futures.
 *
 * @module
 */

import { BrokenExecutor, ClosedError } from "../errors.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import type { AnyFunction } from "../codec/task.ts";
import type { Awaitable } from "../pool/options.ts";
import { type Pool, submitterOf } from "../pool/pool.ts";
import type { Submitter } from "../pool/calls/submitter.ts";
import { Future, futureInternals } from "./future.ts";
import { MapResults, zip, zipHasEnd } from "./map.ts";

/** Options of {@linkcode Executor.map}. */
export interface ExecutorMapOptions {
  /**
   * How long after the call of `map` the last result may come, in milliseconds.
   *
   * @default {Infinity}
   */
  timeoutMs?: number;
  /** Ends the iteration with `signal.reason`. */
  signal?: AbortSignal;
  /**
   * Number of calls that a worker takes at a time.
   *
   * @default {1}
   */
  chunkSize?: number;
  /**
   * Most chunks that are under way or whose results have not been taken. With it, `shutdown()` takes
   * no more of the input, even if that is known to have an end.
   *
   * @default {2 * maxWorkers}
   */
  bufferSize?: number;
}

/** Options of {@linkcode Executor.shutdown}. */
export interface ExecutorShutdownOptions {
  /**
   * Whether to wait until everything has been done and the workers have ended.
   *
   * @default {true}
   */
  wait?: boolean;
  /**
   * Whether to cancel what has not begun.
   *
   * @default {false}
   */
  cancelFutures?: boolean;
}

const mapNames: OptionNames<ExecutorMapOptions> = {
  timeoutMs: true,
  signal: true,
  chunkSize: true,
  bufferSize: true,
};
const shutdownNames: OptionNames<ExecutorShutdownOptions> = { wait: true, cancelFutures: true };

/** What a map takes the elements of `A` from, in the order of the parameters of its function. */
export type MapInputs<A extends readonly unknown[]> = {
  readonly [At in keyof A]: Iterable<A[At]> | AsyncIterable<A[At]>;
};

/** The arguments of a map after its function: an iterable for each parameter, then options. */
export type MapArguments<A extends readonly unknown[]> =
  | readonly [...MapInputs<A>]
  | readonly [...MapInputs<A>, ExecutorMapOptions];

/** Ends an executor's workers now; for subclasses whose workers can be ended. */
export let endNow: (executor: Executor, exitCode: number) => void;

/**
 * Calls functions and gives futures for their results; made as {@linkcode ProcessPoolExecutor} or
 * {@linkcode ThreadPoolExecutor}.
 *
 * Follows Python's `concurrent.futures.Executor`.
 *
 * @example Whatever runs them
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
  readonly #futures = new Set<Future<unknown>>();
  /** The maps that have not ended. */
  readonly #maps = new Set<MapResults<unknown>>();
  #isShutDown = false;
  #broken: BrokenExecutor | undefined;

  static {
    endNow = (executor, exitCode) => executor.#endNow(exitCode);
  }

  /** Made by its subclasses: an executor whose tasks run in the pool, which is its own. */
  constructor(pool: Pool) {
    this.#submitter = submitterOf(pool);
  }

  /**
   * Has `fn` called with `args`.
   *
   * @returns the future of its result
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
    const future = new Future<R>();
    this.#futures.add(future);
    const settle = (state: "done" | "failed", outcome: unknown) => {
      this.#futures.delete(future);
      futureInternals.settle(future, state, outcome);
    };
    try {
      const job = this.#submitter.apply(
        fn as AnyFunction,
        args,
        (result) => settle("done", result),
        (error) => settle("failed", this.#explain(error)),
        true,
      );
      futureInternals.setTask(future, { engine: this.#submitter.engine, job });
    } catch (error) {
      this.#futures.delete(future);
      throw this.#explain(error);
    }
    return future;
  }

  /**
   * Has `fn` called with the first elements of all iterables, then with the second, until one of
   * them has no more, and gives the results one by one in that order.
   *
   * Elements are taken only as fast as results are taken: `bufferSize` chunks are under way. The
   * first error ends the iteration. Leaving it early takes back what has not begun.
   *
   * @param fn the function, with as many parameters as there are iterables
   * @param items an iterable, or an async one, for each parameter of `fn`; options last, if any
   * @throws {ClosedError} if the executor was shut down
   * @throws {BrokenExecutor} if its initializer failed, or its workers do not start
   * @throws {RangeError} if `chunkSize` or `bufferSize` is not a whole number of at least 1
   * @throws {TypeError} if one of the iterables is none, or there is no such option
   * @throws {TimeoutError} from the iteration, if a result is not there in time
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
  /** With a function of several parameters, or none. */
  map<A extends readonly unknown[], R>(
    fn: (...args: A) => Awaitable<R>,
    ...items: MapArguments<A>
  ): AsyncIterableIterator<R>;
  map<R>(
    fn: (...args: never) => Awaitable<R>,
    ...given: readonly unknown[]
  ): AsyncIterableIterator<R> {
    this.#checkOpen();
    const { iterables, options } = partsOf(given);
    checkOptions("map", options, mapNames);
    const { bufferSize, chunkSize, signal } = options;
    if (bufferSize !== undefined) checkWhole("map", "bufferSize", bufferSize);
    const alone = iterables.length === 1;
    const results = this.#submitter.imap<unknown, R>(
      fn as AnyFunction,
      alone ? iterables[0] : zip(iterables),
      true,
      {
        chunkSize,
        signal,
        spread: !alone,
        window: bufferSize,
        takesRest: bufferSize === undefined && zipHasEnd(iterables),
        closedError: inputLeft,
      },
    );
    const map = new MapResults<R>(results, {
      timeoutMs: options.timeoutMs,
      explain: (error) => this.#explain(error),
      onEnd: (ended) => this.#maps.delete(ended),
    });
    this.#maps.add(map as MapResults<unknown>);
    return map;
  }

  /**
   * Takes no more work; the workers end when everything has been done. May be called again.
   *
   * What maps have not yet taken of an input that is known to have an end is part of it: one with a
   * length or a size, such as an array, alone or beside other iterables that are not async. Other maps,
   * and those with a `bufferSize`, end with a `ClosedError` after the results of what they have taken.
   *
   * @returns a promise that resolves when the workers have ended; at once if `wait` is false
   * @throws {TypeError} if there is no such option
   */
  async shutdown(options: ExecutorShutdownOptions = {}): Promise<void> {
    checkOptions("shut down executor", options, shutdownNames);
    const { wait = true, cancelFutures = false } = options;
    this.#isShutDown = true;
    this.#submitter.close();
    if (cancelFutures) await Promise.all(this.#cancelAll());
    if (wait) await this.#submitter.join();
  }

  /** Takes no more work, and waits until everything has been done and the workers have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /** Cancels what has not begun. Returns what to wait for until inputs of maps have been left. */
  #cancelAll(): Promise<void>[] {
    for (const future of [...this.#futures]) {
      if (future.cancel()) this.#futures.delete(future);
    }
    return [...this.#maps].map((map) => map.cancelRest());
  }

  #endNow(exitCode: number): void {
    void this.shutdown({ wait: false, cancelFutures: true });
    this.#submitter.terminate(exitCode);
  }

  #checkOpen(): void {
    if (this.#isShutDown) throw afterShutdown();
    const { broken } = this.#submitter.engine;
    if (broken !== undefined) throw this.#explain(broken);
  }

  /** An error of the pool as one of the executor, if it keeps the pool from working. */
  #explain(error: unknown): unknown {
    const cause = this.#submitter.engine.broken;
    if (cause === undefined || error !== cause) return error;
    return this.#broken ??= new BrokenExecutor(`The executor cannot work: ${cause.message}`, {
      cause,
    });
  }
}

function afterShutdown(): ClosedError {
  return new ClosedError("Cannot schedule new futures after shutdown");
}

function inputLeft(): ClosedError {
  return new ClosedError(
    "Cannot schedule new futures after shutdown: the input of map had not ended. " +
      "Take the results before shutdown(), or inside the scope of the executor",
  );
}

/** Tells the iterables of a map from its options, which are the one argument that is no iterable. */
function partsOf(
  given: readonly unknown[],
): { iterables: (Iterable<unknown> | AsyncIterable<unknown>)[]; options: ExecutorMapOptions } {
  const last = given.at(-1);
  const hasOptions = typeof last === "object" && last !== null &&
    !(Symbol.iterator in last) && !(Symbol.asyncIterator in last);
  return {
    iterables: (hasOptions ? given.slice(0, -1) : given) as Iterable<unknown>[],
    options: hasOptions ? last as ExecutorMapOptions : {},
  };
}

/** Checks a count that the caller gave. */
export function checkWhole(verb: string, name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot ${verb}: ${name} must be a whole number of at least 1, not ${describe(value)}`,
  );
}
