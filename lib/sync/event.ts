/**
 * A flag that many can wait for.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `TURNS` | number of times the flag has changed: odd is set, even is clear | `set`, `clear` | those who wait for the flag, in `QUEUE` | `set` |
 *
 * A waiter remembers the even number that it saw. Any other number means that the flag was set since,
 * even if it is clear again: a `set()` followed at once by `clear()` loses nobody.
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
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { ensureStack } from "../heap/stack.ts";
import { awaitOn, blockOn, ParkResult, type Steps } from "../parking/wait.ts";
import { QUEUE_WORDS, wakeAll } from "../parking/wait_queue.ts";

/** The number of this type among shared objects. */
const TYPE = 2;

const TURNS = objectWord.FIRST;
const QUEUE = TURNS + 1;
const WORDS = QUEUE + QUEUE_WORDS;

function* waiting(event: number): Steps<boolean> {
  const word = event + TURNS;
  const seen = Atomics.load(i32, word);
  if (seen & 1) return true;
  while (Atomics.load(i32, word) === seen) {
    const outcome = yield { queue: event + QUEUE, word, expected: seen };
    if (outcome === ParkResult.TIMED_OUT) return Atomics.load(i32, word) !== seen;
  }
  return true;
}

/**
 * A flag, clear at first, that workers set, clear and wait for.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message.
 * - `set()` wakes everybody who waits at that moment, even if `clear()` follows at once.
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
   * Makes an event whose flag is clear.
   *
   * @throws {TypeError} if it is given an argument
   */
  constructor() {
    checkArity("make event", arguments, 0);
    super(createObject(TYPE, WORDS));
  }

  /** Whether the flag is set. */
  isSet(): boolean {
    return (Atomics.load(i32, this.address + TURNS) & 1) === 1;
  }

  /** Sets the flag and wakes all who wait for it. */
  set(): void {
    ensureStack();
    this.turn(0);
    wakeAll(this.address + QUEUE);
  }

  /** Clears the flag: who waits from now on waits for the next `set()`. */
  clear(): void {
    this.turn(1);
  }

  /**
   * Waits until the flag is set.
   *
   * @returns true once it is set, false if `timeoutMs` passed first
   * @throws the reason of `signal`, if that is aborted first
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    // `await` keeps this handle, and with it the memory of the event, while somebody waits.
    return await awaitOn(waiting(this.address), options);
  }

  /**
   * Blocks the thread until the flag is set.
   *
   * @returns true once it is set, false if `timeoutMs` passed first
   * @throws {TerminatedError} if this worker is told to end
   */
  waitSync(options?: WaitOptions): boolean {
    return blockOn(waiting(this.address), options);
  }

  /** Steps of waiting until the flag is set, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never> {
    return waiting(this.address);
  }

  /** Moves the flag on if the last bit of `TURNS` is `from`: even -> odd sets, odd -> even clears. */
  private turn(from: 0 | 1): void {
    const word = this.address + TURNS;
    for (;;) {
      const seen = Atomics.load(i32, word);
      if ((seen & 1) !== from) return;
      if (Atomics.compareExchange(i32, word, seen, seen + 1) === seen) return;
    }
  }
}

showState(Event, (event) => ({ isSet: event.isSet() }));
defineType(TYPE, "Event", { revive: reviveAs(Event) });
