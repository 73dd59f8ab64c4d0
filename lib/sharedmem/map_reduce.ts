/**
 * `MapReduce`: workers process the items of a sequence; the caller reduces their results.
 *
 *     caller --items, at most 64 waiting--> item queue --one at a time--> workers
 *     caller <--reduce, as they arrive-- result queue <-- workers
 *
 * @module
 */

import { getWorkerStartMethod } from "../runtime/start_method.ts";
import { DataCloneError, StopProcessGroup, type WorkerException } from "../errors.ts";
import { checkOptions, isOptionsObject, type OptionNames } from "../arguments/options.ts";
import {
  checkFunction,
  checkInteger,
  checkNumber,
  isArray,
  isIterable,
  wrongType,
} from "../arguments/values.ts";
import { Queue } from "../channels/queue.ts";
import { functionName } from "../codec/functions.ts";
import type { AsyncResult } from "../pool/async_result.ts";
import { type CallSite, callSite, explainFailure } from "../pool/calls/call_site.ts";
import {
  type ProgressOptions,
  type ProgressReport,
  progressReport,
} from "../pool/calls/progress.ts";
import type { Failure } from "../pool/chunks/chunk.ts";
import { MAX_WORKERS } from "../pool/options.ts";
import { Pool } from "../pool/pool.ts";
import { Lock } from "../sync/lock.ts";
import { orAborted } from "../sync/settled.ts";
import { Level, levelForCall } from "../threading/nesting.ts";
import { adviseContext, type EmptyObject } from "../loops/parallel_for.ts";
import { workerException } from "./failure.ts";
import { closeTurns, makeTurns, type Ordered } from "./ordered.ts";
import { runItems, type WorkerShare, type WorkTools } from "./run_items.ts";

/** Maximum number of items, and of results, that wait in their queues. */
const MAX_WAITING = 64;

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

