/**
 * The package on threads of one isolate instead of workers. A program that imports this module
 * instead of `@sauropod/multiprocessing` does the same without parallelism. Use it to measure
 * whether workers are worthwhile, to debug, and where workers cannot be started.
 *
 * - {@linkcode Process} is a {@linkcode Thread}. Its arguments are shared, not copied.
 * - {@linkcode Pool} is a `ThreadPool`, without the options `startMethod` and `maxTasksPerChild`.
 * - There are no contexts, and `waitAny` does not take processes.
 * - Everything else is the same as in the package and works in the same way. In particular, items
 *   of queues and messages of pipes are copied.
 * - Loops, array expressions, `MapReduce` and `Parallel` have no counterpart here: with the options
 *   `numThreads: 1`, `np: 0` or `nJobs: 1` they are plain loops in the caller.
 * - The program must await: a blocking call (`…Sync`) blocks all processes, since they share one
 *   isolate.
 *
 * Follows Python's `multiprocessing.dummy`.
 *
 * @example One changed import
 * ```ts
 * import * as mp from "@sauropod/multiprocessing/dummy";
 *
 * const double = mp.task(import.meta, async (out: mp.Queue<number>, x: number) => {
 *   await out.put(2 * x);
 * });
 *
 * if (import.meta.main) {
 *   const queue = new mp.Queue<number>();
 *   const process = new mp.Process({ target: double, args: [queue, 21] });
 *   process.start();
 *   if (await queue.get() !== 42) throw new Error("not doubled");
 *   await process.join();
 * }
 * ```
 *
 * @module
 */

import "../runtime/deno_version.ts"; // first
export * from "../context/common.ts";
export { ThreadPool as Pool } from "../pool/thread_pool.ts";
export { activeChildren, currentProcess, parentProcess, Process } from "./process.ts";
