// The declarations of lib/pool/thread_pool.ts

import type { PoolLimits } from "./options.d.ts";
import type { Pool } from "./pool.d.ts";

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
export declare class ThreadPool<InitArgs extends readonly unknown[] = readonly unknown[]>
  extends Pool<InitArgs> {
  /**
   * Makes a pool.
   *
   * @param options its options, or the maximum number of calls that run at a time
   * @throws {RangeError} if `processes` is not an integer from 1 to 65,536
   * @throws {TypeError} if `initializer` is not a function, `initargs` is not an array, an option is
   * unknown, or there are further arguments, as in Python
   */
  constructor(options?: number | ThreadPoolOptions<InitArgs>);
}

export {};
