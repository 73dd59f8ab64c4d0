/**
 * A lock that its owner may acquire again.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `OWNER`, its queue | the isolate that holds the lock: see `ownership.ts` | `acquire`, the last `release` |
 *
 * Which owner in that isolate holds the lock, and how often, is known to that isolate alone, in
 * `holds`. It must not be in shared words: a terminated worker runs on until its next operation, and
 * would then change the count of the isolate that has acquired the lock since.
 *
 * @module
 */

import type { QueueAddress } from "../parking/wait_queue.ts";
import { pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import { isInstance, wrongType } from "../arguments/values.ts";
import {
  createObject,
  defineType,
  type ObjectAddress,
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { ensureStackToRelease } from "../heap/stack.ts";
import { type Fiber, hooks } from "../heap/hooks.ts";
import { hasEnded, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn, blockOn, isStopping, type Steps, throwIfStopping } from "../parking/wait.ts";
import {
  acquiring,
  type Acquisition,
  ownerOf,
  OWNERSHIP_WORDS,
  relinquish,
  throwUnlessAcquired,
} from "./ownership.ts";

/** The number of this type among shared objects. */
export const RLOCK_TYPE: number = 8;

const OWNER = objectWord.FIRST;

/**
 * The token of blocking code outside of threads, which is one owner in each isolate: it is never
 * interrupted.
 */
const BLOCKING_CODE = 0;

let lastToken = BLOCKING_CODE;

/** The tokens of fibers, which are negative: a thread is one owner, whatever it awaits. */
const fiberTokens = new WeakMap<Fiber, number>();
let lastFiberToken = 0;

/** Returns the token of the fiber whose code is running; `undefined` outside of any. */
function fiberToken(): number | undefined {
  const fiber = hooks.currentFiber?.();
  if (fiber === undefined) return undefined;
  let token = fiberTokens.get(fiber);
  if (token === undefined) fiberTokens.set(fiber, token = --lastFiberToken);
  return token;
}

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
export class LockOwner {
  /** Identifies the owner within its isolate. */
  readonly #token = ++lastToken;

  /** Returns the token of an owner. */
  static tokenOf(owner: LockOwner): number {
    return owner.#token;
  }
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

const acquireNames: OptionNames<RLockOptions> = { owner: true, timeoutMs: true, signal: true };

/** Releases one acquire of an {@linkcode RLock} at the end of its scope. */
export class RLockGuard implements Disposable {
  #lock: RLock | undefined;
  readonly #token: number;

  /** Creates the guard of one acquire. Called by {@linkcode RLock.acquire}. */
  constructor(lock: RLock, token: number) {
    this.#lock = lock;
    this.#token = token;
  }

  /** Returns the token of the owner that a guard stands for. */
  static tokenOf(guard: RLockGuard): number {
    return guard.#token;
  }

  /**
   * Releases this acquire now. Idempotent; the end of the scope then does nothing.
   *
   * @throws {Error} if its owner no longer holds the lock
   */
  release(): void {
    const lock = this.#lock;
    this.#lock = undefined;
    lock?.release({ owner: this });
  }

  /** Releases this acquire, as {@linkcode RLockGuard.release} does. */
  [Symbol.dispose](): void {
    this.release();
  }
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
export class RLock extends SharedHandle {
  /**
   * Creates an unlocked lock.
   *
   * @throws {TypeError} if an argument is given
   */
  constructor() {
    checkArity("make lock", arguments, 0);
    super(createObject(RLOCK_TYPE, OWNER + OWNERSHIP_WORDS));
  }

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
  async acquire(options?: RLockOptions): Promise<RLockGuard> {
    const wait = pickWaitOptions("acquire lock", options, acquireNames);
    const token = tokenOf(options) ?? fiberToken() ?? ++lastToken;
    if (!tryReenter(this.address, token)) {
      const hold = { token, depth: 1, handle: this };
      throwUnlessAcquired(await awaitOn(entering(this.address, hold), wait), wait);
    }
    return new RLockGuard(this, token);
  }

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
  acquireSync(options?: RLockOptions): RLockGuard {
    const wait = pickWaitOptions("acquire lock", options, acquireNames);
    const token = tokenOf(options) ?? fiberToken() ?? BLOCKING_CODE;
    if (!tryReenter(this.address, token)) {
      const hold = { token, depth: 1, handle: this };
      throwUnlessAcquired(blockOn(entering(this.address, hold), wait), wait);
    }
    return new RLockGuard(this, token);
  }

  /**
   * Acquires the lock if it is free, or held by the same owner.
   *
   * @returns a guard, or `undefined` if another owner holds the lock
   * @throws {AbandonedLockError} if the holder died; the lock is acquired once
   */
  tryAcquire(options?: Pick<RLockOptions, "owner">): RLockGuard | undefined {
    checkOptions("acquire lock", options, { owner: true });
    const token = tokenOf(options) ?? fiberToken() ?? BLOCKING_CODE;
    if (!tryReenter(this.address, token)) {
      const hold = { token, depth: 1, handle: this };
      const how = blockOn(entering(this.address, hold), { timeoutMs: 0 });
      if (how === "timed out") return undefined;
      throwUnlessAcquired(how);
    }
    return new RLockGuard(this, token);
  }

  /**
   * Releases one acquire. The last one frees the lock and wakes the first waiter. Does nothing in a
   * worker that has been terminated.
   *
   * @param options the owner that releases it; by default the owner in this isolate that holds it, but
   *   not another `Thread`
   * @throws {Error} if the owner, or any owner in this isolate, does not hold the lock
   */
  release(options?: Pick<RLockOptions, "owner">): void {
    checkOptions("release lock", options, { owner: true });
    if (hasEnded(thisIsolate)) return;
    const hold = holds.get(this.address);
    const isOfThread = hold !== undefined && hold.token < 0;
    const token = tokenOf(options) ?? (isOfThread ? fiberToken() ?? BLOCKING_CODE : undefined);
    if (hold === undefined || (token !== undefined && hold.token !== token)) {
      throw new Error(
        "Cannot release lock: this owner does not hold it. " +
          "The owner that acquired it must release it, once for each acquire()",
      );
    }
    if (hold.depth > 1) hold.depth--;
    else releaseAll(this.address);
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

  /**
   * How often the owner in this isolate has acquired the lock; 0 if this isolate does not hold it.
   */
  get depth(): number {
    return holds.get(this.address)?.depth ?? 0;
  }
}

const OWNER_ADVICE = "Pass what acquire() returned, or a new LockOwner()";

function tokenOf(options: Pick<RLockOptions, "owner"> | undefined): number | undefined {
  const owner = options?.owner;
  if (owner === undefined) return undefined;
  if (isInstance(owner, RLockGuard)) return RLockGuard.tokenOf(owner);
  if (isInstance(owner, LockOwner)) return LockOwner.tokenOf(owner);
  throw wrongType("use lock", "options.owner", "a guard or a LockOwner", owner, OWNER_ADVICE);
}

/** What this isolate knows of an {@linkcode RLock} that it holds. */
export interface Hold {
  /** Identifies the owner. */
  readonly token: number;
  /** How often the owner has acquired the lock. */
  depth: number;
  /** Keeps the handle, and so the lock, from being collected. */
  readonly handle: RLock;
}

/** The locks that this isolate holds, by address. */
export const holds: Map<number, Hold> = new Map();

/** Acquires the lock once more if this owner holds it. Returns whether it did. */
function tryReenter(lock: ObjectAddress, token: number): boolean {
  ensureStackToRelease();
  if (isStopping()) return false; // the wait that follows throws
  const hold = holds.get(lock);
  if (hold?.token !== token) return false;
  hold.depth++;
  return true;
}

/** Steps of acquiring the lock for an owner that does not hold it. */
function* entering(
  lock: ObjectAddress,
  hold: Hold,
  untimed = false,
  successorQueue = 0,
): Steps<Acquisition> {
  const how = yield* acquiring(lock + OWNER, untimed, successorQueue);
  if (how !== "timed out") holds.set(lock, hold);
  return how;
}

/** Returns whether this isolate holds the lock. */
export function isHeldHere(lock: ObjectAddress): boolean {
  return holds.has(lock);
}

/** Frees the lock, however often it was acquired. Returns what {@linkcode reentering} restores. */
export function releaseAll(lock: ObjectAddress): Hold {
  const hold = holds.get(lock)!;
  relinquish(lock + OWNER);
  holds.delete(lock);
  return hold;
}

/**
 * Steps of acquiring a lock that {@linkcode releaseAll} freed, as often as it was acquired before.
 * The timeout and the signal of the wait are ignored.
 *
 * @param successorQueue address of a queue whose first waiter is woken if this one dies; 0 for none
 */
export function reentering(
  lock: ObjectAddress,
  hold: Hold,
  successorQueue: QueueAddress,
): Steps<Acquisition> {
  return entering(lock, hold, true, successorQueue);
}

showState(RLock, (lock) => ({ locked: lock.locked(), depth: lock.depth }));
defineType(RLOCK_TYPE, "RLock", { crosses: true, revive: reviveAs(RLock) });
