/**
 * Python's `concurrent.futures`: executors call functions and return futures of their results.
 *
 * @example The first result
 * ```ts
 * import { FIRST_COMPLETED, ThreadPoolExecutor, wait } from "@sauropod/multiprocessing/futures";
 * import { assertEquals } from "@std/assert";
 *
 * const later = (ms: number) => new Promise<number>((done) => setTimeout(() => done(ms), ms));
 * await using executor = new ThreadPoolExecutor({ maxWorkers: 2 });
 * const futures = [30, 3].map((ms) => executor.submit(later, ms));
 * const { done } = await wait(futures, { returnWhen: FIRST_COMPLETED });
 * assertEquals([...done], [futures[1]]);
 * ```
 *
 * @module
 */

import "../runtime/deno_version.ts"; // first
export { BrokenExecutor, InvalidStateError } from "../errors.ts";
export {
  Executor,
  type ExecutorMapOptions,
  type ExecutorShutdownOptions,
  type MapArguments,
  type MapArgumentsGiven,
  type MapInputs,
} from "./executor.ts";
export type { ExecutorOptions } from "./executor_options.ts";
export { Future } from "./future.ts";
export { ProcessPoolExecutor, type ProcessPoolExecutorOptions } from "./process_pool_executor.ts";
export { ThreadPoolExecutor, type ThreadPoolExecutorOptions } from "./thread_pool_executor.ts";
export {
  ALL_COMPLETED,
  asCompleted,
  type CompletedFuture,
  type DoneAndNotDone,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  wait,
  type WaitFuturesOptions,
} from "./wait.ts";
