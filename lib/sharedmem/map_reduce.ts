/**
 * Work on each item of a sequence, in workers that take one after the other, and its results taken
 * together in the caller as they come.
 *
 *     caller --items, 64 at most--> tasks queue --pulled by--> workers
 *     caller <--reduce, as they come-- results queue <-- workers
 *
 * @module
 */

import {
  AbandonedLockError,
  DataCloneError,
  StopProcessGroup,
  WorkerException,
} from "../errors.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { Queue } from "../channels/queue.ts";
import { task } from "../codec/task.ts";
import { RawValue } from "../memory/value.ts";
import { type Awaitable, Pool } from "../pool/pool.ts";
import { Condition } from "../sync/condition.ts";
import { Lock } from "../sync/lock.ts";
import { adviseContext, type EmptyObject } from "../loops/parallel_for.ts";

/** Most items, and most results, that wait. */
const MAX_WAITING = 64;
/** The turn after the last: nobody's. */
const OVER = -1;

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

const makingNames: OptionNames<{ np?: number }> = { np: true };
const mapNames: OptionNames<MapReduceOptions<unknown, unknown, object>> = {
  reduce: "function",
  context: true,
  minLength: true,
};

interface MapReduceStart {
  work: (item: unknown, tools: WorkTools<object>) => unknown;
  context: object;
  tasks: Queue<[index: number, item: unknown]>;
  results: Queue<[index: number, result: unknown]>;
  critical: Lock;
  turns: Turns;
  rank: number;
  np: number;
}

/** Whose turn it is in the ordered section, and who waits for it. */
interface Turns {
  turn: RawValue<"int32">;
  /** 1 for each item that has passed. */
  passed: Uint8Array;
  changed: Condition;
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
export class MapReduce implements AsyncDisposable {
  /** Number of workers; 0: the caller does it all. */
  readonly np: number;
  /** The lock that the work of all workers has as `critical`. */
  readonly critical: Lock = new Lock();
  #pool: Pool | undefined;

  /**
   * Makes a group of workers, which start with the first map.
   *
   * @param options `np`: their number, `cpuCount()` if it is left out
   * @throws {RangeError} if `np` is not a whole number of at least 0
   * @throws {TypeError} if there is no such option
   */
  constructor(options: { np?: number } = {}) {
    checkOptions("make workers", options, makingNames);
    const { np = navigator.hardwareConcurrency } = options;
    if (!Number.isInteger(np) || np < 0) {
      throw new RangeError(
        `Cannot make workers: np must be a whole number of at least 0, not ${describe(np)}`,
      );
    }
    this.np = np;
  }

