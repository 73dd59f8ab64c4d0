/**
 * Owning something: the words and steps that every lock has in common.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `OWNER` | 0: free; otherwise the record of the thread that owns it | `acquiring`, `relinquish` | who wants it, in `QUEUE` | `relinquish`, the end of the owner |
 *
 * Transitions of `OWNER`: 0 -> me (acquired), me -> 0 (given back), me -> the first waiter (passed
 * on), a thread that has ended -> me (abandoned, acquired).
 *
 * Fairness: who asks while a waiter is being woken may overtake it, once. A waiter that was
 * overtaken is handed the lock by the next release, so nobody starves; that is the starvation mode
 * of Go's `sync.Mutex`.
 *
 * The race that this prevents: an owner gives back between a waiter's look at `OWNER` and its sleep.
 * The waiter looks again once it stands in the queue, and the owner looks at the queue once it has
 * changed `OWNER`, so one sees the other (see `wait_queue.ts`).
 *
 * @module
 */

import { AbandonedLockError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import { ensureStack, ensureStackToRelease } from "../heap/stack.ts";
import { hasEnded, hasEndedRelaxed, thisIsolate } from "../heap/isolate_record.ts";
import { ParkResult, type Steps } from "../parking/wait.ts";
import {
  handOff,
  hasWaiters,
  hasWaitersRelaxed,
  QUEUE_WORDS,
  wakeOne,
  wakeOtherQueuesOnOwner,
} from "../parking/wait_queue.ts";

const QUEUE = 1;

/** Words that ownership takes in its object's block, beginning with `OWNER`. */
export const OWNERSHIP_WORDS = QUEUE + QUEUE_WORDS;

/** How an attempt to own something ended. */
export type Acquisition = "acquired" | "abandoned" | "timed out";

/** Takes it if it is free. */
export function take(owner: number): boolean {
  ensureStackToRelease();
  return Atomics.compareExchange(i32, owner, 0, thisIsolate) === 0; // 0 -> me
}

/** The record of the thread that owns it; 0 for none. */
export function ownerOf(owner: number): number {
  return Atomics.load(i32, owner);
}

/**
 * Steps of taking it, waiting while another has it.
 *
 * @param untimed whether to wait on when the time is up or the signal is aborted
 * @param successorQueue address of a queue whose first is woken if the waiter dies; 0 for none
 */
export function* acquiring(owner: number, untimed = false, successorQueue = 0): Steps<Acquisition> {
  let overtaken = false;
  for (;;) {
    const found = Atomics.compareExchange(i32, owner, 0, thisIsolate); // 0 -> me
    if (found === 0) return asOwner(owner, "acquired");
    if (hasEnded(found)) {
      // ended thread -> me; when another was quicker, look again
      if (Atomics.compareExchange(i32, owner, found, thisIsolate) !== found) continue;
      return asOwner(owner, "abandoned");
    }
    const outcome = yield {
      queue: owner + QUEUE,
      word: owner,
      expected: found,
      ownerWord: owner,
      overtaken,
      untimed,
      successorQueue,
    };
    if (outcome === ParkResult.OWNER) return "acquired"; // the releaser stored our record
    if (outcome === ParkResult.TIMED_OUT) return "timed out";
    if (outcome === ParkResult.WOKEN) overtaken = true;
  }
}

/**
 * This thread is the owner now. If it took over from the dead, those who wait for something else under
 * the lock may not have been called yet: who calls them looks for the name of the dead. If it was
 * ended since it looked, or since it was woken, those who wait for the dead were called before it was
 * the owner: the first of them takes over.
 */
function asOwner(owner: number, how: Acquisition): Acquisition {
  if (how === "abandoned") wakeOtherQueuesOnOwner(owner, owner + QUEUE);
  if (hasEnded(thisIsolate)) wakeOne(owner + QUEUE);
  return how;
}

/**
 * Gives it back, whichever live thread owns it. In a thread that has been ended it does nothing: what
 * it owned counts as abandoned, and another may own it by now.
 *
 * @returns false if nobody owns it
 */
export function relinquish(owner: number): boolean {
  ensureStack();
  const queue = owner + QUEUE;
  if (
    !hasEndedRelaxed(thisIsolate) && !hasWaitersRelaxed(queue) &&
    Atomics.compareExchange(i32, owner, thisIsolate, 0) === thisIsolate // me -> 0
  ) {
    wakeOne(queue); // who came after the look at the queue saw the lock taken, and sleeps
    return true;
  }
  for (;;) {
    const found = Atomics.load(i32, owner);
    if (hasEnded(thisIsolate)) return true; // asked after the owner: it may be another because of that
    if (found === 0) return false;
    if (hasWaiters(queue)) {
      if (handOff(queue, owner, found)) return true; // found -> 0, or found -> first waiter
    } else if (Atomics.compareExchange(i32, owner, found, 0) === found) { // found -> 0
      wakeOne(queue);
      return true;
    }
  }
}

/** Throws the error of an attempt that did not simply succeed. */
export function throwIfFailed(how: Acquisition, options?: WaitOptions): void {
  if (how === "timed out") {
    throw new TimeoutError(`Cannot acquire lock: still held after ${options?.timeoutMs} ms`);
  }
  if (how === "abandoned") {
    throw new AbandonedLockError(
      "The worker that held the lock ended without releasing it. The lock is acquired: look at " +
        "what it protects, then call release()",
    );
  }
}

/** Releases a lock when it goes out of scope: `using guard = await lock.acquire()`. */
export class LockGuard implements Disposable {
  #lock: { release(): void } | undefined;

  /** Made by the `acquire` of a lock, a semaphore or a condition. */
  constructor(lock: { release(): void }) {
    this.#lock = lock;
  }

  /** Releases the lock now. Doing it again, or leaving the scope afterwards, does nothing. */
  release(): void {
    const lock = this.#lock;
    this.#lock = undefined;
    lock?.release();
  }

  /** Releases the lock. */
  [Symbol.dispose](): void {
    this.release();
  }
}
