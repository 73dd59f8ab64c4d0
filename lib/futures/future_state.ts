/**
 * The state machine of a future, as its {@linkcode Future}, its executor and waits on it see it.
 *
 * @module
 */

import { CancelledError, DeadlockError, TerminatedError, TimeoutError } from "../errors.ts";
import { checkWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import type { Engine } from "../pool/engines/engine.ts";
import type { Job } from "../pool/calls/job.ts";
import { settledWithin } from "../sync/settled.ts";

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
export class FutureState {
  status: FutureStatus = "pending";
  /** The result once `status` is `done`. */
  result: unknown;
  /** The error once `status` is `failed` or `cancelled`. */
  error: unknown;
  /** What computes the outcome; `undefined` for a future that its creator settles. */
  submitted: SubmittedJob | undefined;
  readonly #outcome: PromiseWithResolvers<unknown> = Promise.withResolvers();
  #isObserved = false;
  readonly #watchers = new Set<() => void>();
  #callbacks: (() => void)[] = [];

  /** Resolves with the result, or rejects with the error. */
  get promise(): Promise<unknown> {
    return this.#outcome.promise;
  }

  /** Whether the future has a result or an error, or is cancelled. */
  get hasEnded(): boolean {
    return this.status !== "pending" && this.status !== "running";
  }

  /** Whether the task has begun and has not ended. */
  get isRunning(): boolean {
    if (this.status !== "pending") return this.status === "running";
    return this.submitted !== undefined && this.submitted.engine.hasBegun(this.submitted.job);
  }

  /** Cancels the future unless its task has begun. Returns whether the future is cancelled. */
  cancel(): boolean {
    if (this.status === "cancelled") return true;
    if (this.status !== "pending") return false;
    const { submitted } = this;
    if (submitted !== undefined && !submitted.engine.withdraw(submitted.job)) return false;
    const error = new CancelledError("Cannot get result: the future was cancelled");
    this.settle("cancelled", error);
    submitted?.job.fail(error);
    return true;
  }

  /**
   * Ends the future: notifies the watchers, then calls the callbacks.
   *
   * @returns false if it had ended before, in which case nothing happens
   */
  settle(status: "done" | "failed" | "cancelled", outcome: unknown): boolean {
    if (this.hasEnded) return false;
    this.status = status;
    if (status === "done") {
      this.result = outcome;
      this.#outcome.resolve(outcome);
    } else {
      this.error = outcome;
      this.#outcome.reject(outcome);
      // The caller caused these errors, so they need not be retrieved.
      if (status === "cancelled" || outcome instanceof TerminatedError) this.markObserved();
    }
    for (const notify of [...this.#watchers]) notify();
    this.#watchers.clear();
    for (const call of this.#callbacks.splice(0)) call();
    return true;
  }

  /**
   * Calls `onEnd` when the future ends, before its callbacks. Returns a function that undoes this.
   */
  watch(onEnd: () => void): () => void {
    this.#watchers.add(onEnd);
    return () => this.#watchers.delete(onEnd);
  }

  /** Calls `call` when the future ends; immediately if it has ended. */
  addCallback(call: () => void): void {
    if (this.hasEnded) call();
    else this.#callbacks.push(call);
  }

  /** Notes that the outcome is retrieved: an error is then not an unhandled rejection. */
  markObserved(): void {
    if (this.#isObserved) return;
    this.#isObserved = true;
    this.#outcome.promise.catch(() => {}); // the observer gets the error in another way
  }

  /**
   * Waits until the future has ended.
   *
   * @throws {TimeoutError} if `timeoutMs` passes first
   */
  async wait(options?: WaitOptions): Promise<void> {
    if (!await settledWithin(this.#outcome.promise, options)) throw timeoutError(options);
  }

  /**
   * Blocks the isolate until the future has ended.
   *
   * @throws {TimeoutError} if `timeoutMs` passes first
   * @throws {DeadlockError} if only this isolate could end it
   */
  block(options?: WaitOptions): void {
    checkWaitOptions("get result", options);
    this.markObserved();
    if (this.hasEnded) return;
    if (this.submitted === undefined) {
      throw new DeadlockError(
        "Cannot get result: the future has not ended, and only this isolate, which would block, " +
          "could end it. Await the future",
      );
    }
    if (!this.submitted.engine.waitSync(this.submitted.job, options)) throw timeoutError(options);
  }

  /** The error of a future that has ended; throws it if the future was cancelled. */
  errorOrThrow(): unknown {
    if (this.status === "cancelled") throw this.error;
    return this.error;
  }
}

function timeoutError(options: WaitOptions | undefined): TimeoutError {
  return new TimeoutError(
    `Cannot get result: the future has not ended after ${options?.timeoutMs} ms`,
  );
}
