/**
 * Mutual exclusion between workers, and between the async tasks of one.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `OWNER` | 0: free; otherwise the record of the thread that holds it | `acquire`, `release` | who wants the lock, in `QUEUE` | `release`, the end of the owner |
 *
 * Transitions of `OWNER`: 0 -> me (acquired), me -> 0 (released), me -> the first waiter (passed on),
 * a thread that has ended -> me (abandoned, acquired).
 *
 * @module
 */

import { AbandonedLockError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../atomics/deadline.ts";
import { i32 } from "../atomics/heap_views.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  SharedType,
} from "../atomics/shared_object.ts";
import { hasEnded, self } from "../atomics/thread.ts";
import { awaitOn, blockOn, Outcome, type Steps } from "../atomics/wait.ts";
import { hasWaiters, passOn, QUEUE_WORDS, wakeOne } from "../atomics/wait_queue.ts";

const OWNER = objectWord.FIRST;
const QUEUE = OWNER + 1;
const WORDS = QUEUE + QUEUE_WORDS;

/** Releases a lock when it goes out of scope: `using guard = await lock.acquire()`. */
export class LockGuard implements Disposable {
  #lock: Lock | undefined;

  /** Made by {@linkcode Lock.acquire}. */
  constructor(lock: Lock) {
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

type Acquisition = "acquired" | "abandoned" | "timed out";

function* acquiring(lock: number): Steps<Acquisition> {
  const owner = lock + OWNER;
  let overtaken = false;
  for (;;) {
    const found = Atomics.compareExchange(i32, owner, 0, self); // 0 -> me
    if (found === 0) return "acquired";
    if (hasEnded(found)) {
      // ended thread -> me; when another was quicker, look again
      if (Atomics.compareExchange(i32, owner, found, self) === found) return "abandoned";
      continue;
    }
    const outcome = yield {
      queue: lock + QUEUE,
      word: owner,
      expected: found,
      ownerWord: owner,
      overtaken,
    };
    if (outcome === Outcome.OWNER) return "acquired"; // the releaser stored our record
    if (outcome === Outcome.TIMED_OUT) return "timed out";
    if (outcome === Outcome.WOKEN) overtaken = true;
  }
}

/**
 * A lock that one worker, or one async task of a worker, holds at a time.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message.
 * - It is not re-entrant: a holder that asks again waits.
 * - Any worker may release it, whoever acquired it, as in Python.
 * - Fairness: waiters stand in a queue, first come, first served. Who asks while a waiter is being
 *   woken may overtake it, once: a waiter that was overtaken is handed the lock by the next
 *   release, so nobody starves.
 * - A holder that dies does not block the others: the next one to ask acquires the lock and is told
 *   by an {@linkcode AbandonedLockError}.
 *
 * Follows Python's `multiprocessing.Lock`; handing over after one overtaking follows the starvation
 * mode of Go's `sync.Mutex`.
 *
 * @example Only one at a time
 * ```ts
 * import { Lock } from "@sauropod/multiprocessing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * {
 *   using _guard = await lock.acquire();
 *   assert(lock.locked());
 *   assertEquals(lock.tryAcquire(), undefined);
 * }
 * assert(!lock.locked());
 * ```
 */
export class Lock extends SharedHandle {
  /** Makes a lock that nobody holds. */
  constructor() {
    super(createObject(SharedType.LOCK, WORDS));
  }

  /**
   * Acquires the lock, waiting while another holds it.
   *
   * @returns a guard that releases it at the end of its scope; {@linkcode Lock.release} does too
   * @throws {TimeoutError} if it is not acquired in `timeoutMs`
   * @throws {AbandonedLockError} if its holder died; the lock is acquired
   * @throws the reason of `signal`, if that is aborted first
   */
  async acquire(options?: WaitOptions): Promise<LockGuard> {
    if (options !== undefined || !take(this.address)) {
      judge(await awaitOn(acquiring(this.address), options), options);
    }
    return new LockGuard(this);
  }

  /**
   * Acquires the lock, blocking the thread while another holds it.
   *
   * @returns a guard that releases it at the end of its scope; {@linkcode Lock.release} does too
   * @throws {TimeoutError} if it is not acquired in `timeoutMs`
   * @throws {AbandonedLockError} if its holder died; the lock is acquired
   * @throws {TerminatedError} if this worker is told to end
   */
  acquireSync(options?: WaitOptions): LockGuard {
    if (options !== undefined || !take(this.address)) {
      judge(blockOn(acquiring(this.address), options), options);
    }
    return new LockGuard(this);
  }

  /**
   * Acquires the lock if it is free.
   *
   * @returns a guard, or `undefined` if another holds it
   * @throws {AbandonedLockError} if its holder died; the lock is acquired
   */
  tryAcquire(): LockGuard | undefined {
    if (take(this.address)) return new LockGuard(this);
    const how = blockOn(acquiring(this.address), { timeoutMs: 0 });
    if (how === "timed out") return undefined;
    judge(how);
    return new LockGuard(this);
  }

  /**
   * Releases the lock and wakes the first who waits for it. In a worker that has been terminated it
   * does nothing: the lock counts as abandoned, and another may hold it by now.
   *
   * @throws {Error} if nobody holds it
   */
  release(): void {
    const owner = this.address + OWNER;
    const queue = this.address + QUEUE;
    if (hasEnded(self)) return;
    if (!hasWaiters(queue) && Atomics.compareExchange(i32, owner, self, 0) === self) { // me -> 0
      wakeOne(queue); // who came after the look at the queue saw the lock taken, and sleeps
      return;
    }
    for (;;) {
      const found = Atomics.load(i32, owner);
      if (hasEnded(self)) return; // asked after the owner: it may be another because of that
      if (found === 0) {
        throw new Error("Cannot release lock: nobody holds it. Release it once for each acquire");
      }
      if (hasWaiters(queue)) {
        if (passOn(queue, owner, found)) return; // found -> 0, or found -> first waiter
      } else if (Atomics.compareExchange(i32, owner, found, 0) === found) { // found -> 0
        wakeOne(queue);
        return;
      }
    }
  }

  /** Whether somebody holds the lock. */
  locked(): boolean {
    return Atomics.load(i32, this.address + OWNER) !== 0;
  }
}

function take(lock: number): boolean {
  return Atomics.compareExchange(i32, lock + OWNER, 0, self) === 0; // 0 -> me
}

function judge(how: Acquisition, options?: WaitOptions): void {
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

defineType(SharedType.LOCK, { revive: reviveAs(Lock) });
