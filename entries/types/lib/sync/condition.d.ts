// The declarations of lib/sync/condition.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { Lock } from "./lock.d.ts";
import type { LockGuard } from "./ownership.d.ts";
import type { RLock, RLockGuard, RLockOptions } from "./rlock.d.ts";

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
export declare class Condition<L extends Lock | RLock = RLock> extends SharedHandle {
  /**
   * Creates a condition.
   *
   * @param lock the lock of the condition; a new `RLock` if omitted
   * @throws {TypeError} if `lock` is neither a `Lock` nor an `RLock`
   */
  constructor(lock?: L);
  /** The lock of the condition. */
  get lock(): L;
  /** Acquires the lock: see {@linkcode RLock.acquire} and {@linkcode Lock.acquire}. */
  acquire(options?: RLockOptions): Promise<GuardOf<L>>;
  /**
   * Acquires the lock, blocking the isolate: see {@linkcode RLock.acquireSync} and
   * {@linkcode Lock.acquireSync}.
   */
  acquireSync(options?: RLockOptions): GuardOf<L>;
  /**
   * Acquires the lock if that is possible at once: see {@linkcode RLock.tryAcquire} and
   * {@linkcode Lock.tryAcquire}.
   */
  tryAcquire(options?: Pick<RLockOptions, "owner">): GuardOf<L> | undefined;
  /** Releases the lock: see {@linkcode RLock.release} and {@linkcode Lock.release}. */
  release(options?: Pick<RLockOptions, "owner">): void;
  /** Returns whether the lock is held. */
  locked(): boolean;
  /**
   * Frees the lock, waits for a notification and acquires the lock again.
   *
   * @returns true if it was notified, false if `timeoutMs` passed first
   * @throws {Error} if this isolate does not hold the lock
   * @throws {AbandonedLockError} if a holder of the lock died; the lock is acquired
   * @throws the reason of `signal`, if it is aborted first; the lock is acquired
   */
  wait(options?: WaitOptions): Promise<boolean>;
  /**
   * Frees the lock, blocks the isolate until it is notified and acquires the lock again.
   *
   * @returns true if it was notified, false if `timeoutMs` passed first
   * @throws {Error} if this isolate does not hold the lock
   * @throws {AbandonedLockError} if a holder of the lock died; the lock is acquired
   * @throws {DeadlockError} if no other isolate could notify it and `timeoutMs` is not given
   * @throws {TerminatedError} if this worker is terminated; the lock is not acquired
   */
  waitSync(options?: WaitOptions): boolean;
  /**
   * Waits until the predicate returns a truthy value. The predicate is called under the lock, first
   * at once and then after each notification.
   *
   * @returns the last result of the predicate: a falsy one if `timeoutMs` passed first
   * @throws {TypeError} if `predicate` is not a function, or returns a promise; the lock is acquired
   * @throws as {@linkcode Condition.wait}, and what the predicate throws; the lock is acquired
   */
  waitFor<T>(predicate: () => T, options?: WaitOptions): Promise<T>;
  /** Waits as {@linkcode Condition.waitFor} does, blocking the isolate. */
  waitForSync<T>(predicate: () => T, options?: WaitOptions): T;
  /**
   * Wakes up to `n` waiters, the longest waiting first. They continue when they have acquired the
   * lock.
   *
   * @throws {Error} if this isolate does not hold the lock
   * @throws {RangeError} if `n` is not an integer of at least 0
   * @throws {TerminatedError} if this worker is terminated
   */
  notify(n?: number): void;
  /**
   * Wakes all waiters.
   *
   * @throws {Error} if this isolate does not hold the lock
   * @throws {TerminatedError} if this worker is terminated
   */
  notifyAll(): void;
}

/** The guard that the `acquire` of a lock class returns. */
export type GuardOf<L extends Lock | RLock> = L extends RLock ? RLockGuard : LockGuard;

export {};
