// The declarations of lib/sharedmem/map_reduce.ts

import type { ProgressOptions } from "../pool/calls/progress.d.ts";
import type { Lock } from "../sync/lock.d.ts";
import type { EmptyObject } from "../loops/parallel_for.d.ts";
import type { WorkTools } from "./run_items.d.ts";

/** Options of {@linkcode MapReduce.map}. */
export interface MapReduceOptions<R, S, Context extends object> extends ProgressOptions {
  /**
   * Called in the caller with each result, in the order in which they arrive. Its return value
   * replaces the result.
   */
  reduce?: ((result: R) => S) | undefined;
  /**
   * Property `context` of the second argument of the work: shared arrays, and values, which are copied
   * once for each worker.
   */
  context?: Context | undefined;
  /**
   * Minimum length of a sequence to use workers; a shorter one is processed in the caller.
   *
   * @default {0}
   */
  minLength?: number | undefined;
  /** Ends the map with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/**
 * Processes the items of a sequence in several workers, and reduces the results in the caller.
 *
 * - Workers take one item at a time from a queue, so that none is idle while items are left.
 * - The work is a task, or a function that uses nothing but its item and its tools: `critical`,
 *   `ordered`, `rank`, `np` and the caller's `context`.
 * - If the work throws, or a worker dies, the map rejects with a {@linkcode WorkerException}. A
 *   {@linkcode StopProcessGroup} ends only its worker.
 * - With `np: 0` the caller processes all items, one after the other, and errors are rethrown
 *   unchanged: for debugging.
 *
 * Follows `MapReduce` of Python's `sharedmem`, where the work is a closure.
 *
 * @example Squares, added up as they arrive
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
 * @example A critical section
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
  /** Number of workers; 0: the caller does all the work. */
  readonly np: number;
  /** The lock that all workers get as `critical`. */
  readonly critical: Lock;
  /**
   * Starts no worker: the first map does.
   *
   * @param options `np`: the number of workers, by default `cpuCount()`
   * @throws {RangeError} if `np` is not an integer of at least 0
   * @throws {TypeError} if `np` is not a number, or an option is unknown
   */
  constructor(options?: {
    np?: number;
  });
  /**
   * Calls `work` with each item, and `reduce` with each result.
   *
   * @returns the return values of `reduce`, or the results, in the order of the sequence
   * @throws {TypeError} if `work` is not a function, `sequence` is not iterable, `context` is not an
   * object, or an option is unknown
   * @throws {RangeError} if `minLength` is not a number of at least 0, or if maps in callers are nested
   * more than 100 deep
   * @throws {WorkerException} if the work of an item fails, or a worker dies; it names the work and the item
   * @throws {DataCloneError} if `work`, `context` or an item cannot cross
   * @throws the error that `reduce` throws
   * @throws the reason of `signal`, if that is aborted first
   */
  map<T, R, S = Awaited<R>, Context extends object = EmptyObject>(
    work: (item: T, tools: WorkTools<Context>) => R,
    sequence: Iterable<T>,
    options?: MapReduceOptions<Awaited<R>, S, Context>,
  ): Promise<S[]>;
  /** Ends the workers. */
  [Symbol.asyncDispose](): Promise<void>;
}

export {};
