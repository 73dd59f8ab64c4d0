// The declarations of lib/memory/locking.ts

import type { GuardOf } from "../sync/condition.d.ts";
import type { Lock } from "../sync/lock.d.ts";
import type { RLock, RLockOptions } from "../sync/rlock.d.ts";

/** A lock that a shared value or array can have. */
export type SharedLock = Lock | RLock;

/**
 * Options of a shared value or array.
 *
 * @typeParam L the class of its lock; `false` if it has none
 */
export interface SharedOptions<L extends SharedLock | false = RLock> {
  /**
   * The lock that comes with it: `true` for a new {@linkcode RLock}, a lock to use that one, or
   * `false` for none.
   *
   * @default {true}
   */
  lock?: L | true | undefined;
}

/**
 * The methods of a shared value or array for the lock that comes with it. All of them throw
 * `TypeError` if it was created with `lock: false`.
 *
 * @typeParam L the class of its lock; `false` if it has none
 */
export interface LockMethods<L extends SharedLock | false> {
  /**
   * Acquires the lock: see {@linkcode RLock.acquire} and {@linkcode Lock.acquire}.
   *
   * @returns a guard that releases the lock at the end of its scope
   */
  acquire(options?: RLockOptions): Promise<GuardOf<Exclude<L, false>>>;
  /**
   * Acquires the lock, blocking the isolate: see {@linkcode RLock.acquireSync} and
   * {@linkcode Lock.acquireSync}.
   *
   * @returns a guard that releases the lock at the end of its scope
   */
  acquireSync(options?: RLockOptions): GuardOf<Exclude<L, false>>;
  /**
   * Acquires the lock if that is possible at once: see {@linkcode RLock.tryAcquire} and
   * {@linkcode Lock.tryAcquire}.
   *
   * @returns a guard that releases the lock at the end of its scope; `undefined` if the lock is
   *   held
   */
  tryAcquire(options?: Pick<RLockOptions, "owner">): GuardOf<Exclude<L, false>> | undefined;
  /**
   * Releases the lock: see {@linkcode RLock.release} and {@linkcode Lock.release}.
   *
   * @throws {Error} if the lock is not held
   */
  release(options?: Pick<RLockOptions, "owner">): void;
}

export {};
