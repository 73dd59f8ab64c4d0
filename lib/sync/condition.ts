/**
 * Condition variables: waiting, under a lock, until another isolate or async task notifies of a
 * change.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `LOCK` | address of the lock of the condition | the creator | | |
 * | `ZERO` | always 0: a waiter sleeps until it is woken | | waiters for a notification, in `QUEUE` | `notify`, one waiter for each |
 *
 * A waiter joins the queue while it holds the lock, then frees the lock and sleeps. `notify`
 * requires the lock. So the queue that `notify` sees consists of exactly the waiters whose wait has
 * begun: no notification is lost, and none reaches a waiter that came later. (If the waiter freed
 * the lock first, a notification between the two steps would find no waiter.)
 *
 * Before its wait ends, a waiter acquires the lock again, whether it was notified, timed out or was
 * aborted, and however long that takes.
 *
 * Death of an isolate:
 *
 * - If a waiter dies after it was notified and before it has the lock, its notification goes to the
 *   next waiter.
 * - If a holder of the lock dies, all waiters are woken: it may have died before it notified them,
 *   or while it made use of a notification.
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
  type ObjectAddress,
  objectWord,
  release,
  reviveAs,
  SharedHandle,
  showState,
  typeOf,
} from "../objects/shared_object.ts";
import { checkFunction, checkInteger, isInstance, wrongType } from "../arguments/values.ts";
import { stopRequested, thisIsolate } from "../heap/isolate_record.ts";
import {
  awaitOn,
  blockOn,
  isStopping,
  neverSettled,
  ParkResult,
  type Steps,
  throwIfStopping,
} from "../parking/wait.ts";
import {
  hasWaiters,
  QUEUE_WORDS,
  type QueueAddress,
  wakeAll,
  wakeOne,
} from "../parking/wait_queue.ts";
import { Lock } from "./lock.ts";
import { refusePromise } from "./settled.ts";
import {
  acquiring,
  type Acquisition,
  type LockGuard,
  ownerOf,
  relinquish,
  throwUnlessAcquired,
} from "./ownership.ts";
import {
  isHeldHere,
  reentering,
  releaseAll,
  RLock,
  RLOCK_TYPE,
  type RLockGuard,
  type RLockOptions,
} from "./rlock.ts";

/** The number of this type among shared objects. */
const TYPE = 11;

const LOCK = objectWord.FIRST;
const ZERO = LOCK + 1;
const QUEUE = ZERO + 1;
const WORDS = QUEUE + QUEUE_WORDS;

const PREDICATE_ADVICE = "Write waitFor(() => ready)";

/** Returns whether this isolate holds the lock. */
function holdsLock(lock: ObjectAddress): boolean {
  if (typeOf(lock) === RLOCK_TYPE) return isHeldHere(lock);
  return ownerOf(lock + objectWord.FIRST) === thisIsolate;
}

/**
 * Steps of acquiring the lock again, as it was held before. If the waiter dies meanwhile, the first
 * waiter in `successorQueue` is woken.
 */
type Reacquire = (successorQueue: QueueAddress) => Steps<Acquisition>;

/** Frees the lock, and returns how to acquire it again. */
function freeLock(lock: ObjectAddress): Reacquire {
  if (typeOf(lock) === RLOCK_TYPE) {
    const hold = releaseAll(lock);
    return (successorQueue) => reentering(lock, hold, successorQueue);
  }
  relinquish(lock + objectWord.FIRST);
  return (successorQueue) => acquiring(lock + objectWord.FIRST, true, successorQueue);
}

function* waiting(condition: ObjectAddress): Steps<boolean> {
  const lock = i32[condition + LOCK];
  let reacquire: Reacquire | undefined;
  let outcome: ParkResult;
  try {
    outcome = yield {
      queue: condition + QUEUE,
      word: condition + ZERO,
      expected: 0,
      ownerWord: lock + objectWord.FIRST,
      onQueued: () => reacquire = freeLock(lock),
    };
  } catch (reason) {
    // Aborted or terminated. A terminated worker must not acquire anything.
    if (reacquire !== undefined && !stopRequested()) throwUnlessAcquired(yield* reacquire(0));
    throw reason;
  }
  reacquire ??= freeLock(lock); // with a timeout of 0 nothing was queued: others still get a turn
  throwUnlessAcquired(
    yield* outcome === ParkResult.WOKEN ? reacquiringNotified(condition, reacquire) : reacquire(0),
  );
  return outcome !== ParkResult.TIMED_OUT;
}

