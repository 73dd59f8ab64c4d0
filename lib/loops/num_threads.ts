/**
 * How many isolates run a loop.
 *
 * @module
 */

import { checkInteger } from "../arguments/values.ts";
import { isMainIsolate } from "../heap/isolate_record.ts";

/** Maximum number of isolates of a loop. */
const MAX_THREADS = 128;

let defaultThreads: number | undefined;

/**
 * Returns the number of isolates that run a loop without the option `numThreads`: the number of cores.
 * In a worker it is 1, since the cores are in use already.
 *
 * Follows `numba.get_num_threads`.
 *
 * @example One for each core
 * ```ts
 * import { cpuCount } from "@sauropod/multiprocessing";
 * import { getNumThreads } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getNumThreads(), cpuCount());
 * ```
 */
export function getNumThreads(): number {
  return defaultThreads ?? (isMainIsolate() ? navigator.hardwareConcurrency : 1);
}

/**
 * Sets the number of isolates that run a loop without the option `numThreads`, for loops of this
 * isolate.
 *
 * Follows `numba.set_num_threads`.
 *
 * @param n the number, from 1 to 128
 * @throws {TypeError} if `n` is not a number
 * @throws {RangeError} if `n` is not an integer from 1 to 128
 *
 * @example One less
 * ```ts
 * import { getNumThreads, setNumThreads } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const before = getNumThreads();
 * setNumThreads(Math.max(before - 1, 1));
 * assertEquals(getNumThreads(), Math.max(before - 1, 1));
 * setNumThreads(before);
 * ```
 */
export function setNumThreads(n: number): void {
  defaultThreads = checkThreads("n", n);
}

/** Returns the number of isolates of a loop whose option `numThreads` is `wanted`. */
export function threadsFor(wanted: number | undefined): number {
  return wanted === undefined ? getNumThreads() : checkThreads("numThreads", wanted);
}

function checkThreads(name: string, n: number): number {
  checkInteger("set number of threads", name, n, 1, MAX_THREADS);
  return n;
}
