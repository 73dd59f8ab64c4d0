/**
 * The outcome of a task that may not have ended yet.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import { InvalidStateError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { checkFunction } from "../arguments/values.ts";
import { callReporting } from "../sync/callbacks.ts";
import { FutureState } from "./future_state.ts";

/** Key under which the files of this folder find the state of a {@linkcode Future}. */
export const futureState: unique symbol = Symbol("futureState");

/**
 * The result of a task, or its error, once the task has ended. A future can be awaited like a
 * promise.
 *
 * - Executors make futures: `executor.submit(fn, ...args)`. A program that makes its own ends them
 *   with `setResult()` or `setException()`.
 * - When a future ends, waits on it are notified first; then its callbacks are called in the order
 *   in which they were added. All of this happens before the call that ended it returns.
 * - An error that is never retrieved is an unhandled rejection, like that of a promise; Python
 *   ignores such errors. Awaiting the future, `result()`, `exception()`, and passing the future to
 *   `wait()` or `asCompleted()` retrieve it. The errors of futures that were cancelled, or whose
 *   workers were terminated, are not reported.
 * - A future belongs to its isolate and cannot be sent.
 *
 * Follows Python's `concurrent.futures.Future`.
 *
 * @typeParam R the type of the result
 *
 * @example A future of an executor, and one that the program settles
 * ```ts
 * import { Future, ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
 * const power = executor.submit(Math.pow, 2, 10);
 * assertEquals(await power.result({ timeoutMs: 60_000 }), 1024);
 *
 * const own = new Future<string>();
 * own.addDoneCallback((future) => assert(future.done()));
 * setTimeout(() => own.setResult("there"), 10);
 * assertEquals(await own, "there");
 * ```
 */
export class Future<R> implements PromiseLike<R> {
  readonly #state: FutureState;

  /** Makes a pending future, for its creator to settle. */
  constructor();
  /** @internal Makes the future with this state, which an executor settles. */
  constructor(state: FutureState);
  constructor(state?: FutureState) {
    this.#state = state instanceof FutureState ? state : new FutureState();
  }

  /** @internal */
  get [futureState](): FutureState {
    return this.#state;
  }

  // State

  /**
   * Cancels the task if it has not begun. The task never runs then, and `result()` throws
   * `CancelledError`.
   *
   * If a worker is about to begin the task at the same time, either the task runs or it is
   * cancelled, never both.
   *
   * @returns whether the future is cancelled: false if the task has begun or the future has ended
   */
  cancel(): boolean {
    return this.#state.cancel();
  }

  /** Returns whether the future was cancelled. */
  cancelled(): boolean {
    return this.#state.status === "cancelled";
  }

  /** Returns whether the task has begun and has not ended. It cannot be cancelled then. */
  running(): boolean {
    return this.#state.isRunning;
  }

  /** Returns whether the future has ended: it has a result or an error, or was cancelled. */
  done(): boolean {
    return this.#state.hasEnded;
  }

  // Outcome

  /**
   * Waits for the result and returns it.
   *
   * @throws {CancelledError} if the future was cancelled
   * @throws {TimeoutError} if the task has not ended within `timeoutMs`; the task continues
   * @throws the error of the task
   * @throws the reason of `signal`, if it is aborted first; the task continues
   */
  async result(options?: WaitOptions): Promise<R> {
    await this.#state.wait(options);
    return await this.#state.promise as R;
  }

  /**
   * Waits until the task has ended and returns its error, or `undefined` if it has a result.
   *
   * @throws {CancelledError} if the future was cancelled
   * @throws {TimeoutError} if the task has not ended within `timeoutMs`; the task continues
   * @throws the reason of `signal`, if it is aborted first; the task continues
   */
  async exception(options?: WaitOptions): Promise<unknown> {
    await this.#state.wait(options);
    return this.#state.errorOrThrow();
  }

  /**
   * As {@linkcode Future.result}, blocking the isolate.
   *
   * @throws {DeadlockError} if the future could only end by code of this isolate: it was not made
   * by an executor, or its task runs in this isolate and waits for a promise
   */
  resultSync(options?: WaitOptions): R {
    this.#state.block(options);
    if (this.#state.status !== "done") throw this.#state.error;
    return this.#state.result as R;
  }

  /**
   * As {@linkcode Future.exception}, blocking the isolate.
   *
   * @throws {DeadlockError} as {@linkcode Future.resultSync}
   */
  exceptionSync(options?: WaitOptions): unknown {
    this.#state.block(options);
    return this.#state.errorOrThrow();
  }

  /**
   * Calls `fn` with this future when it ends, or immediately if it has ended.
   *
   * What `fn` throws, or the promise that it returns rejects with, is printed with `console.error` and
   * otherwise ignored.
   */
  addDoneCallback(fn: (future: this) => unknown): void {
    checkFunction("add callback", "fn", fn);
    this.#state.addCallback(() => callReporting("a callback of a future", () => fn(this)));
  }

  /** Makes the future awaitable, as a promise of its result. */
  then<A = R, B = never>(
    onResult?: ((result: R) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#state.promise as Promise<R>).then(onResult, onError);
  }

  // For the creator of a future

  /**
   * Ends the future with a result.
   *
   * @throws {InvalidStateError} if it has ended
   */
  setResult(result: R): void {
    if (!this.#state.settle("done", result)) throw this.#invalidState("set result");
  }

  /**
   * Ends the future with an error.
   *
   * @throws {InvalidStateError} if it has ended
   */
  setException(error: unknown): void {
    if (!this.#state.settle("failed", error)) throw this.#invalidState("set exception");
  }

  /**
   * Marks the future as running, so that it can no longer be cancelled. Its creator calls this
   * before the work begins.
   *
   * @returns false if it was cancelled: the work must not begin then
   * @throws {InvalidStateError} if it is running or has a result or an error
   */
  setRunningOrNotifyCancel(): boolean {
    if (this.#state.status === "cancelled") return false;
    if (this.#state.status !== "pending") throw this.#invalidState("set running");
    this.#state.status = "running";
    return true;
  }

  #invalidState(verb: string): InvalidStateError {
    const { status } = this.#state;
    return new InvalidStateError(
      `Cannot ${verb}: the future is already ${status === "failed" ? "done" : status}. ` +
        "Only the creator of a future sets its outcome, once",
    );
  }
}

showStateOf(Future as { prototype: Future<unknown> }, (future) => {
  const { status, isRunning, result, error } = future[futureState];
  switch (status) {
    case "done":
      return { state: status, result };
    case "failed":
      return { state: status, error };
    default:
      return { state: isRunning ? "running" : status };
  }
});
