// The declarations of lib/pool/calls/task_policy.ts

/** Options that concern each task of a call. Given to a pool or an executor, they hold for all its calls. */
export interface TaskOptions {
  /**
   * The longest time that a task may run, in milliseconds from its start: one call of the function, with
   * one item. A task that takes longer fails with `TimeoutError`. Its `currentTask().signal` is aborted,
   * and if it has not ended after the `graceMs` of the pool, its worker is replaced.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
  /**
   * How many times a task whose worker died is run again. A chunk of several items is run again as a
   * whole, so tasks should be idempotent.
   *
   * @default {0}
   */
  retries?: number | undefined;
  /** Returns whether a task that failed with this error is run again too, at most `retries` times. */
  retryOn?: ((error: unknown) => boolean) | undefined;
}

/** {@linkcode TaskOptions} that were checked. */
export interface TaskPolicy {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly retryOn: ((error: unknown) => boolean) | undefined;
}

export {};
