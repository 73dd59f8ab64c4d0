// The declarations of lib/sharedmem/map_reduce.ts

import type { Awaitable } from "../pool/pool.d.ts";
import type { Lock } from "../sync/lock.d.ts";
import type { EmptyObject } from "../loops/parallel_for.d.ts";

/** A section that items pass one at a time, in their order. */
export interface Ordered {
  /** Waits until all items before this one have passed; the guard lets the next one in. */
  enter(): Promise<Disposable>;
  /** As `enter`, blocking the thread. */
  enterSync(): Disposable;
}

/** What the work of a {@linkcode MapReduce} has besides its item. */
export interface WorkTools<Context extends object = EmptyObject> {
  /** One worker at a time: `using _ = critical.acquireSync()`. */
  readonly critical: Lock;
  /** One item at a time, in the order of the sequence: `using _ = ordered.enterSync()`. */
  readonly ordered: Ordered;
  /** The number of the worker, from 0. */
  readonly rank: number;
  /** Number of workers; 0 if the caller does it all. */
  readonly np: number;
  /** What the caller gave as `context`. */
  readonly context: Context;
}

/** Options of {@linkcode MapReduce.map}. */
export interface MapReduceOptions<R, S, Context extends object> {
  /**
   * Called here with each result as it comes, in whatever order; what it returns takes the place of
   * the result.
   */
  reduce?: ((result: R) => S) | undefined;
  /**
   * What the work sees as `context` of its second argument: shared arrays, and values, which are
   * copied once for each worker.
   */
  context?: Context | undefined;
  /**
   * Sequences shorter than this are worked on in the caller.
   *
   * @default {0}
   */
  minLength?: number | undefined;
}

/**
 * Workers for work on each item of a sequence.
 *
 * - Workers take one item after the other, so that all have work until the end.
 * - The work is a task, or a function that sees nothing but its item and its tools: `critical`,
 *   `ordered`, `rank`, `np` and the `context` that the caller gave.
 * - An error in the work ends the map with {@linkcode WorkerException}; so does the death of a worker.
 *   {@linkcode StopProcessGroup} ends only its worker.
 * - With `np: 0` the caller does it all, one item after the other, and errors are thrown as they are:
 *   for debugging.
 *
 * Follows `MapReduce` of Python's `sharedmem`, where work is a closure.
 *
 * @example Square numbers, added as they come
 * ```ts
 * import { MapReduce } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * await using pool = new MapReduce({ np: 2 });
 * let sum = 0;
 * const squares = await pool.map((i: number) => i * i, [0, 1, 2, 3], {
 *   reduce: (square) => {
 *     sum += square;
 *     return square;
 *   },
 * });
 * assertEquals(squares, [0, 1, 4, 9]);
 * assertEquals(sum, 14);
 * ```
 *
 * @example One at a time
 * ```ts
 * import { MapReduce, sharedArray } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * const counter = sharedArray("float64", 1);
 * await using pool = new MapReduce();
 * await pool.map((i: number, { critical, context: { counter } }) => {
 *   using _ = critical.acquireSync();
 *   counter[0] += i;
 * }, Array(10).keys(), { context: { counter } });
 * assertEquals(counter[0], 45);
 * ```
 */
export declare class MapReduce implements AsyncDisposable {
  #private;
  /** Number of workers; 0: the caller does it all. */
  readonly np: number;
  /** The lock that the work of all workers has as `critical`. */
  readonly critical: Lock;
  /**
   * Makes a group of workers, which start with the first map.
   *
   * @param options `np`: their number, `cpuCount()` if it is left out
   * @throws {RangeError} if `np` is not a whole number of at least 0
   * @throws {TypeError} if there is no such option
   */
  constructor(options?: {
    np?: number;
  });
  /**
   * Calls `work` with each item, and `reduce` with each result.
   *
   * @returns what `reduce` returned, or the results, in the order of the sequence
   * @throws {TypeError} if `work` is not a function, `sequence` not iterable, or there is no such option
   * @throws {WorkerException} if the work of an item fails, or a worker dies
   * @throws {DataCloneError} if `work`, `context` or an item cannot cross
   * @throws what `reduce` throws
   */
  map<T, R, S = Awaited<R>, Context extends object = EmptyObject>(
    work: (item: T, tools: WorkTools<Context>) => R,
    sequence: Iterable<T>,
    options?: MapReduceOptions<Awaited<R>, S, Context>,
  ): Promise<S[]>;
  /** Ends the workers. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A call that runs in a worker of its own: see {@linkcode background}. */
export interface Background<R> {
  /**
   * Waits for what the function returns.
   *
   * @throws {WorkerException} if it throws, or its worker dies
   */
  wait(): Promise<R>;
}

/**
 * Starts a function in a worker of its own.
 *
 * Follows `background` of Python's `sharedmem`.
 *
 * @param fn a task, or a function that sees nothing outside itself
 * @param args its arguments
 * @throws {DataCloneError} if `fn` or `args` cannot cross
 *
 * @example Meanwhile
 * ```ts
 * import { background } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * const root = background(Math.sqrt, 2);
 * assertEquals(await root.wait(), Math.SQRT2);
 * ```
 */
export declare function background<A extends readonly unknown[], R>(
  fn: (...args: A) => Awaitable<R>,
  ...args: A
): Background<R>;

export {};
