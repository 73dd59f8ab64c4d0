// The declarations of lib/loops/num_threads.ts

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
export declare function getNumThreads(): number;

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
export declare function setNumThreads(n: number): void;

export {};
