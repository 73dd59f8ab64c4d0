/**
 * Promises: which values are promises, and waiting for one with the options of every other wait.
 *
 * @module
 */

import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { DeadlineTimer } from "../parking/wait.ts";

/**
 * Waits until the promise is settled. A rejection counts as handled from then on.
 *
 * @returns true if the promise is settled, false if `timeoutMs` passed first
 * @throws the reason of `signal`, if it is aborted first
 */
export async function settledWithin(
  promise: PromiseLike<unknown>,
  options?: WaitOptions,
): Promise<boolean> {
  const deadline = deadlineOf(options);
  const settled = promise.then(() => true, () => true);
  const signal = options?.signal;
  const limit = Promise.withResolvers<boolean>();
  const timer = deadline === Infinity
    ? undefined
    : new DeadlineTimer(deadline, () => limit.resolve(false));
  const onAbort = () => limit.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    return await Promise.race([settled, limit.promise]);
  } finally {
    timer?.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}

/**
 * Awaits a promise, but not longer than the signal allows.
 *
 * @throws the reason of `signal`, if that is aborted first
 */
export async function orAborted<R>(
  promise: PromiseLike<R>,
  signal: AbortSignal | undefined,
): Promise<R> {
  if (signal !== undefined) await settledWithin(promise, { signal });
  return await promise;
}

/** Returns whether the value must be awaited; not if that cannot be found out, because a getter throws. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return "then" in value && typeof value.then === "function";
  } catch {
    return false;
  }
}

/**
 * Refuses a promise as the result of a function that is not awaited. Its rejection counts as handled: the
 * error that is thrown says what is wrong.
 *
 * @throws {TypeError} with this message, if the value is a promise
 */
export function refusePromise(value: unknown, message: string): void {
  if (!isPromiseLike(value)) return;
  value.then(undefined, () => {});
  throw new TypeError(message);
}
