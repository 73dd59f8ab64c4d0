/**
 * Waiting for a promise with the options of every wait.
 *
 * @module
 */

import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { TIMEOUT_MAX } from "../parking/wait.ts";

/**
 * Waits until the promise is resolved or rejected, which counts as handled then.
 *
 * @returns false if `timeoutMs` passed first
 * @throws the reason of `signal`, if that is aborted first
 */
export async function settledWithin(
  promise: PromiseLike<unknown>,
  options?: WaitOptions,
): Promise<boolean> {
  const left = deadlineOf(options) - performance.now();
  const settled = promise.then(() => true, () => true);
  const signal = options?.signal;
  if (left > TIMEOUT_MAX && signal === undefined) return await settled;
  const given = Promise.withResolvers<boolean>();
  const timer = left > TIMEOUT_MAX
    ? undefined
    : setTimeout(() => given.resolve(false), Math.max(left, 0));
  const onAbort = () => given.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([settled, given.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
