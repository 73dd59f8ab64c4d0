/**
 * Mutual exclusion between isolates, and between the async tasks of one.
 *
 * The shared words and the protocol are those of `ownership.ts`.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { checkArity } from "../arguments/options.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { awaitOn, blockOn, throwIfStopping } from "../parking/wait.ts";
import {
  acquiring,
  LockGuard,
  ownerOf,
  OWNERSHIP_WORDS,
  relinquish,
  throwUnlessAcquired,
  tryOwn,
} from "./ownership.ts";

/** The number of this type among shared objects. */
const TYPE = 1;

const OWNER = objectWord.FIRST;

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
export class Lock extends SharedHandle {
  /**
   * Creates an unlocked lock.
   *
   * @throws {TypeError} if an argument is given
   */
  constructor() {
    checkArity("make lock", arguments, 0);
    super(createObject(TYPE, OWNER + OWNERSHIP_WORDS));
  }

  /**
   * Acquires the lock, waiting while it is held.
   *
   * @returns a guard that releases the lock at the end of its scope; {@linkcode Lock.release} does
   *   too
   * @throws {TimeoutError} if the lock is not acquired within `timeoutMs`
   * @throws {AbandonedLockError} if the holder died; the lock is acquired
   * @throws the reason of `signal`, if it is aborted first
   */
  async acquire(options?: WaitOptions): Promise<LockGuard> {
    if (options !== undefined || !tryOwn(this.address + OWNER)) {
      throwUnlessAcquired(await awaitOn(acquiring(this.address + OWNER), options), options);
    }
    return new LockGuard(this);
  }

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
  acquireSync(options?: WaitOptions): LockGuard {
    if (options !== undefined || !tryOwn(this.address + OWNER)) {
      throwUnlessAcquired(blockOn(acquiring(this.address + OWNER), options), options);
    }
    return new LockGuard(this);
  }

  /**
   * Acquires the lock if it is free.
   *
   * @returns a guard, or `undefined` if the lock is held
   * @throws {AbandonedLockError} if the holder died; the lock is acquired
   */
  tryAcquire(): LockGuard | undefined {
    if (tryOwn(this.address + OWNER)) return new LockGuard(this);
    const how = blockOn(acquiring(this.address + OWNER), { timeoutMs: 0 });
    if (how === "timed out") return undefined;
    throwUnlessAcquired(how);
    return new LockGuard(this);
  }

  /**
   * Releases the lock and wakes the first waiter. Does nothing in a worker that has been
   * terminated: its lock counts as abandoned, and may have another holder by now.
   *
   * @throws {Error} if the lock is not held
   */
  release(): void {
    if (!relinquish(this.address + OWNER)) {
      throw new Error(
        "Cannot release lock: it is not held. Call release() once for each acquire()",
      );
    }
  }

  /**
   * Returns whether the lock is held.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  locked(): boolean {
    throwIfStopping();
    return ownerOf(this.address + OWNER) !== 0;
  }
}

showState(Lock, (lock) => ({ locked: lock.locked() }));
defineType(TYPE, "Lock", { crosses: true, revive: reviveAs(Lock) });
