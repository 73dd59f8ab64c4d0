// The declarations of lib/sync/barrier.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";

/** Options of a {@linkcode Barrier}. */
export interface BarrierOptions {
  /**
   * Called by the last party that arrives, before all parties continue: a task, a built-in
   * function, or a function that uses nothing outside itself. If it throws, the barrier is broken.
   */
  action?: (() => unknown) | undefined;
  /**
   * Timeout of {@linkcode Barrier.wait} when it is called without one, in milliseconds.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
}

/**
 * A number of parties that wait for each other.
 *
 * - All parties continue together, or none does: if a waiter times out or is aborted, the barrier is
 *   broken, and all parties get {@linkcode BrokenBarrierError} until {@linkcode Barrier.reset}.
 * - A worker that has waited, or was given the barrier, and dies before it has waited again, breaks it as
 *   well: if it ends with an error or another exit code than 0, or is terminated or killed. One that returns
 *   breaks nothing. After a reset, only parties that have waited since count.
 * - Reusable: once all parties have passed, it can be waited on again. A party that arrives while
 *   the action of the previous use still runs waits outside; if it gives up there, nothing is
 *   broken.
 * - Can be sent anywhere: as an argument of a process or a task, or in a message. Each async task
 *   that waits is a party.
 *
 * Follows Python's `multiprocessing.Barrier`, which is not broken by the death of a party.
 *
 * @example Two parties that wait for each other
 * ```ts
 * import { Barrier } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * const numbers = await Promise.all([barrier.wait(), barrier.wait()]);
 * assertEquals(numbers.toSorted(), [0, 1]);
 * ```
 */
export declare class Barrier extends SharedHandle {
  /**
   * Creates a barrier for a number of parties.
   *
   * @throws {RangeError} if `parties` is not an integer from 1 to 2^31 - 1, or `timeoutMs` is NaN
   * @throws {TypeError} if `parties` or `timeoutMs` is not a number, `action` is not a function, or an
   *   option is unknown
   * @throws {DataCloneError} if `action` cannot be sent
   */
  constructor(parties: number, options?: BarrierOptions);
  /**
   * Waits until all parties have arrived.
   *
   * @returns the position of this party in the order of arrival, from 0 to `parties - 1`
   * @throws {BrokenBarrierError} if the barrier is broken or reset, or `timeoutMs` passes
   * @throws {TimeoutError} if `timeoutMs` passes while the action of the previous use still runs
   * @throws what the action throws, in the party that called it
   * @throws the reason of `signal`, if it is aborted first; the barrier is then broken
   */
  wait(options?: WaitOptions): Promise<number>;
  /**
   * Blocks the isolate until all parties have arrived.
   *
   * @returns the position of this party in the order of arrival, from 0 to `parties - 1`
   * @throws {BrokenBarrierError} if the barrier is broken or reset, or `timeoutMs` passes
   * @throws {TimeoutError} if `timeoutMs` passes while the action of the previous use still runs
   * @throws {TypeError} if the action returns a promise: use {@linkcode Barrier.wait}
   * @throws {TaskLookupError} if the action is in a module that this isolate has not imported
   * @throws {DeadlockError} if an async task of this isolate still runs the action of the previous
   *   use, and `timeoutMs` is not given
   * @throws what the action throws, in the party that called it
   * @throws {TerminatedError} if this worker is terminated
   */
  waitSync(options?: WaitOptions): number;
  /**
   * Returns the barrier to its initial state. Current waiters get {@linkcode BrokenBarrierError}.
   * Parties that arrive later wait for each other again, after an action that is running has ended.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  reset(): void;
  /**
   * Breaks the barrier: current waiters and later arrivals get {@linkcode BrokenBarrierError}.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  abort(): void;
  /** Number of parties that wait for each other. */
  get parties(): number;
  /** Number of parties that wait at this moment. */
  get nWaiting(): number;
  /** Whether the barrier is broken. */
  get broken(): boolean;
}

export {};
