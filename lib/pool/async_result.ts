/**
 * Results of asynchronous calls.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import { isErrorOf } from "../arguments/describe.ts";
import { CancelledError, TerminatedError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { settledWithin } from "../sync/settled.ts";

/**
 * The result of a call that may not have ended. It can be awaited like a promise.
 *
 * Follows Python's `multiprocessing.pool.AsyncResult`, and adds {@linkcode AsyncResult.cancel}.
 *
 * @typeParam R the type of the result
 *
 * @example Start now, get the result later
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using pool = new Pool(1);
 * const root = pool.applyAsync(Math.sqrt, [2]);
 * assertEquals(await root.get({ timeoutMs: 60_000 }), Math.SQRT2);
 * assert(root.ready() && root.successful());
 * ```
 */
export class AsyncResult<R> implements PromiseLike<R> {
  readonly #promise: Promise<R>;
  readonly #cancel: () => boolean;
  #state: "pending" | "done" | "failed" = "pending";

  /** Made by pools. */
  constructor(promise: Promise<R>, handled: boolean, cancel: () => boolean) {
    this.#cancel = cancel;
    this.#promise = promise.then((result) => {
      this.#state = "done";
      return result;
    }, (error) => {
      this.#state = "failed";
      // An error that is never awaited is an unhandled rejection, unless a callback handles it or the
      // caller caused it.
      const expected = isErrorOf(error, CancelledError) || isErrorOf(error, TerminatedError);
      if (handled || expected) this.#promise.catch(() => {});
      throw error;
    });
  }

  /**
   * Waits for the result and returns it.
   *
   * @throws {TimeoutError} if the task has not ended after `timeoutMs`; the task continues
   * @throws the error of the task
   * @throws the reason of `signal`, if that is aborted first; the task continues
   */
  async get(options?: WaitOptions): Promise<R> {
    if (await settledWithin(this.#promise, options)) return await this.#promise;
    throw new TimeoutError(`Cannot get result: not ready after ${options?.timeoutMs} ms`);
  }

  /**
   * Waits until the task has ended, with a result or an error.
   *
   * @returns false if `timeoutMs` passed first
   */
  wait(options?: WaitOptions): Promise<boolean> {
    return settledWithin(this.#promise, options);
  }

  /** Returns whether the task has ended, with a result or an error. */
  ready(): boolean {
    return this.#state !== "pending";
  }

  /**
   * Returns whether the task has ended with a result.
   *
   * @throws {Error} if the task has not ended
   */
  successful(): boolean {
    if (this.#state === "pending") {
      throw new Error(
        "Cannot tell whether the task was successful: it is not ready. Await it first",
      );
    }
    return this.#state === "done";
  }

  /**
   * Cancels the call: awaiting it throws `CancelledError`. Chunks that have not begun will not begin; a
   * task that runs is not interrupted, unless it is in a process of the operating system, which is ended after
   * `graceMs`.
   *
   * @returns false if the call had ended
   */
  cancel(): boolean {
    return this.#cancel();
  }

  /** As `Promise.then`: makes `await` work. */
  then<A = R, B = never>(
    onResult?: ((result: R) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(onResult, onError);
  }

  static {
    showStateOf(
      this as { prototype: AsyncResult<unknown> },
      (result) => ({ state: result.#state }),
    );
  }
}
