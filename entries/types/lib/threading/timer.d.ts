// The declarations of lib/threading/timer.ts

import type { Event } from "../sync/event.d.ts";
import type { Thread } from "./thread.d.ts";

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
export declare class Timer<Args extends readonly unknown[] = readonly unknown[]> extends Thread {
  #private;
  /** Set when it has called the function, or will not any more. */
  readonly finished: Event;
  /**
   * Makes a timer; its time runs from `start()` on.
   *
   * @param intervalMs how long after `start()` the function is called, in milliseconds
   * @param fn what is called
   * @param args the arguments of `fn`
   * @throws {TypeError} if `intervalMs` is not a number, `fn` not a function or `args` not an array
   */
  constructor(intervalMs: number, fn: (...args: Args) => unknown, args?: Args);
  /** Waits for the time, then calls the function. */
  run(): Promise<void>;
  /** Calls the timer off, if it still waits. Cancelling twice, or too late, does nothing. */
  cancel(): void;
}

export {};
