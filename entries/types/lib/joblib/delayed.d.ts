// The declarations of lib/joblib/delayed.ts

import type { Awaitable } from "../pool/options.d.ts";

/** A call that has not been made; {@linkcode delayed} makes it. */
export interface Delayed<R> {
  /** The function to call. */
  readonly fn: (...args: never) => Awaitable<R>;
  /** Its arguments. */
  readonly args: readonly unknown[];
}

/**
 * Returns a function that takes the arguments of `fn` and returns the call, for `Parallel` to make.
 *
 * Follows `joblib.delayed`.
 *
 * @param fn a task, a built-in function, or a function that uses nothing outside itself
 * @throws {TypeError} if `fn` is not a function
 *
 * @example One call
 * ```ts
 * import { delayed } from "@sauropod/multiprocessing/joblib";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(delayed(Math.pow)(2, 3).args, [2, 3]);
 * ```
 */
export declare function delayed<A extends readonly unknown[], R>(
  fn: (...args: A) => Awaitable<R>,
): (...args: A) => Delayed<R>;

export {};
