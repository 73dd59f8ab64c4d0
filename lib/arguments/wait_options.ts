/**
 * Options of every wait, checked where the wait begins.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "./options.ts";
import { describe } from "./describe.ts";

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

const waitNames: OptionNames<WaitOptions> = { timeoutMs: true, signal: true };

function adviseWait(name: string): string | undefined {
  if (/^block(ing)?$/.test(name)) return "Not to wait at all, write timeoutMs: 0";
  if (name === "owner") return "Only an RLock has owners";
}

/**
 * The options of a wait among those of a call that has more, after a check of them all.
 *
 * @throws {TypeError} if `options` is no object, or there is no such option
 */
export function pickWaitOptions<T extends WaitOptions>(
  verb: string,
  options: T | undefined,
  names: OptionNames<T>,
): WaitOptions | undefined {
  if (options === undefined) return undefined;
  checkOptions<WaitOptions>(verb, options, names, adviseWait);
  return { timeoutMs: options.timeoutMs, signal: options.signal };
}

/** Checks that all options of a wait exist, where it does not begin yet. */
export function checkWaitOptions(verb: string, options: WaitOptions | undefined): void {
  checkOptions(verb, options, waitNames, adviseWait);
}

/**
 * The time, on the clock of `performance.now()`, at which a wait with these options ends.
 *
 * @throws {TypeError} if `options` is no object or has others than these, `timeoutMs` is not a number,
 * or `signal` not an `AbortSignal`
 */
export function deadlineOf(options: WaitOptions | undefined): number {
  if (options === undefined) return Infinity;
  checkWaitOptions("wait", options);
  const { timeoutMs, signal } = options;
  signal?.throwIfAborted();
  if (timeoutMs === undefined || timeoutMs === Infinity) return Infinity;
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) {
    throw new TypeError(
      `Cannot wait: options.timeoutMs must be a number of milliseconds, not ${describe(timeoutMs)}`,
    );
  }
  return timeoutMs <= 0 ? 0 : performance.now() + timeoutMs;
}
