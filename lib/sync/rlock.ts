/**
 * A lock that its owner may acquire again.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `OWNER`, its queue | which thread holds the lock: see `ownership.ts` | `acquire`, the last `release` |
 *
 * Who in that thread holds it, and how often, is known to that thread alone, in `holds`. In shared
 * words it would go wrong: a thread that is terminated goes on until its next wait, and would count
 * on in the words of whoever has been given the lock since.
 *
 * @module
 */

import { pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  showState,
} from "../objects/shared_object.ts";
import { ensureStackToRelease } from "../heap/stack.ts";
import { hasEnded, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn, blockOn, type Steps } from "../parking/wait.ts";
import {
  acquiring,
  type Acquisition,
  ownerOf,
  OWNERSHIP_WORDS,
  relinquish,
  throwIfFailed,
} from "./ownership.ts";

/** The number of this type among shared objects. */
export const RLOCK_TYPE: number = 8;

const OWNER = objectWord.FIRST;

/** The blocking code of a thread, which is one owner: it does one thing at a time. */
const THREAD = 0;

let lastToken = THREAD;

/**
 * Somebody who may hold an {@linkcode RLock} more than once: an async task, an object.
 *
 * Two async tasks of one worker cannot be told apart from outside, so each says who it is.
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
  /** Its number in this worker. */
  readonly #token = ++lastToken;

  /** The number of an owner. */
  static tokenOf(owner: LockOwner): number {
    return owner.#token;
  }
}

/** Options of {@linkcode RLock.acquire}. */
export interface RLockOptions extends WaitOptions {
  /**
   * On whose behalf: a holder that asks again acquires at once. A guard stands for its owner.
   *
   * @default {a new owner for `acquire`, this worker's blocking code for `acquireSync`}
   */
  owner?: LockOwner | RLockGuard;
}

const acquireNames: OptionNames<RLockOptions> = { owner: true, timeoutMs: true, signal: true };

/** Releases one acquire of an {@linkcode RLock} when it goes out of scope. */
export class RLockGuard implements Disposable {
  #lock: RLock | undefined;
  readonly #token: number;

  /** Made by {@linkcode RLock.acquire}. */
  constructor(lock: RLock, token: number) {
    this.#lock = lock;
    this.#token = token;
  }

  /** The number of the owner that a guard stands for. */
  static tokenOf(guard: RLockGuard): number {
    return guard.#token;
  }

  /**
   * Releases this acquire now. Doing it again, or leaving the scope afterwards, does nothing.
   *
   * @throws {Error} if its owner does not hold the lock any more
   */
  release(): void {
    const lock = this.#lock;
    this.#lock = undefined;
    lock?.release({ owner: this });
  }

  /** Releases this acquire. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * A lock that its owner may acquire again, and must release as often.
 *
 * - The blocking code of a worker is one owner: {@linkcode RLock.acquireSync} can be nested. Release
 *   it before the next `await`, or other async tasks of the worker count as the same owner.
 * - Async tasks of one worker are different owners. {@linkcode RLock.acquire} is a new owner each
 *   time, and waits for the others, unless it is given the guard of an earlier acquire, or a
 *   {@linkcode LockOwner}, as `owner`.
 * - Only the worker that holds it can release it.
 * - A blocking acquire of a lock that an async task of this very worker holds would never end: it
 *   throws {@linkcode DeadlockError}, unless it has a `timeoutMs`.
 * - It may be sent anywhere. Waiters are served as by {@linkcode Lock}, and a holder that dies is
 *   noticed in the same way.
 *
 * Follows Python's `multiprocessing.RLock`.
 *
 * @example Blocking code that nests
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
 * @example Async code that nests
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
   * Makes a lock that nobody holds.
   *
   * @throws {TypeError} if it is given an argument
   */
  constructor() {
    checkArity("make lock", arguments, 0);
    super(createObject(RLOCK_TYPE, OWNER + OWNERSHIP_WORDS));
  }

  /**
   * Acquires the lock, waiting while another owner holds it.
   *
   * @returns a guard that releases it at the end of its scope, and can be given as `owner`
   * @throws {TimeoutError} if it is not acquired in `timeoutMs`
   * @throws {AbandonedLockError} if its holder died; the lock is acquired once
   * @throws {TypeError} if `owner` is neither a guard nor a `LockOwner`
   * @throws the reason of `signal`, if that is aborted first
   */
  async acquire(options?: RLockOptions): Promise<RLockGuard> {
    const wait = pickWaitOptions("acquire lock", options, acquireNames);
    const token = tokenOf(options) ?? ++lastToken;
    if (!enterAgain(this.address, token)) {
      const hold = { token, depth: 1, handle: this };
      throwIfFailed(await awaitOn(entering(this.address, hold), wait), wait);
    }
    return new RLockGuard(this, token);
  }

