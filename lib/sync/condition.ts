/**
 * Waiting, under a lock, until another says that something has changed.
 *
 * | word | meaning | written by | sleeps on it | woken by |
 * |---|---|---|---|---|
 * | `LOCK` | address of the lock that goes with it | the creator | | |
 * | `STILL` | always 0 | nobody | who waits to be notified, in `QUEUE` | `notify`, one each |
 *
 * A waiter joins the queue while it holds the lock, and frees the lock before it sleeps; `notify`
 * needs the lock. So who is in the queue when `notify` looks is exactly who has begun to wait: no
 * notification is lost, and none goes to somebody who came later. (Freeing the lock first would leave
 * a moment in which a notification finds nobody.)
 *
 * A waiter that was notified, timed out or was aborted takes the lock again, however long that takes,
 * before its wait ends. One that dies before that passes its notification on. When a holder of the
 * lock dies, all who wait are woken, since it may have died before it notified them, or while it used
 * a notification.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import {
  addRef,
  addressOf,
  createObject,
  defineType,
  handleFor,
  objectWord,
  release,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { describe } from "../arguments/describe.ts";
import { stopRequested, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn, blockOn, ParkResult, type Steps } from "../parking/wait.ts";
import { hasWaiters, QUEUE_WORDS, wakeAll, wakeOne } from "../parking/wait_queue.ts";
import { Lock } from "./lock.ts";
import {
  acquiring,
  type Acquisition,
  type LockGuard,
  ownerOf,
  relinquish,
  throwIfFailed,
} from "./ownership.ts";
import {
  holdingAgain,
  isHeldHere,
  letGo,
  RLock,
  RLOCK_TYPE,
  type RLockGuard,
  type RLockOptions,
} from "./rlock.ts";

/** The number of this type among shared objects. */
const TYPE = 11;

const LOCK = objectWord.FIRST;
const STILL = LOCK + 1;
const QUEUE = STILL + 1;
const WORDS = QUEUE + QUEUE_WORDS;

/** Whether somebody of this worker holds the lock. */
function holds(lock: number): boolean {
  if (i32[lock] === RLOCK_TYPE) return isHeldHere(lock);
  return ownerOf(lock + objectWord.FIRST) === thisIsolate;
}

/** Steps of taking the lock again; if the waiter dies before, the first of `successorQueue` is woken. */
type TakeAgain = (successorQueue: number) => Steps<Acquisition>;

/** Frees the lock: what takes it again, as it was. */
function free(lock: number): TakeAgain {
  if (i32[lock] === RLOCK_TYPE) {
    const hold = letGo(lock);
    return (successorQueue) => holdingAgain(lock, hold, successorQueue);
  }
  relinquish(lock + objectWord.FIRST);
  return (successorQueue) => acquiring(lock + objectWord.FIRST, true, successorQueue);
}

function* waiting(condition: number): Steps<boolean> {
  const lock = i32[condition + LOCK];
  let again: TakeAgain | undefined;
  let outcome: ParkResult;
  try {
    outcome = yield {
      queue: condition + QUEUE,
      word: condition + STILL,
      expected: 0,
      ownerWord: lock + objectWord.FIRST,
      onQueued: () => again = free(lock),
    };
  } catch (reason) {
    // Aborted. A worker that is told to end takes nothing any more.
    if (again !== undefined && !stopRequested()) throwIfFailed(yield* again(0));
    throw reason;
  }
  again ??= free(lock); // no time to wait: others have a turn all the same
  throwIfFailed(yield* outcome === ParkResult.WOKEN ? inheritable(condition, again) : again(0));
  return outcome !== ParkResult.TIMED_OUT;
}

/** Steps of taking the lock again, of one that was notified: if it dies before, another is. */
function* inheritable(condition: number, again: TakeAgain): Steps<Acquisition> {
  try {
    return yield* again(condition + QUEUE);
  } catch (reason) {
    wakeOne(condition + QUEUE);
    throw reason;
  }
}

function* waitingFor<T>(condition: number, predicate: () => T): Steps<T> {
  for (;;) {
    const value = test(predicate);
    if (value || !(yield* waiting(condition))) return value || test(predicate);
  }
}

function test<T>(predicate: () => T): T {
  const value = predicate();
  if (typeof (value as PromiseLike<unknown> | undefined)?.then !== "function") return value;
  (value as PromiseLike<unknown>).then(undefined, () => {}); // it is this error that ends the wait
  throw new TypeError("Cannot wait: the predicate returns a promise, which is always true");
}

/**
 * Waiting, under a lock, until another says that something has changed.
 *
 * - {@linkcode Condition.wait} frees the lock, sleeps until it is notified, and takes the lock again.
 *   Of an {@linkcode RLock} it restores how often it was acquired.
 * - {@linkcode Condition.notify} wakes those who have waited longest.
 * - Look again at what you wait for, or use {@linkcode Condition.waitFor}: between the notification
 *   and the lock another may have changed it back; and if a promise is notified while its thread
 *   blocks, the notification goes to the next, and the promise looks in vain later.
 * - If a holder of its lock dies, all who wait are woken, and the first is told by an
 *   {@linkcode AbandonedLockError}.
 * - It may be sent anywhere, with its lock.
 *
 * Follows Python's `multiprocessing.Condition`.
 *
 * @typeParam L the class of its lock
 *
 * @example Until there is something
 * ```ts
 * import { Condition } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const condition = new Condition();
 * const items: string[] = [];
 *
 * async function consume() {
 *   using _ = await condition.acquire();
 *   await condition.waitFor(() => items.length > 0);
 *   return items.pop();
 * }
 *
 * const consumed = consume();
 * {
 *   using _ = await condition.acquire();
 *   items.push("fresh");
 *   condition.notify();
 * }
 * assertEquals(await consumed, "fresh");
 * ```
 */
