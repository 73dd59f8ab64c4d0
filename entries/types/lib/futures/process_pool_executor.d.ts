// The declarations of lib/futures/process_pool_executor.ts

import type { PoolEngine } from "../pool/engines/engine.d.ts";
import type { LaunchOptions } from "../runtime/launch.d.ts";
import type { StartMethod } from "../runtime/start_method.d.ts";
import type { Executor } from "./executor.d.ts";
import type { ExecutorOptions } from "./executor_options.d.ts";

/** Options of a {@linkcode ProcessPoolExecutor}. */
export interface ProcessPoolExecutorOptions<
  InitArgs extends readonly unknown[] = readonly unknown[],
> extends ExecutorOptions<InitArgs>, LaunchOptions {
  /**
   * Maximum number of workers.
   *
   * @default {cpuCount()}
   */
  maxWorkers?: number | undefined;
  /**
   * Number of tasks, or chunks of a map, that a worker runs before it is replaced.
   *
   * @default {no limit}
   */
  maxTasksPerChild?: number | undefined;
  /**
   * `"spawn"`: fresh workers; `"forkserver"`: workers that were started in advance; `"process"`: processes
   * of the operating system.
   *
   * @default {getStartMethod()}
   */
  startMethod?: StartMethod | undefined;
  /**
   * How long a worker may take to start, in milliseconds; see `PoolOptions`.
   *
   * @default {Infinity}
   */
  startTimeoutMs?: number | undefined;
  /**
   * How long a worker waits for a task before it ends, in milliseconds; see `PoolOptions`.
   *
   * @default {60_000}
   */
  idleTimeoutMs?: number | undefined;
  /**
   * What runs the tasks in place of workers of this program: a `cluster()` of `./cluster`. Of the other
   * options, only those of tasks go with it; `retries` is 1 by default.
   */
  engine?: PoolEngine | undefined;
}

/**
 * An executor whose tasks run in workers, in parallel.
 *
 * - Functions and arguments cross to a worker as they do in a `Pool`, on which the executor is
 *   built. A value that cannot cross makes `submit()` throw; in Python, the future fails.
 * - If a worker dies, the task that it ran fails with `WorkerDiedError`, and the worker is
 *   replaced. In Python, the executor is broken then, and all its futures fail.
 * - The executor is broken only if its initializer fails or its workers do not start: calls that
 *   have not ended fail with `BrokenExecutor`, and `submit()` throws it.
 * - Futures that have not ended keep the program alive; the executor itself does not.
 *
 * Follows Python's `concurrent.futures.ProcessPoolExecutor`.
 *
 * @example Results in the order in which they arrive
 * ```ts
 * import { asCompleted, ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
 * import { assertEquals } from "@std/assert";
 *
 * await using executor = new ProcessPoolExecutor({ maxWorkers: 2 });
 * const futures = [1, 2, 3].map((x) => executor.submit((x: number) => x ** x, x));
 * let sum = 0;
 * for await (const { future } of asCompleted(futures)) sum += await future;
 * assertEquals(sum, 32);
 * ```
 */
export declare class ProcessPoolExecutor<InitArgs extends readonly unknown[] = readonly unknown[]>
  extends Executor {
  #private;
  /**
   * Makes an executor. Its workers start when there is work.
   *
   * @param options the options, or the maximum number of workers
   * @throws {RangeError} if `maxWorkers` or `maxTasksPerChild` is not an integer of at least 1
   * @throws {TypeError} if `initializer` is not a function, `initargs` is not an array, or an
   * option does not exist or has no effect with an engine
   */
  constructor(options?: number | ProcessPoolExecutorOptions<InitArgs>);
  /**
   * Ends all workers now: tasks that have not begun are cancelled, running tasks fail with
   * `TerminatedError`. A task that computes without waiting is not interrupted, because Deno cannot
   * do that; with `startMethod: "process"`, its process is killed.
   */
  terminateWorkers(): void;
  /**
   * As {@linkcode ProcessPoolExecutor.terminateWorkers}, giving the workers less time to react; processes
   * of the operating system get SIGKILL instead of SIGTERM.
   */
  killWorkers(): void;
}

export {};
