/**
 * A pool whose tasks run in this isolate.
 *
 * @module
 */

import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import { PoolThread } from "../threading/pool_thread.ts";
import { EngineMaker } from "./engines/engine.ts";
import { SameIsolateEngine } from "./engines/same_isolate/same_isolate_engine.ts";
import { Pool, type PoolOptions, writeOptions } from "./pool.ts";

/** Options of a {@linkcode ThreadPool}. */
export interface ThreadPoolOptions<InitArgs extends readonly unknown[] = readonly unknown[]> {
  /**
   * Number of calls that are under way at once.
   *
   * @default {cpuCount()}
   */
  processes?: number;
  /** Called once in each of the pool's threads before their first task. If it fails, so do all tasks. */
  initializer?: (...args: InitArgs) => unknown;
  /** Arguments of `initializer`. */
  initargs?: InitArgs;
}

const optionNames: OptionNames<ThreadPoolOptions> = {
  processes: true,
  initializer: true,
  initargs: true,
};

/**
 * A {@linkcode Pool} whose tasks run in this isolate: at most `processes` of them are under way at
 * once, concurrent where they await something, not parallel. For many requests, files or other waits
 * of which only a few shall be open at a time; for computing, take a `Pool`.
 *
 * All that `Pool` has is here, with these differences:
 *
 * - Nothing is copied: functions may be closures, arguments and results are the objects themselves.
 *   An error is the very object that was thrown.
 * - A task sees a thread of the pool as `currentThread()`, and what `local()` keeps for that: also what
 *   the initializer has put there, which runs once in each of the threads.
 * - Tasks begin in a later microtask, in the order in which they were submitted; the event loop has
 *   a turn at least every 20 ms between tasks.
 * - A blocked thread runs no promises. So `applySync`, `mapSync` and `starmapSync` run their tasks
 *   here and now, whatever else is under way, and throw `DeadlockError` if one returns a promise.
 * - `terminate()` fails the calls that have not ended, and ends the waits of their tasks for what this
 *   package offers, with `TerminatedError`. Nothing else can stop a task, and `join()` does not wait
 *   for it then.
 * - Calls that have not ended do not keep the program alive, what they wait for does.
 *
 * Follows Python's `multiprocessing.pool.ThreadPool`.
 *
 * @example Two at a time
 * ```ts
 * import { ThreadPool } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * let [open, most] = [0, 0];
 * async function fetchLength(page: string) {
 *   most = Math.max(most, ++open);
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   open--;
 *   return page.length;
 * }
 * await using pool = new ThreadPool(2);
 * assertEquals(await pool.map(fetchLength, ["a", "bc", "def", "g"]), [1, 2, 3, 1]);
 * assertEquals(most, 2);
 * ```
 */
export class ThreadPool<InitArgs extends readonly unknown[] = readonly unknown[]>
  extends Pool<InitArgs> {
  /**
   * Makes a pool.
   *
   * @param options its options, or the number of tasks that are under way at once
   * @throws {RangeError} if `processes` is not a whole number of at least 1
   * @throws {TypeError} if `initializer` is not a function, `initargs` no array, there is no such option,
   * or there are further arguments, as in Python
   */
  constructor(options?: number | ThreadPoolOptions<InitArgs>);
  /** @internal A pool whose threads have names of another kind. */
  constructor(
    options: number | ThreadPoolOptions<InitArgs> | undefined,
    engineMaker: EngineMaker,
  );
  constructor(
    options: number | ThreadPoolOptions<InitArgs> = {},
    engineMaker?: EngineMaker,
  ) {
    if (!(engineMaker instanceof EngineMaker)) checkArity("make pool", arguments, 1, writeOptions);
    if (typeof options !== "number") checkOptions("make pool", options, optionNames);
    super(
      options as number | PoolOptions<InitArgs>,
      engineMaker ?? threadsNamed(() => `ThreadPoolWorker-${++names}`),
    );
  }
}

let names = 0;

/** Makes engines whose threads have these names. */
export function threadsNamed(nameOf: (place: number) => string): EngineMaker {
  return new EngineMaker((options) => {
    const threads: PoolThread[] = [];
    for (let place = 0; place < options.size; place++) threads.push(new PoolThread(nameOf(place)));
    return new SameIsolateEngine(options, {
      run: (place, code) => void threads[place].runPiece(code),
      abandon: () => threads.forEach((thread) => thread.abandon()),
    });
  });
}