export class Condition<L extends Lock | RLock = RLock> extends SharedHandle {
  /**
   * Makes a condition.
   *
   * @param lock the lock that goes with it; a new `RLock` if there is none
   * @throws {TypeError} if `lock` is neither a `Lock` nor an `RLock`
   */
  constructor(lock?: L) {
    if (lock !== undefined && !(lock instanceof Lock) && !(lock instanceof RLock)) {
      throw new TypeError(
        `Cannot make condition: lock must be a Lock or an RLock, not ${typeof lock}`,
      );
    }
    const its = addressOf(lock ?? new RLock())!;
    const condition = createObject(TYPE, WORDS);
    addRef(its);
    i32[condition + LOCK] = its;
    super(condition);
  }

  /** The lock that goes with it. */
  get lock(): L {
    return handleFor(i32[this.address + LOCK]) as L;
  }

  /** Acquires the lock: see {@linkcode RLock.acquire}, {@linkcode Lock.acquire}. */
  async acquire(options?: RLockOptions): Promise<GuardOf<L>> {
    return await this.lock.acquire(options) as GuardOf<L>;
  }

  /** Acquires the lock, blocking the thread. */
  acquireSync(options?: RLockOptions): GuardOf<L> {
    return this.lock.acquireSync(options) as GuardOf<L>;
  }

  /** Acquires the lock if that is possible at once. */
  tryAcquire(options?: Pick<RLockOptions, "owner">): GuardOf<L> | undefined {
    return this.lock.tryAcquire(options) as GuardOf<L> | undefined;
  }

  /** Releases the lock. */
  release(options?: Pick<RLockOptions, "owner">): void {
    this.lock.release(options);
  }

  /** Whether somebody holds the lock. */
  locked(): boolean {
    return this.lock.locked();
  }

  /**
   * Frees the lock, waits to be notified and takes the lock again.
   *
   * @returns true once it is notified, false if `timeoutMs` passed first
   * @throws {Error} if nobody of this worker holds the lock
   * @throws {AbandonedLockError} if the lock's holder died; the lock is acquired
   * @throws the reason of `signal`, if that is aborted first; the lock is acquired
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    checkHeld(this.address, "wait");
    return await awaitOn(waiting(this.address), options);
  }

  /**
   * Frees the lock, blocks the thread until it is notified and takes the lock again.
   *
   * @returns true once it is notified, false if `timeoutMs` passed first
   * @throws {Error} if nobody of this worker holds the lock
   * @throws {AbandonedLockError} if the lock's holder died; the lock is acquired
   * @throws {TerminatedError} if this worker is told to end
   */
  waitSync(options?: WaitOptions): boolean {
    checkHeld(this.address, "wait");
    return blockOn(waiting(this.address), options, this.address);
  }

  /**
   * Waits until the predicate returns something true. It is called with the lock held, at first and
   * after each notification.
   *
   * @returns what the predicate returned last: something false if `timeoutMs` passed first
   * @throws {TypeError} if the predicate returns a promise; the lock is acquired
   * @throws as {@linkcode Condition.wait}, and what the predicate throws; the lock is acquired
   */
  async waitFor<T>(predicate: () => T, options?: WaitOptions): Promise<T> {
    checkHeld(this.address, "wait");
    return await awaitOn(waitingFor(this.address, predicate), options);
  }

  /** As {@linkcode Condition.waitFor}, blocking the thread. */
  waitForSync<T>(predicate: () => T, options?: WaitOptions): T {
    checkHeld(this.address, "wait");
    return blockOn(waitingFor(this.address, predicate), options, this.address);
  }

  /**
   * Wakes up to `n` of those who wait, the longest first. They go on once the lock is free.
   *
   * @throws {Error} if nobody of this worker holds the lock
   * @throws {RangeError} if `n` is not a whole number of at least 0
   */
  notify(n = 1): void {
    if (!Number.isInteger(n) || n < 0) {
      throw new RangeError(
        `Cannot notify: n must be a whole number of at least 0, not ${describe(n)}`,
      );
    }
    checkHeld(this.address, "notify");
    for (let woken = 0; woken < n && hasWaiters(this.address + QUEUE); woken++) {
      wakeOne(this.address + QUEUE);
    }
  }

  /**
   * Wakes all who wait.
   *
   * @throws {Error} if nobody of this worker holds the lock
   */
  notifyAll(): void {
    checkHeld(this.address, "notify");
    wakeAll(this.address + QUEUE);
  }
}

function checkHeld(condition: number, verb: string): void {
  if (holds(i32[condition + LOCK])) return;
  throw new Error(`Cannot ${verb}: the lock is not held here. Acquire the condition first`);
}

/** The guard that a lock gives. */
export type GuardOf<L extends Lock | RLock> = L extends RLock ? RLockGuard : LockGuard;

showState<Condition<Lock | RLock>>(Condition, ({ lock }) => ({ lock }));
defineType(TYPE, "Condition", {
  revive: reviveAs<Condition>(Condition),
  destroy: (condition) => release(i32[condition + LOCK]),
});
