// The declarations of lib/sync/event.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";

/**
 * A flag that isolates set, clear and wait for. It is clear at first.
 *
 * - Can be sent anywhere: as an argument of a process or a task, or in a message.
 * - `set()` wakes every waiter of that moment, even if `clear()` follows at once.
 *
 * Follows Python's `multiprocessing.Event`, and `threading.Event` where the two differ.
 *
 * @example Waiting for a flag
 * ```ts
 * import { Event } from "@sauropod/multiprocessing";
 * import { assert } from "@std/assert";
 *
 * const ready = new Event();
 * setTimeout(() => ready.set(), 10);
 * assert(await ready.wait());
 * assert(ready.isSet());
 * ```
 */
export declare class Event extends SharedHandle implements Waitable {
  /**
   * Creates an event whose flag is clear.
   *
   * @throws {TypeError} if an argument is given
   */
  constructor();
  /**
   * Returns whether the flag is set.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  isSet(): boolean;
  /**
   * Sets the flag and wakes all waiters. Does nothing if the flag is set.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  set(): void;
  /**
   * Clears the flag: later calls of `wait` wait for the next `set()`.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  clear(): void;
  /**
   * Waits until the flag is set.
   *
   * @returns true if the flag was set, false if `timeoutMs` passed first
   * @throws the reason of `signal`, if it is aborted first
   */
  wait(options?: WaitOptions): Promise<boolean>;
  /**
   * Blocks the isolate until the flag is set.
   *
   * @returns true if the flag was set, false if `timeoutMs` passed first
   * @throws {DeadlockError} if no other isolate has the event any more and `timeoutMs` is not given. An event
   *   that was never sent is waited for, until the worker is told to end
   * @throws {TerminatedError} if this worker is terminated
   */
  waitSync(options?: WaitOptions): boolean;
  /** Returns the steps of a wait for the flag, for the function `wait`. */
  [readySteps](): Generator<unknown, boolean, never>;
  /** @internal Returns the address of an event that was sent; 0 for others, whose waits are never refused. */
  static neededToSet({ address }: Event): number;
  /**
   * Increments `CHANGES` if its lowest bit is `from`: even -> odd sets, odd -> even clears. If another isolate
   * does that first, this change counts as one right after it, which does nothing.
   */
  private changeFrom;
}

export {};
