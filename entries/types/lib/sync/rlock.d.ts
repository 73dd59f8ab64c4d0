// The declarations of lib/sync/rlock.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";

/**
 * An owner that can acquire an {@linkcode RLock} more than once: an async task, or an object.
 *
 * A lock cannot tell the async tasks of one isolate apart, so a task that acquires again passes its
 * owner.
 *
 * @example Methods that call each other
 * ```ts
 * import { LockOwner, RLock } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new RLock();
 * const owner = new LockOwner();
 * async function inner() {
 *   using _ = await lock.acquire({ owner });
 *   return lock.depth;
 * }
 * async function outer() {
 *   using _ = await lock.acquire({ owner });
 *   return await inner();
 * }
 * assertEquals(await outer(), 2);
 * ```
 */
export declare class LockOwner {
  #private;
  /** Returns the token of an owner. */
  static tokenOf(owner: LockOwner): number;
}

/** Options of {@linkcode RLock.acquire}. */
export interface RLockOptions extends WaitOptions {
  /**
   * The owner that acquires the lock. If it holds the lock already, it acquires it again at once. A
   * guard stands for the owner that acquired it.
   *
   * @default {the current `Thread`; outside of threads, a new owner for `acquire`, and this isolate's
   * blocking code for `acquireSync`}
   */
  owner?: LockOwner | RLockGuard | undefined;
}

/** Releases one acquire of an {@linkcode RLock} at the end of its scope. */
export declare class RLockGuard implements Disposable {
  #private;
  /** Creates the guard of one acquire. Called by {@linkcode RLock.acquire}. */
  constructor(lock: RLock, token: number);
  /** Returns the token of the owner that a guard stands for. */
  static tokenOf(guard: RLockGuard): number;
  /**
   * Releases this acquire now. Idempotent; the end of the scope then does nothing.
   *
   * @throws {Error} if its owner no longer holds the lock
   */
  release(): void;
  /** Releases this acquire, as {@linkcode RLockGuard.release} does. */
  [Symbol.dispose](): void;
}

/**
 * A re-entrant lock: its owner may acquire it again, and must release it as often.
 *
 * - In a `Thread` the owner is the thread, whether it blocks or awaits.
 * - Outside of threads, the blocking code of an isolate is one owner, so calls of
 *   {@linkcode RLock.acquireSync} can be nested. Release the lock before the next `await`: the blocking
 *   code of other async tasks is the same owner.
 * - Outside of threads, async tasks are different owners. Each {@linkcode RLock.acquire} has a new
 *   owner, and waits for the others, unless the guard of an earlier acquire, or a {@linkcode
 *   LockOwner}, is passed as `owner`.
 * - Only the isolate that holds it can release it.
 * - A blocking acquire of a lock that an async task of this isolate holds would never return: it
 *   throws {@linkcode DeadlockError}, unless `timeoutMs` is given.
 * - Can be sent anywhere: as an argument of a process or a task, or in a message.
 * - Waiters, and the death of the holder, are handled as by {@linkcode Lock}.
 *
 * Follows Python's `multiprocessing.RLock`.
 *
 * @example Nested blocking code
 * ```ts
 * import { RLock } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new RLock();
 * {
 *   using _outer = lock.acquireSync();
 *   using _inner = lock.acquireSync();
 *   assertEquals(lock.depth, 2);
 * }
 * assertEquals(lock.locked(), false);
 * ```
 *
 * @example Nested async code
 * ```ts
 * import { RLock, type RLockGuard } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new RLock();
 * async function inner(owner: RLockGuard) {
 *   using _ = await lock.acquire({ owner });
 *   return lock.depth;
 * }
 * using guard = await lock.acquire();
 * assertEquals(await inner(guard), 2);
 * ```
 */
export declare class RLock extends SharedHandle {
  /**
   * Creates an unlocked lock.
   *
   * @throws {TypeError} if an argument is given
   */
  constructor();
  /**
   * Acquires the lock, waiting while another owner holds it.
   *
   * @returns a guard that releases this acquire at the end of its scope, and can be passed as
   *   `owner`
   * @throws {TimeoutError} if the lock is not acquired within `timeoutMs`
   * @throws {AbandonedLockError} if the holder died; the lock is acquired once
   * @throws {TypeError} if `owner` is neither a guard nor a `LockOwner`
   * @throws the reason of `signal`, if it is aborted first
   */
  acquire(options?: RLockOptions): Promise<RLockGuard>;
  /**
   * Acquires the lock, blocking the isolate while another owner holds it.
   *
   * @returns a guard that releases this acquire at the end of its scope; {@linkcode RLock.release}
   *   does too
   * @throws {TimeoutError} if the lock is not acquired within `timeoutMs`
   * @throws {AbandonedLockError} if the holder died; the lock is acquired once
   * @throws {DeadlockError} if another owner in this isolate holds it and `timeoutMs` is not given
   * @throws {TypeError} if `owner` is neither a guard nor a `LockOwner`
   * @throws {TerminatedError} if this worker is terminated
   */
  acquireSync(options?: RLockOptions): RLockGuard;
  /**
   * Acquires the lock if it is free, or held by the same owner.
   *
   * @returns a guard, or `undefined` if another owner holds the lock
   * @throws {AbandonedLockError} if the holder died; the lock is acquired once
   */
  tryAcquire(options?: Pick<RLockOptions, "owner">): RLockGuard | undefined;
  /**
   * Releases one acquire. The last one frees the lock and wakes the first waiter. Does nothing in a
   * worker that has been terminated.
   *
   * @param options the owner that releases it; by default the owner in this isolate that holds it, but
   *   not another `Thread`
   * @throws {Error} if the owner, or any owner in this isolate, does not hold the lock
   */
  release(options?: Pick<RLockOptions, "owner">): void;
  /**
   * Returns whether the lock is held.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  locked(): boolean;
  /**
   * How often the owner in this isolate has acquired the lock; 0 if this isolate does not hold it.
   */
  get depth(): number;
}

export {};