const constructorOptionNames: OptionNames<{ np?: number }> = { np: true };
const mapOptionNames: OptionNames<MapReduceOptions<unknown, unknown, object>> = {
  reduce: "function",
  context: true,
  minLength: true,
  signal: true,
  onProgress: "function",
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
   * @throws {TypeError} if `np` is not a number, or an option is unknown
   */
  constructor(options: { np?: number } = {}) {
    checkOptions("make workers", options, constructorOptionNames);
    const { np = navigator.hardwareConcurrency } = options;
    checkInteger("make workers", "np", np, 0, MAX_WORKERS);
    this.np = np;
  }

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
  async map<T, R, S = Awaited<R>, Context extends object = EmptyObject>(
    work: (item: T, tools: WorkTools<Context>) => R,
    sequence: Iterable<T>,
    options: MapReduceOptions<Awaited<R>, S, Context> = {},
  ): Promise<S[]> {
    checkFunction("map", "work", work);
    checkOptions("map", options, mapOptionNames, adviseContext);
    const { reduce, context = {}, minLength = 0, signal } = options;
    checkMapArguments(sequence, context, minLength);
    signal?.throwIfAborted();
    const items = [...sequence];
    const plan: Plan = {
      work: work as unknown as WorkerShare["work"],
      items,
      reduce: reduce as ((result: unknown) => unknown) | undefined,
      context,
      signal,
      progress: progressReport(options, items.length),
    };
    try {
      return (this.np === 0 || items.length === 0 || items.length < minLength
        ? await this.#mapInCaller(plan)
        : await this.#mapInWorkers(plan, callSite())) as S[];
    } finally {
      plan.progress?.end();
    }
  }

  /** Ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool?.[Symbol.asyncDispose]();
  }

  async #mapInCaller({ work, items, reduce, context, signal, progress }: Plan): Promise<unknown[]> {
    const guard: Disposable = { [Symbol.dispose]() {} };
    const ordered: Ordered = { enter: () => Promise.resolve(guard), enterSync: () => guard };
    const tools = { critical: this.critical, ordered, rank: 0, np: 0, context };
    const results = [];
    const level = new Level(levelForCall("map"));
    try {
      for (const item of items) {
        signal?.throwIfAborted();
        const result = await orAborted(Promise.resolve(level.run(() => work(item, tools))), signal);
        results.push(reduce === undefined ? result : reduce(result));
        progress?.add(1, false);
      }
    } finally {
      level.end();
    }
    return results;
  }

  async #mapInWorkers(plan: Plan, site: CallSite): Promise<unknown[]> {
    const { work, items, context, signal } = plan;
    const pool = this.#pool ??= new Pool({
      processes: this.np,
      startMethod: getWorkerStartMethod(),
    });
    const np = Math.min(this.np, items.length);
    const itemQueue: WorkerShare["items"] = new Queue(MAX_WAITING);
    const results: WorkerShare["results"] = new Queue(MAX_WAITING);
    const { turns, current } = makeTurns(items.length, np);
    const { critical } = this;
    const shared = { work, context, items: itemQueue, results, critical, turns, current, np };
    const workers = startWorkers(pool, shared);
    const end = new AbortController();
    const onAbort = () => end.abort(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    const workersDone = waitForWorkers(workers, shared, site)
      .then((error) => end.abort(error));
    const itemsDone = putItems(items, itemQueue, end.signal).catch((error) => end.abort(error));
    try {
      return await collectResults(plan, results, end.signal);
    } catch (error) {
      for (const worker of workers) worker.cancel(); // one may never end by itself
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
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
  signal: AbortSignal | undefined;
  progress: ProgressReport | undefined;
}

/** Checks the arguments of a map, except the work. */
function checkMapArguments(sequence: unknown, context: unknown, minLength: unknown): void {
  if (typeof sequence !== "string" && !isIterable(sequence)) {
    throw wrongType("map", "sequence", "an array or another iterable", sequence);
  }
  if (!isOptionsObject(context) && !isArray(context)) {
    throw wrongType("map", "context", "an object, such as { x, y }", context);
  }
  checkNumber("map", "minLength", minLength, "a number of at least 0", (length) => length >= 0);
}

/** Starts the workers of a map, one for each rank. */
function startWorkers(
  pool: Pool,
  shared: Omit<WorkerShare, "rank">,
): AsyncResult<Failure | undefined>[] {
  try {
    return Array.from(
      { length: shared.np },
      (_, rank) => pool.applyAsync(runItems, [{ ...shared, rank }]),
    );
  } catch (error) { // the first one cannot be sent
    if (error instanceof DataCloneError) error.message = error.message.replace("args[0].", "");
    throw error;
  }
}

/** Waits until a worker has failed, or all have ended. Returns the error that ends a map then. */
async function waitForWorkers(
  workers: readonly AsyncResult<Failure | undefined>[],
  { work, current }: Omit<WorkerShare, "rank">,
  site: CallSite,
): Promise<WorkerException> {
  const where = (index: number) => ` of ${functionName(work)} failed at item ${index}`;
  const ended = workers.map(async (worker, rank) => {
    let failure: Failure | undefined;
    try {
      failure = await worker;
    } catch (error) { // the worker has died
      const index = current[rank] - 1;
      throw workerException(error, index < 0 ? undefined : where(index));
    }
    if (failure === undefined) return;
    const { index } = failure;
    throw workerException(explainFailure(failure, `, item ${index}`, site), where(index));
  });
  try {
    await Promise.all(ended);
    return workerException(new StopProcessGroup("Cannot map: all workers have stopped"));
  } catch (error) {
    return error as WorkerException;
  }
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
  { items, reduce, signal, progress }: Plan,
  results: WorkerShare["results"],
  end: AbortSignal,
): Promise<unknown[]> {
  const collected = new Array(items.length);
  for (let missing = items.length; missing > 0; missing--) {
    signal?.throwIfAborted();
    // Results that have arrived are taken even if the workers have ended meanwhile.
    const [index, result] = await results.get(results.empty() ? { signal: end } : undefined);
    collected[index] = reduce === undefined ? result : reduce(result);
    progress?.add(1, false);
  }
  return collected;
}
