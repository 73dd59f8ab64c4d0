// The declarations of lib/pool/current_task.ts

/** A task of a pool, as its own code sees it. */
export interface CurrentTask {
  /** Name of its function. */
  readonly name: string;
  /** How often it was run before, because its worker died or it failed: see `retries`. */
  readonly attempt: number;
  /**
   * Aborted when nobody waits for the result any more: the call was cancelled, aborted or timed out, or
   * another task of the call has failed. `signal.reason` is a `CancelledError` or a `TimeoutError`.
   *
   * Its `aborted` and `throwIfAborted()` are up to date even in code that computes without a pause.
   */
  readonly signal: AbortSignal;
}

/**
 * Returns the task that the calling code belongs to, in a worker of a pool, or in a thread of a
 * `ThreadPool`; `undefined` elsewhere.
 *
 * @example A task that ends soon after its call was aborted
 * ```ts
 * import { currentTask, Pool, task } from "@sauropod/multiprocessing";
 * import { assertRejects } from "@std/assert";
 *
 * const search = task(import.meta, () => {
 *   const { signal } = currentTask()!;
 *   for (let tries = 0;; tries++) {
 *     if (tries % 1000 === 0) signal.throwIfAborted();
 *   }
 * });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(1);
 *   const searching = pool.apply(search, [], { signal: AbortSignal.timeout(100) });
 *   await assertRejects(() => searching, DOMException, "timed out");
 * }
 * ```
 */
export declare function currentTask(): CurrentTask | undefined;

export {};
