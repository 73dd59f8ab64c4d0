/**
 * An executor on workers.
 *
 * @module
 */

import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import { Pool } from "../pool/pool.ts";
import { ExitCode } from "../runtime/lifecycle.ts";
import { checkWhole, endNow, Executor } from "./executor.ts";

/** Options of a {@linkcode ProcessPoolExecutor}. */
export interface ProcessPoolExecutorOptions<
  InitArgs extends readonly unknown[] = readonly unknown[],
> {
  /**
   * Number of workers at most.
   *
   * @default {cpuCount()}
   */
  maxWorkers?: number;
  /** Called once in each worker before its first task. If it fails, the executor is broken. */
  initializer?: (...args: InitArgs) => unknown;
  /** Arguments of `initializer`. */
  initargs?: InitArgs;
  /**
   * Number of tasks, or chunks of a map, that a worker runs before another takes its place.
   *
   * @default {no limit}
   */
  maxTasksPerChild?: number;
  /**
   * `"spawn"`: fresh workers; `"forkserver"`: workers that were started ahead of time.
   *
   * @default {"spawn"}
   */
  startMethod?: "spawn" | "forkserver";
}

const optionNames: OptionNames<ProcessPoolExecutorOptions> = {
  maxWorkers: true,
  initializer: true,
  initargs: true,
  maxTasksPerChild: true,
  startMethod: true,
};

/**
 * An executor whose tasks run in workers, in parallel.
 *
 * - What it runs, and with what, crosses to the worker as in a `Pool`, on which it stands. What
 *   cannot cross is an error at the call of `submit`; Python's future gets it.
 * - A worker that dies fails the task that it ran, with `WorkerDiedError`, and is replaced. Python's
 *   executor is broken then, and all its futures fail.
 * - It is broken only if its initializer fails or its workers do not start: what has not ended fails
 *   with `BrokenExecutor`, and `submit` throws it.
 * - It does not keep the program alive, futures that have not ended do.
 *
 * Follows Python's `concurrent.futures.ProcessPoolExecutor`.
 *
 * @example As they are done
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
export class ProcessPoolExecutor<InitArgs extends readonly unknown[] = readonly unknown[]>
  extends Executor {
  /**
   * Makes an executor; its workers start when there is work.
   *
   * @param options its options, or the number of its workers
   * @throws {RangeError} if `maxWorkers` or `maxTasksPerChild` is not a whole number of at least 1
   * @throws {TypeError} if `initializer` is not a function, `initargs` no array, or there is no such option
   */
  constructor(options: number | ProcessPoolExecutorOptions<InitArgs> = {}) {
    checkArity("make executor", arguments, 1, "Write { maxWorkers: 2, initializer: fn }");
    const given = typeof options === "number" ? { maxWorkers: options } : options;
    checkOptions("make executor", given, optionNames);
    const { maxWorkers, ...rest } = given;
    if (maxWorkers !== undefined) checkWhole("make executor", "maxWorkers", maxWorkers);
    super(new Pool({ ...rest, processes: maxWorkers }) as Pool);
  }

  /**
   * Ends all workers now: what has not begun is cancelled, what runs fails with `TerminatedError`.
   * A task that computes without waiting is not interrupted, since Deno cannot.
   */
  terminateWorkers(): void {
    endNow(this, ExitCode.TERMINATED);
  }

  /** As {@linkcode ProcessPoolExecutor.terminateWorkers}, giving them less time to notice. */
  killWorkers(): void {
    endNow(this, ExitCode.KILLED);
  }
}