  /**
   * Calls `work` with each item, and `reduce` with each result.
   *
   * @returns what `reduce` returned, or the results, in the order of the sequence
   * @throws {TypeError} if `work` is not a function, `sequence` not iterable, or there is no such option
   * @throws {WorkerException} if the work of an item fails, or a worker dies
   * @throws {DataCloneError} if `work`, `context` or an item cannot cross
   * @throws what `reduce` throws
   */
  async map<T, R, S = Awaited<R>, Context extends object = EmptyObject>(
    work: (item: T, tools: WorkTools<Context>) => R,
    sequence: Iterable<T>,
    options: MapReduceOptions<Awaited<R>, S, Context> = {},
  ): Promise<S[]> {
    if (typeof work !== "function") {
      throw new TypeError(`Cannot map: work must be a function, not ${typeof work}`);
    }
    checkOptions("map", options, mapNames, adviseContext);
    const items = [...sequence];
    const { reduce, context = {}, minLength = 0 } = options;
    const plan = {
      work: work as unknown as MapReduceStart["work"],
      items,
      reduce: reduce as ((result: unknown) => unknown) | undefined,
      context,
    };
    return (this.np === 0 || items.length === 0 || items.length < minLength
      ? await this.#mapHere(plan)
      : await this.#mapInWorkers(plan)) as S[];
  }

  /** Ends the workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool?.[Symbol.asyncDispose]();
  }

  async #mapHere({ work, items, reduce, context }: Plan): Promise<unknown[]> {
    const open: Disposable = { [Symbol.dispose]() {} };
    const ordered: Ordered = { enter: () => Promise.resolve(open), enterSync: () => open };
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
    const tasks: MapReduceStart["tasks"] = new Queue(MAX_WAITING);
    const results: MapReduceStart["results"] = new Queue(MAX_WAITING);
    const turns = makeTurns(items.length);
    const over = new AbortController();
    const workers = Array.from({ length: np }, (_, rank) => {
      const { critical } = this;
      const order: MapReduceStart = { work, context, tasks, results, critical, turns, rank, np };
      return pool.applyAsync(runWorker, [order]);
    });
    const ended = Promise.all(workers).then(
      () => over.abort(exception(new StopProcessGroup("Cannot map: all workers have stopped"))),
      (error) => over.abort(exception(error)),
    );
    const fed = feed(items, tasks, over.signal).catch((error) => over.abort(error));
    try {
      return await collect(items.length, results, reduce, over.signal);
    } finally {
      over.abort();
      await fed;
      await closeTurns(turns);
      tasks.shutdown({ immediate: true });
      results.close();
      await ended;
    }
  }
}

interface Plan {
  work: MapReduceStart["work"];
  items: unknown[];
  reduce: ((result: unknown) => unknown) | undefined;
  context: object;
}

/** Puts the items into the queue, as fast as they are taken, until the map is over. */
async function feed(
  items: unknown[],
  tasks: MapReduceStart["tasks"],
  signal: AbortSignal,
): Promise<void> {
  try {
    for (const [index, item] of items.entries()) {
      await tasks.put([index, item], { signal }).catch((error) => {
        if (error instanceof DataCloneError) {
          error.message = error.message.replace("item[1]", `items[${index}]`);
        }
        throw error;
      });
    }
    tasks.close();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Takes the results as they come, into their places. */
async function collect(
  count: number,
  results: MapReduceStart["results"],
  reduce: Plan["reduce"],
  signal: AbortSignal,
): Promise<unknown[]> {
  const collected = new Array(count);
  for (let missing = count; missing > 0; missing--) {
    // What has come is taken before the end of the workers is noticed.
    const [index, result] = await results.get(results.empty() ? { signal } : undefined);
    collected[index] = reduce === undefined ? result : reduce(result);
  }
  return collected;
}

function exception(reason: unknown): WorkerException {
  const said = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  return new WorkerException(`The work of a map failed: ${said}`, { cause: reason });
}

// In the worker

const runWorker = task(import.meta, async (order: MapReduceStart): Promise<void> => {
  const { work, context, tasks, results, critical, turns, rank, np } = order;
  for await (const [index, item] of tasks) {
    const passage = new Passage(turns, index);
    let result: unknown;
    try {
      result = await work(item, { critical, ordered: passage, rank, np, context });
    } catch (error) {
      if (!(error instanceof StopProcessGroup)) throw error;
      passage.leave(); // nobody else will, and others wait for it
      return;
    }
    passage.leave();
    results.putSync([index, result]);
  }
});

// The ordered section: `turn` is the first item that has not passed. All is read and written under
// the condition's lock.

function makeTurns(items: number): Turns {
  return {
    turn: new RawValue("int32", 0),
    passed: new Uint8Array(new SharedArrayBuffer(items)),
    changed: new Condition(),
  };
}

/** Lets nobody pass any more, and those who wait go. */
async function closeTurns({ turn, changed }: Turns): Promise<void> {
  using _ = await acquired(changed);
  turn.value = OVER;
  changed.notifyAll();
}

/** The lock of the turns, also when a worker died with it: the map is about to end then. */
async function acquired(changed: Condition): Promise<Disposable> {
  try {
    return await changed.acquire();
  } catch (error) {
    return inherited(changed, error);
  }
}

/** As `acquired`, blocking the thread. */
function acquiredSync(changed: Condition): Disposable {
  try {
    return changed.acquireSync();
  } catch (error) {
    return inherited(changed, error);
  }
}

function inherited(changed: Condition, error: unknown): Disposable {
  if (!(error instanceof AbandonedLockError)) throw error;
  return { [Symbol.dispose]: () => changed.release() };
}

/** The ordered section, as one item passes it. */
class Passage implements Ordered {
  readonly #turns: Turns;
  readonly #index: number;
  #left = false;

  constructor(turns: Turns, index: number) {
    this.#turns = turns;
    this.#index = index;
  }

  async enter(): Promise<Disposable> {
    const { changed } = this.#turns;
    using _ = await acquired(changed);
    await changed.waitFor(() => this.#mayPass());
    return this.#guard();
  }

  enterSync(): Disposable {
    const { changed } = this.#turns;
    using _ = acquiredSync(changed);
    changed.waitForSync(() => this.#mayPass());
    return this.#guard();
  }

  /** Lets the next item in; an item that never entered passes as well. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    const { turn, passed, changed } = this.#turns;
    using _ = acquiredSync(changed);
    passed[this.#index] = 1;
    let next = turn.value;
    if (next !== this.#index) return;
    while (passed[next] === 1) next++;
    turn.value = next;
    changed.notifyAll();
  }

  #mayPass(): boolean {
    const turn = this.#turns.turn.value;
    if (turn === OVER) throw new StopProcessGroup("Cannot enter: the map is over");
    return turn === this.#index;
  }

  #guard(): Disposable {
    return { [Symbol.dispose]: () => this.leave() };
  }
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
export function background<A extends readonly unknown[], R>(
  fn: (...args: A) => Awaitable<R>,
  ...args: A
): Background<R> {
  const pool = new Pool(1);
  const result = pool.applyAsync(fn, args, { errorCallback: () => {} });
  pool.close();
  return {
    async wait() {
      try {
        return await result;
      } catch (error) {
        throw exception(error);
      } finally {
        await pool.join();
      }
    },
  };
}
