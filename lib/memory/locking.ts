/**
 * The lock that comes with a `Value` or a `SharedArray`.
 *
 * @module
 */

import type { GuardOf } from "../sync/condition.ts";
import { Lock } from "../sync/lock.ts";
import { RLock, type RLockOptions } from "../sync/rlock.ts";
import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { isInstance, wrongType } from "../arguments/values.ts";

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

/** The implementation of {@linkcode LockMethods}. */
const lockMethods = {
  async acquire(this: Locked, options?: RLockOptions): Promise<unknown> {
    return await this.getLock().acquire(options);
  },
  acquireSync(this: Locked, options?: RLockOptions): unknown {
    return this.getLock().acquireSync(options);
  },
  tryAcquire(this: Locked, options?: Pick<RLockOptions, "owner">): unknown {
    return (this.getLock() as RLock).tryAcquire(options);
  },
  release(this: Locked, options?: Pick<RLockOptions, "owner">): void {
    (this.getLock() as RLock).release(options);
  },
};

/** An object with a lock. */
interface Locked {
  getLock(): SharedLock;
}

/** Gives the instances of a class that has `getLock` the {@linkcode LockMethods}. */
export function addLockMethods({ prototype }: { prototype: object }): void {
  for (const [name, value] of Object.entries(lockMethods)) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

/**
 * Returns the lock that the options specify; `false` for none.
 *
 * @param others the names of the options that are not about the lock
 */
export function lockOf(
  options: SharedOptions<SharedLock | false>,
  thing: string,
  others: OptionNames<object> = {},
): SharedLock | false {
  checkOptions<object>(`make ${thing}`, options, { lock: true, ...others });
  const { lock = true } = options;
  if (lock === true) return new RLock();
  if (lock === false || isInstance(lock, Lock) || isInstance(lock, RLock)) return lock;
  throw wrongType(`make ${thing}`, "lock", "a Lock, an RLock, true or false", lock);
}

/** The error for the use of the lock of a value or array that has none. */
export function noLockError(thing: string): TypeError {
  return new TypeError(
    `Cannot get lock of ${thing}: it was made with lock: false. Omit that option, or use add(), ` +
      "update() and the other atomic methods, which need no lock",
  );
}
