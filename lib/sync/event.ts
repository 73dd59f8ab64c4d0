/**
 * A flag that isolates wait for.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `CHANGES` | number of times that the flag has changed: odd if it is set, even if it is clear | `set`, `clear` | waiters for the flag, in `QUEUE` | `set` |
 * | `REACHED` | how often an isolate or a message could reach it: more than once if it was ever sent | `onReachable` | | |
 *
 * A waiter remembers the even number that it read. Any other number means that the flag has been
 * set since, even if it is clear again: a `clear()` right after a `set()` hides the `set()` from no
 * waiter.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { checkArity } from "../arguments/options.ts";
import { i32 } from "../heap/views.ts";
import { readySteps, type Waitable } from "../parking/readiness.ts";
import {
  createObject,
  defineType,
  type ObjectAddress,
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { ensureStack } from "../heap/stack.ts";
import { awaitOn, blockOn, ParkResult, type Steps, throwIfStopping } from "../parking/wait.ts";
import { QUEUE_WORDS, wakeAll } from "../parking/wait_queue.ts";

/** The number of this type among shared objects. */
const TYPE = 2;

const CHANGES = objectWord.FIRST;
const QUEUE = CHANGES + 1;
const REACHED = QUEUE + QUEUE_WORDS;
const WORDS = REACHED + 1;

function* waiting(event: ObjectAddress): Steps<boolean> {
  const word = event + CHANGES;
  const seen = Atomics.load(i32, word);
  if (seen & 1) return true;
  while (Atomics.load(i32, word) === seen) {
    const outcome = yield { queue: event + QUEUE, word, expected: seen };
    if (outcome === ParkResult.TIMED_OUT) return Atomics.load(i32, word) !== seen;
  }
  return true;
}

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
export class Event extends SharedHandle implements Waitable {
  /**
   * Creates an event whose flag is clear.
   *
   * @throws {TypeError} if an argument is given
   */
  constructor() {
    checkArity("make event", arguments, 0);
    super(createObject(TYPE, WORDS));
  }

  /**
   * Returns whether the flag is set.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  isSet(): boolean {
    throwIfStopping(); // a loop that checks the flag must end
    return (Atomics.load(i32, this.address + CHANGES) & 1) === 1;
  }

  /**
   * Sets the flag and wakes all waiters. Does nothing if the flag is set.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  set(): void {
    throwIfStopping();
    ensureStack();
    this.changeFrom(0);
    wakeAll(this.address + QUEUE);
  }

  /**
   * Clears the flag: later calls of `wait` wait for the next `set()`.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  clear(): void {
    throwIfStopping();
    this.changeFrom(1);
  }

  /**
   * Waits until the flag is set.
   *
   * @returns true if the flag was set, false if `timeoutMs` passed first
   * @throws the reason of `signal`, if it is aborted first
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    // `await` keeps this handle alive, and so the memory of the event, during the wait.
    return await awaitOn(waiting(this.address), options);
  }

  /**
   * Blocks the isolate until the flag is set.
   *
   * @returns true if the flag was set, false if `timeoutMs` passed first
   * @throws {DeadlockError} if no other isolate has the event any more and `timeoutMs` is not given. An event
   *   that was never sent is waited for, until the worker is told to end
   * @throws {TerminatedError} if this worker is terminated
   */
  waitSync(options?: WaitOptions): boolean {
    return blockOn(waiting(this.address), options, Event.neededToSet(this));
  }

  /** Returns the steps of a wait for the flag, for the function `wait`. */
  [readySteps](): Generator<unknown, boolean, never> {
    return waiting(this.address);
  }

  /** @internal Returns the address of an event that was sent; 0 for others, whose waits are never refused. */
  static neededToSet({ address }: Event): number {
    return Atomics.load(i32, address + REACHED) > 1 ? address : 0;
  }

  /**
   * Increments `CHANGES` if its lowest bit is `from`: even -> odd sets, odd -> even clears. If another isolate
   * does that first, this change counts as one right after it, which does nothing.
   */
  private changeFrom(from: 0 | 1): void {
    const word = this.address + CHANGES;
    const seen = Atomics.load(i32, word);
    if ((seen & 1) === from) Atomics.compareExchange(i32, word, seen, seen + 1);
  }
}

showState(Event, (event) => ({ isSet: event.isSet() }));
defineType(TYPE, "Event", {
  crosses: true,
  revive: reviveAs(Event),
  onReachable: (event) => void Atomics.add(i32, event + REACHED, 1),
});
