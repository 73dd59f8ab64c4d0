/**
 * Calls as data: a function and its arguments.
 *
 * @module
 */

import { checkFunction, hasMethod, isArray, wrongType } from "../arguments/values.ts";
import type { Awaitable } from "../pool/options.ts";

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
export function delayed<A extends readonly unknown[], R>(
  fn: (...args: A) => Awaitable<R>,
): (...args: A) => Delayed<R> {
  checkFunction("delay call", "fn", fn);
  return (...args) => ({ fn: fn as Delayed<R>["fn"], args });
}

/** Calls in any iterable. */
export type Calls = Iterable<Delayed<unknown>> | AsyncIterable<Delayed<unknown>>;

/**
 * Checks that calls can be iterated over.
 *
 * @throws {TypeError} if they cannot
 */
export function checkCalls(calls: Calls): void {
  if (hasMethod(calls, Symbol.iterator) || hasMethod(calls, Symbol.asyncIterator)) return;
  throw wrongType(
    "make calls",
    "calls",
    "an array or another iterable of delayed(fn)(…)",
    calls,
    "For one call write [delayed(fn)(x)]",
  );
}

/**
 * Checks an element of the calls.
 *
 * @throws {TypeError} if it is not a `delayed()` call
 */
export function checkCall(call: Delayed<unknown>, index: number): void {
  if (hasMethod(call, "fn") && isArray(call.args)) return;
  throw wrongType("make calls", `calls[${index}]`, "delayed(fn)(…)", call);
}
