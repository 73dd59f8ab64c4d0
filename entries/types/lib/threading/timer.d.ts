// The declarations of lib/threading/timer.ts

import type { Event } from "../sync/event.d.ts";
import type { Thread } from "./thread.d.ts";

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
export declare class Timer<Args extends readonly unknown[] = readonly unknown[]> extends Thread {
  #private;
  /** Set when the function has returned, or the timer was cancelled. */
  readonly finished: Event;
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
  constructor(intervalMs: number, fn: (...args: Args) => unknown, args?: Args);
  /** Waits for the interval, then calls the function. */
  run(): Promise<void>;
  /** Cancels the timer if it still waits. Idempotent; does nothing once the function was called. */
  cancel(): void;
}

export {};
