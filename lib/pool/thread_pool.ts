/**
 * Pools whose tasks run in this isolate.
 *
 * @module
 */

import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import { PoolThread } from "../threading/pool_thread.ts";
import { runAs, running } from "../threading/running.ts";
import { setThreadTask } from "./current_task.ts";
import { ENGINE, type EngineChoice, type EngineFactory } from "./engines/engine.ts";
import { SameIsolateEngine } from "./engines/same_isolate/same_isolate_engine.ts";
import { limitNames, type PoolLimits } from "./options.ts";
import { Pool, POOL_OPTIONS_EXAMPLE, type PoolOptions } from "./pool.ts";

/** Options of a {@linkcode ThreadPool}. */
export interface ThreadPoolOptions<InitArgs extends readonly unknown[] = readonly unknown[]>
  extends PoolLimits {
  /**
   * Maximum number of calls that run at a time.
   *
   * @default {cpuCount()}
   */
  processes?: number | undefined;
  /** Called once in each thread of the pool before its first task. If it fails, all tasks fail. */
  initializer?: ((...args: InitArgs) => unknown) | undefined;
  /** Arguments of `initializer`. */
  initargs?: InitArgs | undefined;
}

const optionNames: OptionNames<ThreadPoolOptions> = {
  processes: true,
  initializer: true,
  initargs: true,
  ...limitNames,
};

/**
 * A {@linkcode Pool} whose tasks run in this isolate: at most `processes` of them at a time, concurrent
 * where they await something, not parallel. It limits the number of requests, files or other waits that
 * are open at a time; for computing, use a `Pool`.
 *
 * It has all methods of `Pool`, with these differences:
 *
 * - Nothing is copied: functions may be closures, and arguments and results are the objects themselves.
 *   An error is the object that was thrown.
 * - In a task, `currentThread()` is a thread of the pool, and `local()` has the values of that thread,
 *   including those that the initializer stored: it runs once in each thread.
 * - Tasks begin in a later microtask, in the order in which they were submitted. The event loop gets a
 *   turn at least every 20 ms between tasks.
 * - A blocked isolate settles no promises. So `applySync`, `mapSync` and `starmapSync` run their tasks
 *   within the call, whatever else is running, and throw `DeadlockError` if a task returns a promise.
 * - A task may make calls of its own pool. It keeps its thread while it awaits them: if all threads do,
 *   none is left to run the calls, and nothing tells, since a task may go on for another reason.
 *   `applySync`, `mapSync` and `starmapSync` need no thread. `join()` and the end of `await using` in a
 *   task of the pool throw `DeadlockError`, as they would wait for the task.
 * - Calls in tasks in calls, and so on, may be nested 100 deep; then a call throws `RangeError`.
 * - `terminate()` fails the calls that have not ended. Waits of this package in their tasks end with
 *   `TerminatedError`; nothing else can stop a task, and `join()` does not wait for it then.
 * - Calls that have not ended do not keep the program alive; what they wait for does.
 *
 * Follows Python's `multiprocessing.pool.ThreadPool`.
 *
 * @example Two at a time
 * ```ts
 * import { ThreadPool } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * let [open, maxOpen] = [0, 0];
 * async function fetchLength(page: string) {
 *   maxOpen = Math.max(maxOpen, ++open);
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   open--;
 *   return page.length;
 * }
 * await using pool = new ThreadPool(2);
 * assertEquals(await pool.map(fetchLength, ["a", "bc", "def", "g"]), [1, 2, 3, 1]);
 * assertEquals(maxOpen, 2);
 * ```
 */
export class ThreadPool<InitArgs extends readonly unknown[] = readonly unknown[]>
  extends Pool<InitArgs> {
  /**
   * Makes a pool.
   *
   * @param options its options, or the maximum number of calls that run at a time
   * @throws {RangeError} if `processes` is not an integer from 1 to 65,536
   * @throws {TypeError} if `initializer` is not a function, `initargs` is not an array, an option is
   * unknown, or there are further arguments, as in Python
   */
  constructor(options: number | ThreadPoolOptions<InitArgs> = {}) {
    checkArity("make pool", arguments, 1, POOL_OPTIONS_EXAMPLE);
    const given = typeof options === "number" ? { processes: options } : options;
    checkOptions("make pool", given, optionNames);
    // Options of threadPoolWithNames() have an engine of their own, which takes precedence.
    super({ [ENGINE]: threadEngine(nextThreadName), ...given } as PoolOptions<InitArgs>);
  }
}

let lastThread = 0;

function nextThreadName(): string {
  return `ThreadPoolWorker-${++lastThread}`;
}

/** Makes a pool whose threads have custom names. */
export function threadPoolWithNames<InitArgs extends readonly unknown[]>(
  options: ThreadPoolOptions<InitArgs>,
  nameOf: (slot: number) => string,
): ThreadPool<InitArgs> {
  const setup: typeof options & EngineChoice = { ...options, [ENGINE]: threadEngine(nameOf) };
  return new ThreadPool(setup);
}

function threadEngine(nameOf: (slot: number) => string): EngineFactory {
  return (options) => {
    const maker = running();
    const threads = Array.from({ length: options.size }, (_, slot) => new PoolThread(nameOf(slot)));
    return new SameIsolateEngine(options, {
      run: (slot, code) => void threads[slot].runCode(code),
      setTask: (slot, task) => setThreadTask(threads[slot], task),
      replace: (slot) => {
        const { name } = threads[slot];
        threads[slot].abandon(`the task of ${name} was given up after its call had ended`);
        threads[slot] = runAs(maker, () => new PoolThread(nameOf(slot)));
      },
      abandon: () =>
        threads.forEach((thread) => {
          thread.abandon(`the pool of ${thread.name} was terminated`);
        }),
    });
  };
}
