/**
 * Nested calls under one lock: how {@linkcode mutex} and {@linkcode synchronized} avoid waiting for
 * themselves.
 *
 * A function that runs under a lock may call another one that runs under the same lock. If the
 * nested call acquired the lock again, it would wait for its own caller forever. So it acquires
 * another lock instead, the inner lock of the call that it is nested in:
 *
 *     withdraw()      acquires the lock
 *     ├── check()     nested in withdraw(): acquires the inner lock of withdraw()
 *     └── log()       nested in withdraw(): acquires the same inner lock, so it waits for check()
 *
 * Nested calls can overlap if one was not awaited. The inner lock makes them exclude each other, as
 * the lock itself excludes unrelated calls. A nested call has an inner lock too, for the calls
 * nested in it, and so on to any depth.
 *
 * A call releases what it acquired when the call itself and all calls nested in it have ended. So a
 * nested call that its caller did not await still runs under the lock.
 *
 * A call finds the calls that enclose it by its execution context: in blocking code by a variable,
 * since blocking code is not interrupted; in async code by an `AsyncLocalStorage`, whose value is
 * restored after every `await`.
 *
 * @module
 */

import { AbandonedLockError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { Lock } from "./lock.ts";
import { LockOwner, RLock, type RLockOptions } from "./rlock.ts";

/**
 * A lock that {@linkcode mutex} accepts: any object that is acquired and released like a `Lock`.
 */
export interface Lockable {
  /** Acquires the lock, waiting while it is not available. */
  acquire(options?: WaitOptions): Promise<unknown>;
  /** Acquires the lock, blocking the isolate while it is not available. */
  acquireSync(options?: WaitOptions): unknown;
  /** Releases the lock. */
  release(): void;
}

/** A call of a function that runs under a lock, from its request for the lock to its end. */
export class LockedCall {
  /** The lock that the function runs under. */
  readonly lock: Lockable;
  /** The innermost running call, under any lock, in whose context this one was made. */
  readonly enclosing: LockedCall | undefined;
  /** The innermost running call under the same lock: this call is nested in it. */
  readonly #parent: LockedCall | undefined;
  /** What this call acquires: the lock, or the inner lock of its parent. */
  readonly #target: Lockable;
  /** What calls nested in this one acquire. Created with the first of them. */
  #innerLock: Lock | undefined;
  /** Number of calls that have not ended: this one, and those nested in it. */
  #running = 1;
  /** The owner of an `RLock`: other calls of the same thread are not nested in this one. */
  #owner: LockOwner | undefined;

  constructor(lock: Lockable) {
    this.lock = lock;
    let call = blockingCall ?? asyncCalls?.getStore();
    // A context can outlive its call. Skipping ended calls keeps the chains of calls short.
    while (call?.hasEnded) call = call.enclosing;
    this.enclosing = call;
    while (call !== undefined && (call.lock !== lock || call.hasEnded)) call = call.enclosing;
    this.#parent = call;
    this.#target = call === undefined ? lock : call.#addNested();
  }

  /** Whether the call and all calls nested in it have ended. */
  get hasEnded(): boolean {
    return this.#running === 0;
  }

  /** Counts a nested call, and returns the lock that it must acquire. */
  #addNested(): Lock {
    this.#running++;
    return this.#innerLock ??= new Lock();
  }

  /** Acquires the lock for this call. If it fails, the call has ended. */
  async acquire(options?: WaitOptions): Promise<void> {
    try {
      await this.#target.acquire(this.#withOwner(options));
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #withOwner(options: RLockOptions | undefined): RLockOptions | undefined {
    if (!(this.#target instanceof RLock)) return options;
    this.#owner = new LockOwner();
    return { ...options, owner: this.#owner };
  }

  /** Acquires the lock for this call, blocking the isolate. If it fails, the call has ended. */
  acquireSync(options?: WaitOptions): void {
    try {
      this.#target.acquireSync(options);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** Ends the call before it began. An abandoned lock was acquired all the same: it is released. */
  #fail(error: unknown): void {
    this.#running = 0;
    if (error instanceof AbandonedLockError) this.#release();
    this.#parent?.end();
  }

  #release(): void {
    if (this.#owner === undefined) this.#target.release();
    else (this.#target as RLock).release({ owner: this.#owner });
  }

  /** Records that this call, or one nested in it, has ended. The last one releases the lock. */
  end(): void {
    if (--this.#running > 0) return;
    try {
      this.#release();
    } finally {
      this.#parent?.end();
    }
  }
}

/** The call whose blocking code is running now. */
let blockingCall: LockedCall | undefined;

/** The part of `AsyncLocalStorage` that is used here. */
interface AsyncCalls {
  run<T>(call: LockedCall, fn: () => T): T;
  getStore(): LockedCall | undefined;
}

/**
 * The call of the current async context. Loaded with the first async call, since that takes 15 ms.
 */
let asyncCalls: AsyncCalls | undefined;

/** Runs the async function of a call that has acquired its lock. */
export function runAsync<T>(call: LockedCall, fn: () => T): T {
  if (asyncCalls === undefined) {
    const { AsyncLocalStorage } = process.getBuiltinModule("node:async_hooks");
    asyncCalls = new AsyncLocalStorage() as AsyncCalls;
  }
  return asyncCalls.run(call, fn);
}

/** Runs the blocking function of a call that has acquired its lock. */
export function runBlocking<T>(call: LockedCall, fn: () => T): T {
  const outer = blockingCall;
  blockingCall = call;
  try {
    return fn();
  } finally {
    blockingCall = outer;
  }
}
