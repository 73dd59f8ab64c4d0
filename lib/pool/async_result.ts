/**
 * The result of a call that was not waited for.
 *
 * @module
 */

import { CancelledError, TerminatedError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { settledWithin } from "../sync/settled.ts";

/**
 * A result that will be there later. It can be awaited like a promise.
 *
 * Follows Python's `multiprocessing.pool.AsyncResult`, and adds {@linkcode AsyncResult.cancel}.
 *
 * @typeParam R the type of the result
 *
 * @example Start now, ask later
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

  /** Made by the pool. */
  constructor(promise: Promise<R>, handled: boolean, cancel: () => boolean) {
    this.#cancel = cancel;
    this.#promise = promise.then((result) => {
      this.#state = "done";
      return result;
    }, (error) => {
      this.#state = "failed";
      // An error that nobody asks for stays an unhandled rejection, unless a callback has it or the
      // caller brought it about.
      const expected = error instanceof CancelledError || error instanceof TerminatedError;
      if (handled || expected) this.#promise.catch(() => {});
      throw error;
    });
  }

  /**
   * The result, when it is there.
   *
   * @throws {TimeoutError} if it is not there in `timeoutMs`; the task goes on
   * @throws the error of the task
   * @throws the reason of `signal`, if that is aborted first; the task goes on
   */
  async get(options?: WaitOptions): Promise<R> {
    if (await settledWithin(this.#promise, options)) return await this.#promise;
    throw new TimeoutError(`Cannot get result: not there after ${options?.timeoutMs} ms`);
  }

  /** Waits until the result or the error is there: false if `timeoutMs` passed first. */
  wait(options?: WaitOptions): Promise<boolean> {
    return settledWithin(this.#promise, options);
  }

  /** Whether the result or the error is there. */
  ready(): boolean {
    return this.#state !== "pending";
  }

  /**
   * Whether there is a result and no error.
   *
   * @throws {Error} if neither is there yet
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
   * Gives the task up: awaiting it throws `CancelledError`. What has not begun will not begin; what
   * runs is not interrupted.
   *
   * @returns false if the result or the error was there already
   */
  cancel(): boolean {
    return this.#cancel();
  }

  /** Makes `await` work. */
  then<A = R, B = never>(
    onResult?: ((result: R) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(onResult, onError);
  }
}
