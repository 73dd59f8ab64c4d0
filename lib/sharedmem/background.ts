/**
 * One function call in a new worker.
 *
 * @module
 */

import { getWorkerStartMethod } from "../runtime/start_method.ts";
import { type Awaitable, Pool } from "../pool/pool.ts";
import { workerException } from "./failure.ts";

/** A call that runs in a separate worker: see {@linkcode background}. */
export interface Background<R> {
  /**
   * Waits for the return value of the function.
   *
   * @throws {WorkerException} if it throws, or its worker dies
   */
  wait(): Promise<R>;
}

/**
 * Starts a function in a new worker.
 *
 * Follows `background` of Python's `sharedmem`.
 *
 * @param fn a task, or a function that uses nothing outside itself
 * @param args its arguments
 * @throws {DataCloneError} if `fn` or `args` cannot cross
 *
 * @example A square root
 * ```ts
 * import { background } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * const root = background(Math.sqrt, 2);
 * assertEquals(await root.wait(), Math.SQRT2);
 * ```
 */
export function background<A extends readonly unknown[], R>(
  fn: (...args: A) => Awaitable<R>,
  ...args: A
): Background<R> {
  const pool = new Pool({ processes: 1, startMethod: getWorkerStartMethod() });
  const result = pool.applyAsync(fn, args, { errorCallback: () => {} });
  pool.close();
  return {
    async wait() {
      try {
        return await result;
      } catch (error) {
        throw workerException(error);
      } finally {
        await pool.join();
      }
    },
  };
}
