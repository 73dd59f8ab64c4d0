/**
 * Ownership: the shared words and the steps that all locks have in common.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `OWNER` | 0: free; otherwise the record of the isolate that owns the lock | `acquiring`, `relinquish` | isolates that want the lock, in `QUEUE` | `relinquish`, the end of the owner |
 *
 * | transition of `OWNER` | meaning |
 * |---|---|
 * | 0 -> me | acquired |
 * | me -> 0 | released |
 * | me -> first waiter | released by handing off: the waiter owns the lock when it wakes |
 * | ended isolate -> me | the lock was abandoned, and acquired by this isolate |
 *
 * Fairness: a release normally frees the lock and wakes the first waiter. An isolate that acquires
 * the lock before that waiter runs overtakes it, which is fast, since no isolate has to sleep. A
 * waiter that was overtaken returns to the front of the queue, and the next release hands the lock
 * off to it. So a waiter is overtaken at most once. This is the starvation mode of Go's
 * `sync.Mutex`.
 *
 * The race to win: the owner releases between a waiter's check of `OWNER` and its sleep. The waiter
 * checks `OWNER` again after it has joined the queue, and the owner checks the queue after it has
 * changed `OWNER`, so at least one of them sees the other (see `wait_queue.ts`).
 *
 * @module
 */

import type { Word } from "../heap/address.ts";
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

/** Number of words that ownership takes in the block of its object, starting with `OWNER`. */
export const OWNERSHIP_WORDS = QUEUE + QUEUE_WORDS;

/** How an attempt to acquire a lock ended. */
export type Acquisition = "acquired" | "abandoned" | "timed out";

/** Acquires the lock if it is free. Returns whether it did. */
export function tryOwn(owner: Word): boolean {
  ensureStackToRelease();
  return Atomics.compareExchange(i32, owner, 0, thisIsolate) === 0; // 0 -> me
}

/** Returns the record of the isolate that owns the lock; 0 if it is free. */
export function ownerOf(owner: Word): number {
  return Atomics.load(i32, owner);
}

/**
 * Steps of acquiring the lock, waiting while another isolate or async task owns it.
 *
 * @param untimed whether the wait ignores the timeout and the signal
 * @param successorQueue address of a queue whose first waiter is woken if this one dies; 0 for none
 */
export function* acquiring(owner: Word, untimed = false, successorQueue = 0): Steps<Acquisition> {
  let overtaken = false;
  for (;;) {
    const found = Atomics.compareExchange(i32, owner, 0, thisIsolate); // 0 -> me
    if (found === 0) return becomeOwner(owner, "acquired");
    if (hasEnded(found)) {
      // ended isolate -> me, unless another isolate was faster
      if (Atomics.compareExchange(i32, owner, found, thisIsolate) !== found) continue;
      return becomeOwner(owner, "abandoned");
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
    if (outcome === ParkResult.OWNER) return "acquired"; // handed off: `OWNER` is this isolate
    if (outcome === ParkResult.TIMED_OUT) return "timed out";
    if (outcome === ParkResult.WOKEN) overtaken = true;
  }
}

/**
 * Completes the acquisition by an isolate that has stored itself in `OWNER`. Two wake-ups may be
 * missing, because their wakers searched for waiters by the value of `OWNER`:
 *
 * - The end of the previous owner wakes the waiters of all queues that depend on it. It does not
 *   find them once `OWNER` has changed, so this isolate wakes those of the other queues.
 * - If this isolate has been ended since it last checked, its waiters were woken before it was the
 *   owner. So it wakes the first one, which takes the lock over.
 */
function becomeOwner(owner: Word, how: Acquisition): Acquisition {
  if (how === "abandoned") wakeOtherQueuesOnOwner(owner, owner + QUEUE);
  if (hasEnded(thisIsolate)) wakeOne(owner + QUEUE);
  return how;
}

/**
 * Releases the lock, whichever isolate owns it. Does nothing in an isolate that has been ended: the
 * locks that it owned count as abandoned, and may have other owners by now.
 *
 * @returns false if the lock is free
 */
export function relinquish(owner: Word): boolean {
  ensureStack();
  const queue = owner + QUEUE;
  if (
    !hasEndedRelaxed(thisIsolate) && !hasWaitersRelaxed(queue) &&
    Atomics.compareExchange(i32, owner, thisIsolate, 0) === thisIsolate // me -> 0
  ) {
    wakeOne(queue); // a waiter may have joined between the check and the release
    return true;
  }
  for (;;) {
    const found = Atomics.load(i32, owner);
    if (hasEnded(thisIsolate)) return true; // checked after the load: `found` may have taken over
    if (found === 0) return false;
    if (hasWaiters(queue)) {
      if (handOff(queue, owner, found)) return true; // found -> 0, or found -> first waiter
    } else if (Atomics.compareExchange(i32, owner, found, 0) === found) { // found -> 0
      wakeOne(queue);
      return true;
    }
  }
}

/** Throws the error for an acquisition that timed out or found the lock abandoned. */
export function throwIfFailed(how: Acquisition, options?: WaitOptions): void {
  if (how === "timed out") {
    throw new TimeoutError(`Cannot acquire lock: still held after ${options?.timeoutMs} ms`);
  }
  if (how === "abandoned") {
    throw new AbandonedLockError(
      "The worker that held the lock ended without releasing it. The lock is acquired: check the " +
        "data that it protects, then call release()",
    );
  }
}

/** Releases a lock at the end of its scope: `using guard = await lock.acquire()`. */
export class LockGuard implements Disposable {
  #lock: { release(): void } | undefined;

  /** Creates the guard of an acquired lock. Called by the `acquire` methods of the primitives. */
  constructor(lock: { release(): void }) {
    this.#lock = lock;
  }

  /** Releases the lock now. Idempotent; the end of the scope then does nothing. */
  release(): void {
    const lock = this.#lock;
    this.#lock = undefined;
    lock?.release();
  }

  /** Releases the lock, as {@linkcode LockGuard.release} does. */
  [Symbol.dispose](): void {
    this.release();
  }
}
