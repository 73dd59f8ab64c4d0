/**
 * A lock that its owner may acquire again.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `OWNER`, its queue | which thread holds the lock: see `ownership.ts` | `acquire`, the last `release` |
 * | `TOKEN` | who in that thread holds it; 0: its blocking code | the holder |
 * | `DEPTH` | how often it was acquired and not released | the holder |
 *
 * `TOKEN` and `DEPTH` belong to the holder: they are written only between its first acquire and its
 * last release, and mean something only to a thread that finds itself in `OWNER`.
 *
 * @module
 */

import type { WaitOptions } from "../atomics/deadline.ts";
import { i32 } from "../atomics/heap_views.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  SharedType,
} from "../atomics/shared_object.ts";
import { hasEnded, self } from "../atomics/thread.ts";
import { awaitOn, blockOn, type Steps } from "../atomics/wait.ts";
import {
  acquiring,
  type Acquisition,
  judge,
  ownerOf,
  OWNERSHIP_WORDS,
  relinquish,
} from "./ownership.ts";

const OWNER = objectWord.FIRST;
const TOKEN = OWNER + OWNERSHIP_WORDS;
const DEPTH = TOKEN + 1;
const WORDS = DEPTH + 1;

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
  /** Makes a lock that nobody holds. */
  constructor() {
    super(createObject(SharedType.RLOCK, WORDS));
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
    const token = tokenOf(options) ?? ++lastToken;
    if (!enterAgain(this.address, token)) {
      judge(await awaitOn(entering(this.address, token), options), options);
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
    const token = tokenOf(options) ?? THREAD;
    if (!enterAgain(this.address, token)) {
      judge(blockOn(entering(this.address, token), options), options);
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
    const token = tokenOf(options) ?? THREAD;
    if (!enterAgain(this.address, token)) {
      const how = blockOn(entering(this.address, token), { timeoutMs: 0 });
      if (how === "timed out") return undefined;
      judge(how);
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
    if (hasEnded(self)) return;
    const token = tokenOf(options);
    const mine = ownerOf(this.address + OWNER) === self &&
      (token === undefined || i32[this.address + TOKEN] === token);
    if (!mine) {
      throw new Error(
        "Cannot release lock: its owner is another, or nobody. " +
          "Whoever acquired it releases it, once for each acquire",
      );
    }
    if (--i32[this.address + DEPTH] === 0) relinquish(this.address + OWNER);
  }

  /** Whether somebody holds the lock. */
  locked(): boolean {
    return ownerOf(this.address + OWNER) !== 0;
  }

  /** How often it is acquired by the owner in this worker; 0 if nobody in this worker holds it. */
  get depth(): number {
    return ownerOf(this.address + OWNER) === self ? i32[this.address + DEPTH] : 0;
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

/** Acquires once more, if this owner holds the lock already. */
function enterAgain(lock: number, token: number): boolean {
  // A lock that was handed to a promise of this thread has depth 0 until the promise goes on.
  if (ownerOf(lock + OWNER) !== self || i32[lock + TOKEN] !== token || i32[lock + DEPTH] === 0) {
    return false;
  }
  i32[lock + DEPTH]++;
  return true;
}

function* entering(lock: number, token: number, depth = 1, untimed = false): Steps<Acquisition> {
  const how = yield* acquiring(lock + OWNER, untimed);
  if (how !== "timed out") {
    i32[lock + TOKEN] = token;
    i32[lock + DEPTH] = depth;
  }
  return how;
}

/** Who holds an {@linkcode RLock}, and how often. */
export interface Hold {
  token: number;
  depth: number;
}

/** Whether somebody of this worker holds the lock at `lock`. */
export function isHeldHere(lock: number): boolean {
  return ownerOf(lock + OWNER) === self && i32[lock + DEPTH] > 0;
}

/** Frees the lock, however often it was acquired: what {@linkcode holdingAgain} needs. */
export function letGo(lock: number): Hold {
  const hold = { token: i32[lock + TOKEN], depth: i32[lock + DEPTH] };
  i32[lock + DEPTH] = 0;
  relinquish(lock + OWNER);
  return hold;
}

/** Steps of acquiring what was let go, as often as before, whatever happens meanwhile. */
export function holdingAgain(lock: number, { token, depth }: Hold): Steps<Acquisition> {
  return entering(lock, token, depth, true);
}

defineType(SharedType.RLOCK, { revive: reviveAs(RLock) });
