// The declarations of lib/futures/future_state.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { Engine } from "../pool/engines/engine.d.ts";
import type { Job } from "../pool/calls/job.d.ts";

/**
 * | status | next | changed by |
 * |---|---|---|
 * | `pending` | `running` | `setRunningOrNotifyCancel()`. The future of an executor stays `pending`; its engine knows whether the task has begun |
 * | `pending` | `cancelled` | `cancel()`, unless the engine reports that the task has begun |
 * | `pending`, `running` | `done`, `failed` | the executor, or `setResult()`, `setException()` |
 */
export type FutureStatus = "pending" | "running" | "cancelled" | "done" | "failed";

/** A job, and the engine that runs it. */
export interface SubmittedJob {
  engine: Engine;
  job: Job;
}

/** The state of a future. */
export declare class FutureState {
  #private;
  status: FutureStatus;
  /** The result once `status` is `done`. */
  result: unknown;
  /** The error once `status` is `failed` or `cancelled`. */
  error: unknown;
  /** What computes the outcome; `undefined` for a future that its creator settles. */
  submitted: SubmittedJob | undefined;
  /** Resolves with the result, or rejects with the error. */
  get promise(): Promise<unknown>;
  /** Whether the future has a result or an error, or is cancelled. */
  get hasEnded(): boolean;
  /** Whether the task has begun and has not ended. */
  get isRunning(): boolean;
  /** Cancels the future unless its task has begun. Returns whether the future is cancelled. */
  cancel(): boolean;
  /**
   * Ends the future: notifies the watchers, then calls the callbacks.
   *
   * @returns false if it had ended before, in which case nothing happens
   */
  settle(status: "done" | "failed" | "cancelled", outcome: unknown): boolean;
  /**
   * Calls `onEnd` when the future ends, before its callbacks. Returns a function that undoes this.
   */
  watch(onEnd: () => void): () => void;
  /** Calls `call` when the future ends; immediately if it has ended. */
  addCallback(call: () => void): void;
  /** Notes that the outcome is retrieved: an error is then not an unhandled rejection. */
  markObserved(): void;
  /**
   * Waits until the future has ended.
   *
   * @throws {TimeoutError} if `timeoutMs` passes first
   */
  wait(options?: WaitOptions): Promise<void>;
  /**
   * Blocks the isolate until the future has ended.
   *
   * @throws {TimeoutError} if `timeoutMs` passes first
   * @throws {DeadlockError} if only this isolate could end it
   */
  block(options?: WaitOptions): void;
  /** The error of a future that has ended; throws it if the future was cancelled. */
  errorOrThrow(): unknown;
}

export {};
