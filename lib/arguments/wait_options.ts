/**
 * The options of all waits, checked when a wait begins.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "./options.ts";

/** Options of a call that may wait. */
export interface WaitOptions {
  /**
   * The longest time to wait, in milliseconds; 0 or less: do not wait.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
  /**
   * Ends the wait with `signal.reason` when it is aborted. A blocking wait checks it only at its start,
   * because a blocked isolate receives no events.
   */
  signal?: AbortSignal | undefined;
}

const waitNames: OptionNames<WaitOptions> = { timeoutMs: true, signal: true };

function adviseWait(name: string): string | undefined {
  if (/^block(ing)?$/.test(name)) return "To return without waiting, write timeoutMs: 0";
  if (name === "owner") return "Only a reentrant lock takes an owner";
  return undefined;
}

/**
 * Checks the options of a call that has others besides those of a wait, and returns those of the wait.
 *
 * @throws {TypeError} if `options` is not an object, or has an unknown name
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

/** Checks the names of the options of a wait, before the wait begins. */
export function checkWaitOptions(verb: string, options: WaitOptions | undefined): void {
  checkOptions(verb, options, waitNames, adviseWait);
}

/**
 * Returns the time, on the clock of `performance.now()`, at which a wait with these options ends.
 *
 * @throws {TypeError} if `options` is not an object or has an unknown name, `timeoutMs` is not a number,
 * or `signal` is not an `AbortSignal`
 * @throws {RangeError} if `timeoutMs` is NaN
 */
export function deadlineOf(options: WaitOptions | undefined): number {
  if (options === undefined) return Infinity;
  checkWaitOptions("wait", options);
  const { timeoutMs, signal } = options;
  signal?.throwIfAborted();
  if (timeoutMs === undefined || timeoutMs === Infinity) return Infinity;
  return timeoutMs <= 0 ? 0 : performance.now() + timeoutMs;
}
