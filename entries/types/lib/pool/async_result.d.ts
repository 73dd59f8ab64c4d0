// The declarations of lib/pool/async_result.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

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
export declare class AsyncResult<R> implements PromiseLike<R> {
  #private;
  /** Made by pools. */
  constructor(promise: Promise<R>, handled: boolean, cancel: () => boolean);
  /**
   * Waits for the result and returns it.
   *
   * @throws {TimeoutError} if the task has not ended after `timeoutMs`; the task continues
   * @throws the error of the task
   * @throws the reason of `signal`, if that is aborted first; the task continues
   */
  get(options?: WaitOptions): Promise<R>;
  /**
   * Waits until the task has ended, with a result or an error.
   *
   * @returns false if `timeoutMs` passed first
   */
  wait(options?: WaitOptions): Promise<boolean>;
  /** Returns whether the task has ended, with a result or an error. */
  ready(): boolean;
  /**
   * Returns whether the task has ended with a result.
   *
   * @throws {Error} if the task has not ended
   */
  successful(): boolean;
  /**
   * Cancels the call: awaiting it throws `CancelledError`. Chunks that have not begun will not begin; a
   * task that runs is not interrupted, unless it is in a process of the operating system, which is ended after
   * `graceMs`.
   *
   * @returns false if the call had ended
   */
  cancel(): boolean;
  /** As `Promise.then`: makes `await` work. */
  then<A = R, B = never>(
    onResult?: ((result: R) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
}

export {};
