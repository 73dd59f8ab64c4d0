// The declarations of lib/sync/mod.ts

export { Barrier, type BarrierOptions } from "./barrier.d.ts";
export { Condition, type GuardOf } from "./condition.d.ts";
export { Event } from "./event.d.ts";
export { Lock } from "./lock.d.ts";
export { type Lockable } from "./call.d.ts";
export { mutex, synchronized } from "./mutex.d.ts";
export { LockGuard } from "./ownership.d.ts";
export { LockOwner, RLock, RLockGuard, type RLockOptions } from "./rlock.d.ts";
export { BoundedSemaphore, Semaphore } from "./semaphore.d.ts";
export { sleep, sleepSync } from "./sleep.d.ts";

export {};