  /**
   * Acquires the lock, blocking the thread while another owner holds it.
   *
   * @returns a guard that releases it at the end of its scope; {@linkcode RLock.release} does too
   * @throws {TimeoutError} if it is not acquired in `timeoutMs`
   * @throws {AbandonedLockError} if its holder died; the lock is acquired once
   * @throws {DeadlockError} if another owner of this worker holds it, and there is no `timeoutMs`
   * @throws {TypeError} if `owner` is neither a guard nor a `LockOwner`
   * @throws {TerminatedError} if this worker is told to end
   */
  acquireSync(options?: RLockOptions): RLockGuard {
    const wait = pickWaitOptions("acquire lock", options, acquireNames);
    const token = tokenOf(options) ?? THREAD;
    if (!enterAgain(this.address, token)) {
      const hold = { token, depth: 1, handle: this };
      throwIfFailed(blockOn(entering(this.address, hold), wait), wait);
    }
    return new RLockGuard(this, token);
  }

  /**
   * Acquires the lock if it is free or its owner asks.
   *
   * @returns a guard, or `undefined` if another owner holds it
   * @throws {AbandonedLockError} if its holder died; the lock is acquired once
   */
  tryAcquire(options?: Pick<RLockOptions, "owner">): RLockGuard | undefined {
    checkOptions("acquire lock", options, { owner: true });
    const token = tokenOf(options) ?? THREAD;
    if (!enterAgain(this.address, token)) {
      const hold = { token, depth: 1, handle: this };
      const how = blockOn(entering(this.address, hold), { timeoutMs: 0 });
      if (how === "timed out") return undefined;
      throwIfFailed(how);
    }
    return new RLockGuard(this, token);
  }

  /**
   * Releases one acquire; the last one frees the lock and wakes the first who waits for it. In a
   * worker that has been terminated it does nothing.
   *
   * @param options who releases it; without an `owner` it is whoever holds it in this worker
   * @throws {Error} if nobody of this worker holds it, or not this owner
   */
  release(options?: Pick<RLockOptions, "owner">): void {
    checkOptions("release lock", options, { owner: true });
    if (hasEnded(thisIsolate)) return;
    const token = tokenOf(options);
    const hold = holds.get(this.address);
    if (hold === undefined || (token !== undefined && hold.token !== token)) {
      throw new Error(
        "Cannot release lock: its owner is another, or nobody. " +
          "Whoever acquired it releases it, once for each acquire",
      );
    }
    if (hold.depth > 1) hold.depth--;
    else letGo(this.address);
  }

  /** Whether somebody holds the lock. */
  locked(): boolean {
    return ownerOf(this.address + OWNER) !== 0;
  }

  /** How often it is acquired by the owner in this worker; 0 if nobody in this worker holds it. */
  get depth(): number {
    return holds.get(this.address)?.depth ?? 0;
  }
}

function tokenOf(options: Pick<RLockOptions, "owner"> | undefined): number | undefined {
  const owner = options?.owner;
  if (owner === undefined) return undefined;
  if (owner instanceof RLockGuard) return RLockGuard.tokenOf(owner);
  if (owner instanceof LockOwner) return LockOwner.tokenOf(owner);
  throw new TypeError(
    `Cannot use lock: options.owner must be a guard or a LockOwner, not ${typeof owner}`,
  );
}

/** Who holds an {@linkcode RLock}, and how often. */
export interface Hold {
  readonly token: number;
  depth: number;
  /** Keeps the lock in existence. */
  readonly handle: RLock;
}

/** The locks that this thread holds, by address. */
const holds = new Map<number, Hold>();

/** Acquires once more, if this owner holds the lock already. */
function enterAgain(lock: number, token: number): boolean {
  ensureStackToRelease();
  const hold = holds.get(lock);
  if (hold?.token !== token) return false;
  hold.depth++;
  return true;
}

function* entering(
  lock: number,
  hold: Hold,
  untimed = false,
  successorQueue = 0,
): Steps<Acquisition> {
  const how = yield* acquiring(lock + OWNER, untimed, successorQueue);
  if (how !== "timed out") holds.set(lock, hold);
  return how;
}

/** Whether somebody of this worker holds the lock at `lock`. */
export function isHeldHere(lock: number): boolean {
  return holds.has(lock);
}

/** Frees the lock, however often it was acquired: what {@linkcode holdingAgain} needs. */
export function letGo(lock: number): Hold {
  const hold = holds.get(lock)!;
  relinquish(lock + OWNER);
  holds.delete(lock);
  return hold;
}

/**
 * Steps of acquiring what was let go, as often as before, whatever happens meanwhile.
 *
 * @param successorQueue address of a queue whose first is woken if the waiter dies; 0 for none
 */
export function holdingAgain(lock: number, hold: Hold, successorQueue: number): Steps<Acquisition> {
  return entering(lock, hold, true, successorQueue);
}

showState(RLock, (lock) => ({ locked: lock.locked(), depth: lock.depth }));
defineType(RLOCK_TYPE, "RLock", { revive: reviveAs(RLock) });
