/**
 * Calls under a lock, which may be nested.
 *
 * A call that holds the lock may make others under the same lock. Each {@linkcode LockedCall} knows the
 * calls that it was made inside of, and the first of those that has the same lock lends it:
 *
 *     withdraw()            acquires the lock
 *     ├── check()           inside of withdraw: acquires withdraw's inner lock
 *     └── log()             the same: it waits for check, if that was not awaited
 *
 * So the calls inside of one exclude each other as strangers do. The lock is released when the call
 * and all that were made inside of it have ended: one that nobody awaited is not left without it.
 *
 * What a call is made inside of follows the code: in blocking code by a variable, as it cannot be
 * interrupted; in async code by an `AsyncLocalStorage`, which knows it again after every `await`.
 *
 * @module
 */

import { AbandonedLockError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { Lock } from "./lock.ts";

/** What {@linkcode mutex} can use: any lock or semaphore. */
export interface Lockable {
  /** Acquires it, waiting while others have it. */
  acquire(options?: WaitOptions): Promise<unknown>;
  /** Acquires it, blocking the thread while others have it. */
  acquireSync(options?: WaitOptions): unknown;
  /** Gives it back. */
  release(): void;
}

/** A call of a function under a lock, from when it asks for the lock. */
export class LockedCall {
  /** The lock that the function was given. */
  readonly lock: Lockable;
  /** The call that this one was made in, if it goes on. */
  readonly outer: LockedCall | undefined;
  /** The call that has the lock already and lends it. */
  readonly #lender: LockedCall | undefined;
  /** What it acquires: the lock, or the inner lock of the lender. */
  readonly #taken: Lockable;
  #inner: Lock | undefined;
  /** How many keep the lock: the call itself, and those inside of it. */
  #users = 1;

  constructor(lock: Lockable) {
    this.lock = lock;
    let outer = frame ?? tasks?.getStore();
    while (outer?.hasEnded) outer = outer.outer; // so that a chain of calls does not grow for ever
    this.outer = outer;
    while (outer !== undefined && (outer.lock !== lock || outer.hasEnded)) outer = outer.outer;
    this.#lender = outer;
    this.#taken = outer === undefined ? lock : outer.#lend();
  }

  get hasEnded(): boolean {
    return this.#users === 0;
  }

  #lend(): Lock {
    this.#users++;
    return this.#inner ??= new Lock();
  }

  async acquire(options?: WaitOptions): Promise<void> {
    try {
      await this.#taken.acquire(options);
    } catch (error) {
      this.#giveUp(error);
      throw error;
    }
  }

  acquireSync(options?: WaitOptions): void {
    try {
      this.#taken.acquireSync(options);
    } catch (error) {
      this.#giveUp(error);
      throw error;
    }
  }

  /** The lock could not be acquired, or was by a worker that died: then it is free for the next. */
  #giveUp(error: unknown): void {
    this.#users = 0;
    if (error instanceof AbandonedLockError) this.#taken.release();
    this.#lender?.leave();
  }

  /** The call has ended, or one inside of it. */
  leave(): void {
    if (--this.#users > 0) return;
    try {
      this.#taken.release();
    } finally {
      this.#lender?.leave();
    }
  }
}

/** The call whose blocking code runs at this moment. */
let frame: LockedCall | undefined;

interface Tasks {
  run<T>(call: LockedCall, fn: () => T): T;
  getStore(): LockedCall | undefined;
}
/** The calls whose async code runs. Loading it takes 15 ms, so that waits for the first such call. */
let tasks: Tasks | undefined;

/** Runs the async code of a call that has acquired its lock. */
export function runAsync<T>(call: LockedCall, fn: () => T): T {
  if (tasks === undefined) {
    const { AsyncLocalStorage } = process.getBuiltinModule("node:async_hooks");
    tasks = new AsyncLocalStorage() as Tasks;
  }
  return tasks.run(call, fn);
}

/** Runs the blocking code of a call that has acquired its lock. */
export function runBlocking<T>(call: LockedCall, fn: () => T): T {
  const before = frame;
  frame = call;
  try {
    return fn();
  } finally {
    frame = before;
  }
}
