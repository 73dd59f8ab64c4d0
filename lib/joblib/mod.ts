/**
 * Python's `joblib`: `Parallel` makes `delayed` calls on all cores, in workers that are kept.
 *
 * @example Many calls of one function
 * ```ts
 * import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
 * import { stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const square = delayed((x: number) => x * x);
 * assertEquals(await new Parallel({ nJobs: 2 })([1, 2, 3].map((x) => square(x))), [1, 4, 9]);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 *
 * @module
 */

import "../runtime/deno_version.ts"; // first
export { type Delayed, delayed } from "./delayed.ts";
export { Parallel, type ParallelFactory, type ParallelRun } from "./parallel.ts";
export { effectiveJobs, type ParallelOptions, type ReturnAs } from "./parallel_options.ts";
