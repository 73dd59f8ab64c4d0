/**
 * Calling a function later.
 *
 * {@linkcode DeadlineTimer} calls it at a time on the clock of `performance.now()`, never before it:
 * `setTimeout` drops the fraction of its delay, takes no more than {@linkcode TIMEOUT_MAX}, and counts on
 * another clock. So a delay is rounded up, and the time is checked when the timer fires.
 *
 * @module
 */

/**
 * The longest delay of one timer of JavaScript, in milliseconds: 24 days. A longer `timeoutMs` is valid
 * too; `Infinity`, or none, has no end.
 *
 * Follows Python's `threading.TIMEOUT_MAX`, beyond which Python's waits throw.
 */
export const TIMEOUT_MAX: number = 2 ** 31 - 1;

/**
 * By how much a timer may be early, in milliseconds. One that is earlier still follows another clock,
 * such as the fake time of a test, and is right.
 */
const MAX_EARLY_MS = 2;

/** A call at a time in the future that can be cancelled. */
export class DeadlineTimer {
  readonly #deadline: number;
  readonly #call: () => void;
  readonly #keepAlive: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the timer takes only a part of the delay. */
  #isPart = false;

  /**
   * Sets the timer.
   *
   * @param deadline the time on the clock of `performance.now()`
   * @param call called at that time, or as soon as the event loop is free then
   * @param keepAlive whether the program stays alive until then
   */
  constructor(deadline: number, call: () => void, keepAlive = true) {
    this.#deadline = deadline;
    this.#call = call;
    this.#keepAlive = keepAlive;
    this.#set(deadline - performance.now());
  }

  #set(leftMs: number): void {
    const delay = Math.max(Math.ceil(leftMs), 0);
    this.#isPart = delay > TIMEOUT_MAX;
    this.#timer = setTimeout(() => this.#onTime(), Math.min(delay, TIMEOUT_MAX));
    // Newer versions of Deno have timers that are objects, and take these.
    if (!this.#keepAlive) Deno.unrefTimer(this.#timer as unknown as number);
  }

  #onTime(): void {
    const leftMs = this.#deadline - performance.now();
    if (this.#isPart || (leftMs > 0 && leftMs <= MAX_EARLY_MS)) return this.#set(leftMs);
    this.#timer = undefined;
    this.#call();
  }

  /** Cancels the call, if it has not been made. */
  cancel(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** A word that no isolate notifies. */
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Calls a function after `ms` milliseconds, at least one, if the event loop still runs then. For housekeeping: unlike a
 * timer, it neither keeps the program alive nor counts as a leak in the tests of a user.
 */
export function callLater(ms: number, call: () => void): void {
  const sleep = Atomics.waitAsync(never, 0, 0, Math.max(ms, 1)); // 0 would be no wait
  if (sleep.async) sleep.value.then(call);
}
