/**
 * Ownership: the shared words and the steps that all locks have in common.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
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
 * the lock before that waiter runs overtakes it. Overtaking avoids a sleep. A waiter that was
 * overtaken returns to the front of the queue, and the next release hands the lock off to it. So a
 * waiter is overtaken at most once. This is similar to the starvation mode of Go's `sync.Mutex`, but
 * for one waiter and after one overtaking.
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
import { isStopping, ParkResult, type Steps } from "../parking/wait.ts";
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

/**
 * Acquires the lock if it is free. Returns whether it did. Not in an isolate that was told to end: what
 * its caller does next, a wait, throws.
 */
export function tryOwn(owner: Word): boolean {
  ensureStackToRelease();
  if (isStopping()) return false;
  return Atomics.compareExchange(i32, owner, 0, thisIsolate) === 0; // 0 -> me
}

/** Returns the record of the isolate that owns the lock; 0 if it is free. */
export function ownerOf(owner: Word): number {
  return Atomics.load(i32, owner);
}

/**
 * Steps of acquiring the lock, waiting while another isolate or async task holds it.
 *
 * @param untimed whether the wait ignores the timeout and the signal
 * @param successorQueue address of a queue whose first waiter is woken if the isolate of this waiter
 *   ends; 0 for none
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
 * Completes the acquisition by an isolate that has stored itself in `OWNER`, and sends two wake-ups
 * that would be missing. (When an owner ends, the waiters of locks whose `OWNER` names it are woken.)
 *
 * - If the previous owner ended, its end may have missed the waiters in other queues that depend on
 *   this lock, because `OWNER` had changed, so this isolate wakes them.
 * - If this isolate was ended meanwhile, its end may have missed the waiters for this lock, because
 *   `OWNER` did not name it yet, so it wakes the first one, which takes the lock over.
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
 * @returns false if the lock was free; true in an isolate that has ended
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

/**
 * Throws unless the acquisition ended with `"acquired"`.
 *
 * @throws {TimeoutError} if it timed out
 * @throws {AbandonedLockError} if it found the lock abandoned; this isolate owns the lock
 */
export function throwUnlessAcquired(how: Acquisition, options?: WaitOptions): void {
  if (how === "timed out") {
    throw new TimeoutError(`Cannot acquire lock: still held after ${options?.timeoutMs} ms`);
  }
  if (how === "abandoned") {
    throw new AbandonedLockError(
      "The lock was acquired, but the worker that held it ended without releasing it. Check the " +
        "data that the lock protects, then call release()",
    );
  }
}

/** Releases a lock at the end of the guard's scope: `using guard = await lock.acquire()`. */
export class LockGuard implements Disposable {
  #lock: { release(): void } | undefined;

  /** Creates the guard of an acquired lock. Called by the `acquire` methods of the primitives. */
  constructor(lock: { release(): void }) {
    this.#lock = lock;
  }

  /**
   * Releases the lock now. Idempotent; the end of the scope then does nothing. Throws nothing in a
   * worker that was told to end, so that the error which ends its scopes stays what it is.
   */
  release(): void {
    const lock = this.#lock;
    this.#lock = undefined;
    try {
      lock?.release();
    } catch (error) {
      if (!isStopping()) throw error;
    }
  }

  /** Releases the lock, as {@linkcode LockGuard.release} does. */
  [Symbol.dispose](): void {
    this.release();
  }
}
