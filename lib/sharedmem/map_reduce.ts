/**
 * `MapReduce`: workers process the items of a sequence; the caller reduces their results.
 *
 *     caller --items, at most 64 waiting--> item queue --one at a time--> workers
 *     caller <--reduce, as they arrive-- result queue <-- workers
 *
 * @module
 */

import { DataCloneError, StopProcessGroup } from "../errors.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { Queue } from "../channels/queue.ts";
import { Pool } from "../pool/pool.ts";
import { Lock } from "../sync/lock.ts";
import { adviseContext, type EmptyObject } from "../loops/parallel_for.ts";
import { workerException } from "./failure.ts";
import { closeTurns, makeTurns, type Ordered } from "./ordered.ts";
import { runItems, type WorkerShare, type WorkTools } from "./run_items.ts";

/** Maximum number of items, and of results, that wait in their queues. */
const MAX_WAITING = 64;

/** Options of {@linkcode MapReduce.map}. */
export interface MapReduceOptions<R, S, Context extends object> {
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
}

const constructorOptionNames: OptionNames<{ np?: number }> = { np: true };
const mapOptionNames: OptionNames<MapReduceOptions<unknown, unknown, object>> = {
  reduce: "function",
  context: true,
  minLength: true,
};

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
export class MapReduce implements AsyncDisposable {
  /** Number of workers; 0: the caller does all the work. */
  readonly np: number;
  /** The lock that all workers get as `critical`. */
  readonly critical: Lock = new Lock();
  #pool: Pool | undefined;

  /**
   * Starts no worker: the first map does.
   *
   * @param options `np`: the number of workers, by default `cpuCount()`
   * @throws {RangeError} if `np` is not an integer of at least 0
   * @throws {TypeError} if an option is unknown
   */
  constructor(options: { np?: number } = {}) {
    checkOptions("make workers", options, constructorOptionNames);
    const { np = navigator.hardwareConcurrency } = options;
    if (!Number.isInteger(np) || np < 0) {
      throw new RangeError(
        `Cannot make workers: np must be an integer of at least 0, not ${describe(np)}`,
      );
    }
    this.np = np;
  }

  /**
   * Calls `work` with each item, and `reduce` with each result.
   *
   * @returns the return values of `reduce`, or the results, in the order of the sequence
   * @throws {TypeError} if `work` is not a function, `sequence` is not iterable, or an option is unknown
   * @throws {WorkerException} if the work of an item fails, or a worker dies
   * @throws {DataCloneError} if `work`, `context` or an item cannot cross
   * @throws the error that `reduce` throws
   */
  async map<T, R, S = Awaited<R>, Context extends object = EmptyObject>(
    work: (item: T, tools: WorkTools<Context>) => R,
    sequence: Iterable<T>,
    options: MapReduceOptions<Awaited<R>, S, Context> = {},
  ): Promise<S[]> {
    if (typeof work !== "function") {
      throw new TypeError(`Cannot map: work must be a function, not ${typeof work}`);
    }
    checkOptions("map", options, mapOptionNames, adviseContext);
    const items = [...sequence];
    const { reduce, context = {}, minLength = 0 } = options;
    const plan = {
      work: work as unknown as WorkerShare["work"],
      items,
      reduce: reduce as ((result: unknown) => unknown) | undefined,
      context,
    };
    return (this.np === 0 || items.length === 0 || items.length < minLength
      ? await this.#mapInCaller(plan)
      : await this.#mapInWorkers(plan)) as S[];
  }

  /** Ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool?.[Symbol.asyncDispose]();
  }

  async #mapInCaller({ work, items, reduce, context }: Plan): Promise<unknown[]> {
    const guard: Disposable = { [Symbol.dispose]() {} };
    const ordered: Ordered = { enter: () => Promise.resolve(guard), enterSync: () => guard };
    const tools = { critical: this.critical, ordered, rank: 0, np: 0, context };
    const results = [];
    for (const item of items) {
      const result = await work(item, tools);
      results.push(reduce === undefined ? result : reduce(result));
    }
    return results;
  }

  async #mapInWorkers({ work, items, reduce, context }: Plan): Promise<unknown[]> {
    const pool = this.#pool ??= new Pool(this.np);
    const np = Math.min(this.np, items.length);
    const itemQueue: WorkerShare["items"] = new Queue(MAX_WAITING);
    const results: WorkerShare["results"] = new Queue(MAX_WAITING);
    const turns = makeTurns(items.length);
    const end = new AbortController();
    const { critical } = this;
    const shared = { work, context, items: itemQueue, results, critical, turns, np };
    const workers = Array.from(
      { length: np },
      (_, rank) => pool.applyAsync(runItems, [{ ...shared, rank }]),
    );
    const workersDone = Promise.all(workers).then(
      () =>
        end.abort(workerException(new StopProcessGroup("Cannot map: all workers have stopped"))),
      (error) => end.abort(workerException(error)),
    );
    const itemsDone = putItems(items, itemQueue, end.signal).catch((error) => end.abort(error));
    try {
      return await collectResults(items.length, results, reduce, end.signal);
    } finally {
      end.abort();
      await itemsDone;
      await closeTurns(turns);
      itemQueue.shutdown({ immediate: true });
      results.close();
      await workersDone;
    }
  }
}

/** Arguments of a map, checked. */
interface Plan {
  work: WorkerShare["work"];
  items: unknown[];
  reduce: ((result: unknown) => unknown) | undefined;
  context: object;
}

/** Puts the items into the queue, as fast as workers take them, until the map ends. */
async function putItems(
  items: unknown[],
  queue: WorkerShare["items"],
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const [index, item] of items.entries()) {
      await queue.put([index, item], { signal }).catch((error) => {
        if (error instanceof DataCloneError) {
          error.message = error.message.replace("item[1]", `items[${index}]`);
        }
        throw error;
      });
    }
    queue.close();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Takes the results as they arrive; returns them in the order of the items. */
async function collectResults(
  count: number,
  results: WorkerShare["results"],
  reduce: Plan["reduce"],
  signal: AbortSignal,
): Promise<unknown[]> {
  const collected = new Array(count);
  for (let missing = count; missing > 0; missing--) {
    // Results that have arrived are taken even if the workers have ended meanwhile.
    const [index, result] = await results.get(results.empty() ? { signal } : undefined);
    collected[index] = reduce === undefined ? result : reduce(result);
  }
  return collected;
}
