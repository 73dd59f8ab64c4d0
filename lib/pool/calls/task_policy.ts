/**
 * The options that concern each task of a call: its time limit, and whether it is run again.
 *
 * @module
 */

import { checkInteger } from "../../arguments/values.ts";
import { checkTimeLimit, type OptionNames } from "../../arguments/options.ts";

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

/** Names of {@linkcode TaskOptions}. */
export const taskNames: OptionNames<TaskOptions> = {
  timeoutMs: true,
  retries: true,
  retryOn: "function",
};

/** {@linkcode TaskOptions} that were checked. */
export interface TaskPolicy {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly retryOn: ((error: unknown) => boolean) | undefined;
}

/**
 * Checks the options of a task.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @param defaults what holds for options that are not given
 * @returns `undefined` if there is neither a time limit nor a retry
 * @throws {TypeError} if `timeoutMs` is not a number, or there is a `retryOn` without `retries`
 * @throws {RangeError} if `timeoutMs` is not greater than 0, or `retries` is not an integer of at least 0
 */
export function taskPolicy(
  verb: string,
  options: TaskOptions,
  defaults?: TaskPolicy,
): TaskPolicy | undefined {
  const { timeoutMs, retries, retryOn } = options;
  if (timeoutMs === undefined && retries === undefined && retryOn === undefined) return defaults;
  if (timeoutMs !== undefined) checkTimeLimit(verb, "timeoutMs", timeoutMs);
  if (retries !== undefined) checkInteger(verb, "retries", retries, 0);
  const policy: TaskPolicy = {
    timeoutMs: timeoutMs ?? defaults?.timeoutMs ?? Infinity,
    retries: retries ?? defaults?.retries ?? 0,
    retryOn: retryOn ?? defaults?.retryOn,
  };
  if (retryOn !== undefined && policy.retries === 0) {
    throw new TypeError(
      `Cannot ${verb}: retryOn has no effect without retries. Write retries: 1, or more`,
    );
  }
  return policy;
}
