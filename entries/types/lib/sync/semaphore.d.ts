// The declarations of lib/sync/semaphore.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { LockGuard } from "./ownership.d.ts";

/**
 * A number of permits that isolates acquire and release.
 *
 * - A caller that finds no permit waits for one. Waiters are served first come, first served.
 * - If a worker ends that holds permits, they do not stay acquired: the next callers acquire them, and get
 *   {@linkcode AbandonedLockError}.
 * - Any isolate may release a permit. As soon as one releases a permit that it did not acquire, the
 *   semaphore is a counter: its permits have no holders, and those that a worker acquired before it ended
 *   stay acquired, as in Python.
 * - Can be sent anywhere: as an argument of a process or a task, or in a message.
 *
 * Follows Python's `multiprocessing.Semaphore`, and `threading.Semaphore` where that can do more.
 *
 * @example At most two at a time
 * ```ts
 * import { Semaphore } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const semaphore = new Semaphore(2);
 * {
 *   using _one = await semaphore.acquire();
 *   using _two = semaphore.acquireSync();
 *   assertEquals(semaphore.tryAcquire(), undefined);
 * }
 * assertEquals(semaphore.value, 2);
 * ```
 */
export declare class Semaphore extends SharedHandle {
  /** The type of the shared object behind an instance of this class. */
  protected static readonly type: number;
  /**
   * Creates a semaphore with `value` permits.
   *
   * @throws {RangeError} if `value` is not an integer from 0 to 2^31 - 1
   */
  constructor(value?: number);
  /**
   * Acquires a permit, waiting while none is available.
   *
   * @returns a guard that releases the permit at the end of its scope; {@linkcode
   *   Semaphore.release} does too
   * @throws {TimeoutError} if no permit becomes available within `timeoutMs`
   * @throws {AbandonedLockError} if a holder of the permit died; the permit is acquired
   * @throws the reason of `signal`, if it is aborted first
   */
  acquire(options?: WaitOptions): Promise<LockGuard>;
  /**
   * Acquires a permit, blocking the isolate while none is available.
   *
   * @returns a guard that releases the permit at the end of its scope; {@linkcode
   *   Semaphore.release} does too
   * @throws {TimeoutError} if no permit becomes available within `timeoutMs`
   * @throws {AbandonedLockError} if a holder of the permit died; the permit is acquired
   * @throws {DeadlockError} if no other isolate could release one and `timeoutMs` is not given
   * @throws {TerminatedError} if this worker is terminated
   */
  acquireSync(options?: WaitOptions): LockGuard;
  /**
   * Acquires a permit if one is available.
   *
   * @returns a guard, or `undefined` if no permit is available
   * @throws {AbandonedLockError} if a holder of the permit died; the permit is acquired
   * @throws {TerminatedError} if this worker is terminated
   */
  tryAcquire(): LockGuard | undefined;
  /**
   * Releases `n` permits and wakes up to `n` waiters.
   *
   * @throws {RangeError} if `n` is not an integer of at least 1, or the number of permits would
   *   exceed its limit
   * @throws {TerminatedError} if this worker is terminated; the permits are released
   */
  release(n?: number): void;
  /**
   * Number of permits that are available at this moment.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  get value(): number;
  /** Returns whether no permit is available at this moment. */
  locked(): boolean;
}

/**
 * A {@linkcode Semaphore} that never has more permits than it was created with.
 *
 * Follows Python's `multiprocessing.BoundedSemaphore`.
 *
 * @example One release too many
 * ```ts
 * import { BoundedSemaphore } from "@sauropod/multiprocessing";
 * import { assertThrows } from "@std/assert";
 *
 * const semaphore = new BoundedSemaphore(1);
 * semaphore.acquireSync().release();
 * assertThrows(() => semaphore.release(), RangeError, "more often than");
 * ```
 */
export declare class BoundedSemaphore extends Semaphore {
  /** The type of the shared object behind an instance of this class. */
  protected static readonly type: number;
}

export {};
