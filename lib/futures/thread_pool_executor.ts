/**
 * An executor in this isolate.
 *
 * @module
 */

import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import type { Pool } from "../pool/pool.ts";
import { ThreadPool, threadsNamed } from "../pool/thread_pool.ts";
import { checkWhole, Executor } from "./executor.ts";

/** Options of a {@linkcode ThreadPoolExecutor}. */
export interface ThreadPoolExecutorOptions<
  InitArgs extends readonly unknown[] = readonly unknown[],
> {
  /**
   * Number of tasks that are under way at once.
   *
   * @default {min(32, cpuCount() + 4)}
   */
  maxWorkers?: number;
  /**
   * What the names of its threads begin with: `currentThread().name` in a task is that, `_` and a
   * number.
   *
   * @default {"ThreadPoolExecutor-0", "ThreadPoolExecutor-1", …}
   */
  threadNamePrefix?: string;
  /** Called once in each of its threads before its first task. If it fails, the executor is broken. */
  initializer?: (...args: InitArgs) => unknown;
  /** Arguments of `initializer`. */
  initargs?: InitArgs;
}

const optionNames: OptionNames<ThreadPoolExecutorOptions> = {
  maxWorkers: true,
  threadNamePrefix: true,
  initializer: true,
  initargs: true,
};

/**
 * An executor whose tasks run in this isolate, a few at a time: concurrent where they await
 * something, not parallel.
 *
 * Functions may be closures, and nothing is copied. What is said of {@linkcode ThreadPool}, on which
 * it stands, holds here.
 *
 * Follows Python's `concurrent.futures.ThreadPoolExecutor`.
 *
 * @example Two requests at a time
 * ```ts
 * import { ThreadPoolExecutor } from "@sauropod/multiprocessing/futures";
 * import { assertEquals } from "@std/assert";
 *
 * const pages = new Map([["a", "alpha"], ["b", "beta"]]);
 * const load = async (name: string) => {
 *   await new Promise((resolve) => setTimeout(resolve, 1));
 *   return pages.get(name)?.length;
 * };
 * await using executor = new ThreadPoolExecutor({ maxWorkers: 2 });
 * assertEquals(await executor.submit(load, "a"), 5);
 * assertEquals(await Array.fromAsync(executor.map(load, ["a", "b"])), [5, 4]);
 * ```
 *
 * @example A connection for each thread
 * ```ts
 * import { ThreadPoolExecutor } from "@sauropod/multiprocessing/futures";
 * import { local } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * let opened = 0;
 * const mine = local(() => ({ connection: 0 }));
 * const initializer = () => void (mine.connection = ++opened);
 * await using executor = new ThreadPoolExecutor({ maxWorkers: 2, initializer });
 * const use = async () => await mine.connection;
 * const used = await Promise.all([1, 2, 3, 4].map(() => executor.submit(use)));
 * assertEquals([opened, new Set(used)], [2, new Set([1, 2])]);
 * ```
 */
export class ThreadPoolExecutor<InitArgs extends readonly unknown[] = readonly unknown[]>
  extends Executor {
  /**
   * Makes an executor.
   *
   * @param options its options, or the number of tasks that are under way at once
   * @throws {RangeError} if `maxWorkers` is not a whole number of at least 1
   * @throws {TypeError} if `initializer` is not a function, `initargs` no array, or there is no such option
   */
  constructor(options: number | ThreadPoolExecutorOptions<InitArgs> = {}) {
    checkArity("make executor", arguments, 1, "Write { maxWorkers: 2, initializer: fn }");
    const given = typeof options === "number" ? { maxWorkers: options } : options;
    checkOptions("make executor", given, optionNames);
    const { maxWorkers = Math.min(32, navigator.hardwareConcurrency + 4) } = given;
    checkWhole("make executor", "maxWorkers", maxWorkers);
    const { threadNamePrefix = `ThreadPoolExecutor-${executors++}`, initializer, initargs } = given;
    const nameOf = (place: number) => `${threadNamePrefix}_${place}`;
    super(
      new ThreadPool(
        { processes: maxWorkers, initializer, initargs },
        threadsNamed(nameOf),
      ) as Pool,
    );
  }
}

let executors = 0;
