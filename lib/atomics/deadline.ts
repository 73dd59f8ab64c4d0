/**
 * Options of every wait, checked where the wait begins.
 *
 * @module
 */

import { checkSignal } from "./options.ts";

/** Options of a call that may wait. */
export interface WaitOptions {
  /**
   * How long to wait, in milliseconds; 0 or less: not at all.
   *
   * @default {Infinity}
   */
  timeoutMs?: number;
  /**
   * Ends the wait with `signal.reason` when it is aborted. A blocking wait notices it only when it
   * begins, since a blocked thread receives no events.
   */
  signal?: AbortSignal;
}

/**
 * The time, on the clock of `performance.now()`, at which a wait with these options ends.
 *
 * @throws {TypeError} if `options` is no object or has Python's `timeout`, `timeoutMs` is not a number,
 * or `signal` not an `AbortSignal`
 */
export function deadlineOf(options: WaitOptions | undefined): number {
  if (options === undefined) return Infinity;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot wait: options must be an object, such as { timeoutMs: 5000 }, not ${String(options)}`,
    );
  }
  if ("timeout" in options) {
    throw new TypeError(
      "Cannot wait: there is no option timeout. Write timeoutMs, in milliseconds: { timeoutMs: 5000 }",
    );
  }
  const { timeoutMs, signal } = options;
  if (signal !== undefined) {
    checkSignal("wait", signal);
    signal.throwIfAborted();
  }
  if (timeoutMs === undefined || timeoutMs === Infinity) return Infinity;
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) {
    throw new TypeError(
      `Cannot wait: options.timeoutMs must be a number of milliseconds, not ${String(timeoutMs)}`,
    );
  }
  return timeoutMs <= 0 ? 0 : performance.now() + timeoutMs;
}
