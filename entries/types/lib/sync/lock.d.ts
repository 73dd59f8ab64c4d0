// The declarations of lib/sync/lock.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { LockGuard } from "./ownership.d.ts";

/**
 * A lock that at most one holder has at a time: an isolate, or an async task of one.
 *
 * - Can be sent anywhere: as an argument of a process or a task, or in a message.
 * - Not re-entrant: each async task is a holder, and a holder that acquires the lock again waits
 *   for itself. For a re-entrant lock use {@linkcode RLock}.
 * - A blocking acquire of a lock that this isolate holds would never return: it throws
 *   {@linkcode DeadlockError}, unless `timeoutMs` is given.
 * - Any isolate may release it, not only the one that acquired it, as in Python.
 * - Fair: waiters are served first come, first served. A caller that does not have to wait may
 *   overtake a waiter that is being woken, but only once: the next release hands the lock to the
 *   overtaken waiter. So no waiter starves.
 * - If the holder dies, the lock does not stay locked: the next caller acquires it and gets
 *   {@linkcode AbandonedLockError}.
 *
 * Follows Python's `multiprocessing.Lock`.
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
export declare class Lock extends SharedHandle {
  /**
   * Creates an unlocked lock.
   *
   * @throws {TypeError} if an argument is given
   */
  constructor();
  /**
   * Acquires the lock, waiting while it is held.
   *
   * @returns a guard that releases the lock at the end of its scope; {@linkcode Lock.release} does
   *   too
   * @throws {TimeoutError} if the lock is not acquired within `timeoutMs`
   * @throws {AbandonedLockError} if the holder died; the lock is acquired
   * @throws the reason of `signal`, if it is aborted first
   */
  acquire(options?: WaitOptions): Promise<LockGuard>;
  /**
   * Acquires the lock, blocking the isolate while it is held.
   *
   * @returns a guard that releases the lock at the end of its scope; {@linkcode Lock.release} does
   *   too
   * @throws {TimeoutError} if the lock is not acquired within `timeoutMs`
   * @throws {AbandonedLockError} if the holder died; the lock is acquired
   * @throws {DeadlockError} if this isolate holds the lock and `timeoutMs` is not given
   * @throws {TerminatedError} if this worker is terminated
   */
  acquireSync(options?: WaitOptions): LockGuard;
  /**
   * Acquires the lock if it is free.
   *
   * @returns a guard, or `undefined` if the lock is held
   * @throws {AbandonedLockError} if the holder died; the lock is acquired
   */
  tryAcquire(): LockGuard | undefined;
  /**
   * Releases the lock and wakes the first waiter. Does nothing in a worker that has been
   * terminated: its lock counts as abandoned, and may have another holder by now.
   *
   * @throws {Error} if the lock is not held
   */
  release(): void;
  /**
   * Returns whether the lock is held.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  locked(): boolean;
}

export {};
