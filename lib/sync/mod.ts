/**
 * The synchronization primitives: locks, semaphores, events, conditions and barriers.
 *
 * To add a primitive, add a file to this folder and a line here: workers, contexts, `./dummy` and
 * the main module re-export what this module exports.
 *
 * @module
 */

export { Barrier, type BarrierOptions } from "./barrier.ts";
export { Condition, type GuardOf } from "./condition.ts";
export { Event } from "./event.ts";
export { Lock } from "./lock.ts";
export type { Lockable } from "./call.ts";
export { mutex, synchronized } from "./mutex.ts";
export { LockGuard } from "./ownership.ts";
export { LockOwner, RLock, RLockGuard, type RLockOptions } from "./rlock.ts";
export { BoundedSemaphore, Semaphore } from "./semaphore.ts";
export { sleep, sleepSync } from "./sleep.ts";
