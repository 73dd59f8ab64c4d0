/**
 * `Timer`: a call after an interval that can be cancelled.
 *
 * @module
 */

import { checkArguments } from "../arguments/options.ts";
import { checkFunction, checkMilliseconds } from "../arguments/values.ts";
import { stopRequested } from "../heap/isolate_record.ts";
import { Event } from "../sync/event.ts";
import { Thread } from "./thread.ts";

/**
 * A thread that calls a function after an interval, unless it is cancelled before.
 *
 * Follows Python's `threading.Timer`, in milliseconds.
 *
 * @example A timer that fires, and one that is cancelled
 * ```ts
 * import { Timer } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * const calls: string[] = [];
 * const soon = new Timer(5, (word: string) => calls.push(word), ["soon"]);
 * const never = new Timer(60_000, (word: string) => calls.push(word), ["never"]);
 * soon.start();
 * never.start();
 * await soon.join();
 * never.cancel();
 * await never.join();
 * assertEquals(calls, ["soon"]);
 * ```
 */
export class Timer<Args extends readonly unknown[] = readonly unknown[]> extends Thread {
  /** Set when the function has returned, or the timer was cancelled. */
  readonly finished: Event = new Event();
  readonly #call: () => unknown;
  readonly #intervalMs: number;

  /**
   * Makes a timer; its interval begins with `start()`.
   *
   * @param intervalMs time from `start()` to the call, in milliseconds
   * @param fn the function to call
   * @param args the arguments of `fn`
   * @throws {TypeError} if `intervalMs` is not a number, `fn` is not a function or `args` is not an
   * array
   * @throws {RangeError} if `intervalMs` is NaN
   */
  constructor(
    intervalMs: number,
    fn: (...args: Args) => unknown,
    args: Args = [] as unknown as Args,
  ) {
    super();
    checkMilliseconds("make timer", "intervalMs", intervalMs);
    checkFunction("make timer", "fn", fn);
    checkArguments("make timer", "args", args, "[x]");
    this.#intervalMs = intervalMs;
    this.#call = () => fn(...args);
  }

  /** Waits for the interval, then calls the function. */
  override async run(): Promise<void> {
    try {
      if (!await this.finished.wait({ timeoutMs: this.#intervalMs })) await this.#call();
    } finally {
      if (!stopRequested()) this.finished.set();
    }
  }

  /** Cancels the timer if it still waits. Idempotent; does nothing once the function was called. */
  cancel(): void {
    this.finished.set();
  }
}
