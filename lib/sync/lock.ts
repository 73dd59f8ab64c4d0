/**
 * Mutual exclusion between workers, and between the async tasks of one.
 *
 * Its words are those of `ownership.ts`, and so is its protocol.
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
import { awaitOn, blockOn } from "../parking/wait.ts";
import {
  acquiring,
  LockGuard,
  ownerOf,
  OWNERSHIP_WORDS,
  relinquish,
  take,
  throwIfFailed,
} from "./ownership.ts";

/** The number of this type among shared objects. */
const TYPE = 1;

const OWNER = objectWord.FIRST;

/**
 * A lock that one worker, or one async task of a worker, holds at a time.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message.
 * - Each async task is a holder of its own. It is not re-entrant: a holder that asks again waits;
 *   {@linkcode RLock} is.
 * - A blocking acquire of a lock that this very worker holds would never end: it throws
 *   {@linkcode DeadlockError}, unless it has a `timeoutMs`.
 * - Any worker may release it, whoever acquired it, as in Python.
 * - Fairness: waiters stand in a queue, first come, first served. Who asks while a waiter is being
 *   woken may overtake it, once: a waiter that was overtaken is handed the lock by the next
 *   release, so nobody starves.
 * - A holder that dies does not block the others: the next one to ask acquires the lock and is told
 *   by an {@linkcode AbandonedLockError}.
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
   * Makes a lock that nobody holds.
   *
   * @throws {TypeError} if it is given an argument
   */
  constructor() {
    checkArity("make lock", arguments, 0);
    super(createObject(TYPE, OWNER + OWNERSHIP_WORDS));
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
    if (options !== undefined || !take(this.address + OWNER)) {
      throwIfFailed(await awaitOn(acquiring(this.address + OWNER), options), options);
    }
    return new LockGuard(this);
  }

  /**
   * Acquires the lock, blocking the thread while another holds it.
   *
   * @returns a guard that releases it at the end of its scope; {@linkcode Lock.release} does too
   * @throws {TimeoutError} if it is not acquired in `timeoutMs`
   * @throws {AbandonedLockError} if its holder died; the lock is acquired
   * @throws {DeadlockError} if this worker holds it, and there is no `timeoutMs`
   * @throws {TerminatedError} if this worker is told to end
   */
  acquireSync(options?: WaitOptions): LockGuard {
    if (options !== undefined || !take(this.address + OWNER)) {
      throwIfFailed(blockOn(acquiring(this.address + OWNER), options), options);
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
    if (take(this.address + OWNER)) return new LockGuard(this);
    const how = blockOn(acquiring(this.address + OWNER), { timeoutMs: 0 });
    if (how === "timed out") return undefined;
    throwIfFailed(how);
    return new LockGuard(this);
  }

  /**
   * Releases the lock and wakes the first who waits for it. In a worker that has been terminated it
   * does nothing: the lock counts as abandoned, and another may hold it by now.
   *
   * @throws {Error} if nobody holds it
   */
  release(): void {
    if (!relinquish(this.address + OWNER)) {
      throw new Error("Cannot release lock: nobody holds it. Release it once for each acquire");
    }
  }

  /** Whether somebody holds the lock. */
  locked(): boolean {
    return ownerOf(this.address + OWNER) !== 0;
  }
}

showState(Lock, (lock) => ({ locked: lock.locked() }));
defineType(TYPE, "Lock", { revive: reviveAs(Lock) });