/** Steps of acquiring the lock after a notification, which goes to the next waiter if they fail. */
function* reacquiringNotified(condition: ObjectAddress, reacquire: Reacquire): Steps<Acquisition> {
  try {
    return yield* reacquire(condition + QUEUE);
  } catch (reason) {
    wakeOne(condition + QUEUE);
    throw reason;
  }
}

function* waitingFor<T>(condition: ObjectAddress, predicate: () => T): Steps<T> {
  for (;;) {
    const value = evaluate(predicate);
    if (value || !(yield* waiting(condition))) return value || evaluate(predicate);
  }
}

function evaluate<T>(predicate: () => T): T {
  const value = predicate();
  refusePromise(
    value,
    "Cannot wait: the predicate returned a promise, which is always truthy. Return a plain value",
  );
  return value;
}

/**
 * A condition variable: isolates wait, under a lock, until another one notifies them of a change.
 *
 * - {@linkcode Condition.wait} frees the lock, waits for a notification, and acquires the lock
 *   again; an {@linkcode RLock} as often as it was acquired before.
 * - {@linkcode Condition.notify} wakes the longest waiting first.
 * - After a wait, check the state that you wait for, or use {@linkcode Condition.waitFor}, which
 *   does. Another caller may have changed the state between the notification and the acquisition of
 *   the lock. And if a promise is notified while its isolate blocks, another waiter gets the
 *   notification, and the promise resumes later without a change.
 * - If a holder of the lock dies, all waiters are woken, and the first one gets
 *   {@linkcode AbandonedLockError}.
 * - Can be sent anywhere, with its lock.
 *
 * Follows Python's `multiprocessing.Condition`.
 *
 * @typeParam L the class of its lock
 *
 * @example Waiting for an item
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
   * Creates a condition.
   *
   * @param lock the lock of the condition; a new `RLock` if omitted
   * @throws {TypeError} if `lock` is neither a `Lock` nor an `RLock`
   */
  constructor(lock?: L) {
    if (lock !== undefined && !isInstance(lock, Lock) && !isInstance(lock, RLock)) {
      throw wrongType("make condition", "lock", "a Lock or an RLock", lock);
    }
    const lockAddress = addressOf(lock ?? new RLock())!;
    const condition = createObject(TYPE, WORDS);
    addRef(lockAddress);
    i32[condition + LOCK] = lockAddress;
    super(condition);
  }

  /** The lock of the condition. */
  get lock(): L {
    return handleFor(i32[this.address + LOCK]) as L;
  }

  /** Acquires the lock: see {@linkcode RLock.acquire} and {@linkcode Lock.acquire}. */
  async acquire(options?: RLockOptions): Promise<GuardOf<L>> {
    return await this.lock.acquire(options) as GuardOf<L>;
  }

  /**
   * Acquires the lock, blocking the isolate: see {@linkcode RLock.acquireSync} and
   * {@linkcode Lock.acquireSync}.
   */
  acquireSync(options?: RLockOptions): GuardOf<L> {
    return this.lock.acquireSync(options) as GuardOf<L>;
  }

  /**
   * Acquires the lock if that is possible at once: see {@linkcode RLock.tryAcquire} and
   * {@linkcode Lock.tryAcquire}.
   */
  tryAcquire(options?: Pick<RLockOptions, "owner">): GuardOf<L> | undefined {
    return this.lock.tryAcquire(options) as GuardOf<L> | undefined;
  }

  /** Releases the lock: see {@linkcode RLock.release} and {@linkcode Lock.release}. */
  release(options?: Pick<RLockOptions, "owner">): void {
    this.lock.release(options);
  }

  /** Returns whether the lock is held. */
  locked(): boolean {
    return this.lock.locked();
  }

  /**
   * Frees the lock, waits for a notification and acquires the lock again.
   *
   * @returns true if it was notified, false if `timeoutMs` passed first
   * @throws {Error} if this isolate does not hold the lock
   * @throws {AbandonedLockError} if a holder of the lock died; the lock is acquired
   * @throws the reason of `signal`, if it is aborted first; the lock is acquired
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    if (isStopping()) return neverSettled();
    checkHeld(this.address, "wait");
    return await awaitOn(waiting(this.address), options);
  }

  /**
   * Frees the lock, blocks the isolate until it is notified and acquires the lock again.
   *
   * @returns true if it was notified, false if `timeoutMs` passed first
   * @throws {Error} if this isolate does not hold the lock
   * @throws {AbandonedLockError} if a holder of the lock died; the lock is acquired
   * @throws {DeadlockError} if no other isolate could notify it and `timeoutMs` is not given
   * @throws {TerminatedError} if this worker is terminated; the lock is not acquired
   */
  waitSync(options?: WaitOptions): boolean {
    checkHeld(this.address, "wait");
    return blockOn(waiting(this.address), options, this.address);
  }

  /**
   * Waits until the predicate returns a truthy value. The predicate is called under the lock, first
   * at once and then after each notification.
   *
   * @returns the last result of the predicate: a falsy one if `timeoutMs` passed first
   * @throws {TypeError} if `predicate` is not a function, or returns a promise; the lock is acquired
   * @throws as {@linkcode Condition.wait}, and what the predicate throws; the lock is acquired
   */
  async waitFor<T>(predicate: () => T, options?: WaitOptions): Promise<T> {
    checkFunction("wait", "predicate", predicate, PREDICATE_ADVICE);
    if (isStopping()) return neverSettled();
    checkHeld(this.address, "wait");
    return await awaitOn(waitingFor(this.address, predicate), options);
  }

  /** Waits as {@linkcode Condition.waitFor} does, blocking the isolate. */
  waitForSync<T>(predicate: () => T, options?: WaitOptions): T {
    checkFunction("wait", "predicate", predicate, PREDICATE_ADVICE);
    checkHeld(this.address, "wait");
    return blockOn(waitingFor(this.address, predicate), options, this.address);
  }

  /**
   * Wakes up to `n` waiters, the longest waiting first. They continue when they have acquired the
   * lock.
   *
   * @throws {Error} if this isolate does not hold the lock
   * @throws {RangeError} if `n` is not an integer of at least 0
   * @throws {TerminatedError} if this worker is terminated
   */
  notify(n = 1): void {
    checkInteger("notify", "n", n, 0, undefined, "For all waiters call notifyAll()");
    checkHeld(this.address, "notify");
    for (let woken = 0; woken < n && hasWaiters(this.address + QUEUE); woken++) {
      wakeOne(this.address + QUEUE);
    }
  }

  /**
   * Wakes all waiters.
   *
   * @throws {Error} if this isolate does not hold the lock
   * @throws {TerminatedError} if this worker is terminated
   */
  notifyAll(): void {
    checkHeld(this.address, "notify");
    wakeAll(this.address + QUEUE);
  }
}

function checkHeld(condition: ObjectAddress, verb: string): void {
  throwIfStopping(); // first: what this isolate held belongs to others once it has ended
  if (holdsLock(i32[condition + LOCK])) return;
  throw new Error(`Cannot ${verb}: the lock is not held here. Acquire the condition first`);
}

/** The guard that the `acquire` of a lock class returns. */
export type GuardOf<L extends Lock | RLock> = L extends RLock ? RLockGuard : LockGuard;

showState<Condition<Lock | RLock>>(Condition, ({ lock }) => ({ lock }));
defineType(TYPE, "Condition", {
  crosses: true,
  revive: reviveAs<Condition>(Condition),
  destroy: (condition) => release(i32[condition + LOCK]),
});
