/**
 * A call that comes later and can be called off.
 *
 * @module
 */

import { checkArguments } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { Event } from "../sync/event.ts";
import { Thread } from "./thread.ts";

/**
 * A thread that calls a function after a time, unless it is cancelled before.
 *
 * Follows Python's `threading.Timer`, in milliseconds.
 *
 * @example In time, and called off
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
  /** Set when it has called the function, or will not any more. */
  readonly finished: Event = new Event();
  readonly #call: () => unknown;
  readonly #intervalMs: number;

  /**
   * Makes a timer; its time runs from `start()` on.
   *
   * @param intervalMs how long after `start()` the function is called, in milliseconds
   * @param fn what is called
   * @param args the arguments of `fn`
   * @throws {TypeError} if `intervalMs` is not a number, `fn` not a function or `args` not an array
   */
  constructor(
    intervalMs: number,
    fn: (...args: Args) => unknown,
    args: Args = [] as unknown as Args,
  ) {
    super();
    if (typeof intervalMs !== "number" || Number.isNaN(intervalMs)) {
      throw new TypeError(
        `Cannot make timer: intervalMs must be a number of milliseconds, not ${
          describe(intervalMs)
        }`,
      );
    }
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot make timer: fn must be a function, not ${typeof fn}`);
    }
    checkArguments("make timer", "args", args, "[x]");
    this.#intervalMs = intervalMs;
    this.#call = () => fn(...args);
  }

  /** Waits for the time, then calls the function. */
  override async run(): Promise<void> {
    try {
      if (!await this.finished.wait({ timeoutMs: this.#intervalMs })) await this.#call();
    } finally {
      this.finished.set();
    }
  }

  /** Calls the timer off, if it still waits. Cancelling twice, or too late, does nothing. */
  cancel(): void {
    this.finished.set();
  }
}
