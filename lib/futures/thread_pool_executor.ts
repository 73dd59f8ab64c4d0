/**
 * An executor whose tasks run in this isolate.
 *
 * @module
 */

import type { OptionNames } from "../arguments/options.ts";
import type { Pool } from "../pool/pool.ts";
import { threadPoolWithNames } from "../pool/thread_pool.ts";
import { Executor } from "./executor.ts";
import { executorNames, type ExecutorOptions, executorOptions } from "./executor_options.ts";

/** Options of a {@linkcode ThreadPoolExecutor}. */
export interface ThreadPoolExecutorOptions<
  InitArgs extends readonly unknown[] = readonly unknown[],
> extends ExecutorOptions<InitArgs> {
  /**
   * Maximum number of tasks that run at the same time.
   *
   * @default {min(32, cpuCount() + 4)}
   */
  maxWorkers?: number | undefined;
  /**
   * Prefix of the names of the executor's threads: in a task, `currentThread().name` is the prefix,
   * `_` and a number.
   *
   * @default {"ThreadPoolExecutor-0", "ThreadPoolExecutor-1", …}
   */
  threadNamePrefix?: string | undefined;
}

const optionNames: OptionNames<ThreadPoolExecutorOptions> = {
  ...executorNames,
  threadNamePrefix: "string",
};

/**
 * An executor whose tasks run in this isolate, a few at a time: they are concurrent where they
 * await something, and not parallel.
 *
 * Functions may be closures, and nothing is copied. The guarantees of {@linkcode ThreadPool}, on
 * which the executor is built, hold here.
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
  static #namesGiven = 0;

  /**
   * Makes an executor.
   *
   * @param options the options, or the maximum number of tasks that run at the same time
   * @throws {RangeError} if `maxWorkers` is not an integer of at least 1
   * @throws {TypeError} if `initializer` is not a function, `initargs` is not an array, or an
   * option does not exist
   */
  constructor(options: number | ThreadPoolExecutorOptions<InitArgs> = {}) {
    const {
      maxWorkers = Math.min(32, navigator.hardwareConcurrency + 4),
      threadNamePrefix = `ThreadPoolExecutor-${ThreadPoolExecutor.#namesGiven++}`,
      ...rest
    } = executorOptions(options, arguments, optionNames);
    const nameOf = (slot: number) => `${threadNamePrefix}_${slot}`;
    super(threadPoolWithNames({ ...rest, processes: maxWorkers }, nameOf) as Pool);
  }
}
