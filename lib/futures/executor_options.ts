/**
 * The options that both kinds of executors take.
 *
 * @module
 */

import { checkArity, checkOptions, type OptionNames } from "../arguments/options.ts";
import { checkInteger } from "../arguments/values.ts";
import { limitNames, MAX_WORKERS, type PoolLimits } from "../pool/options.ts";

/** Options of every executor. */
export interface ExecutorOptions<InitArgs extends readonly unknown[] = readonly unknown[]>
  extends PoolLimits {
  /** Maximum number of workers. */
  maxWorkers?: number | undefined;
  /** Called once in each worker before its first task. If it fails, the executor is broken. */
  initializer?: ((...args: InitArgs) => unknown) | undefined;
  /** Arguments of `initializer`. */
  initargs?: InitArgs | undefined;
}

/** The names of the options of every executor. */
export const executorNames: OptionNames<ExecutorOptions> = {
  maxWorkers: true,
  initializer: "function",
  initargs: true,
  ...limitNames,
};

/**
 * Returns the options of an executor as an object.
 *
 * @param options the options, or the maximum number of workers
 * @param args all arguments of the constructor
 * @param names the options that this kind of executor has
 * @throws {RangeError} if `maxWorkers` is not an integer from 1 to 65,536
 * @throws {TypeError} if an option does not exist or there are further arguments
 */
export function executorOptions<T extends { maxWorkers?: number | undefined }>(
  options: number | T,
  args: ArrayLike<unknown>,
  names: OptionNames<NoInfer<T>>,
): T {
  checkArity("make executor", args, 1, "Write { maxWorkers: 2, initializer: fn }");
  const all = typeof options === "number" ? { maxWorkers: options } as T : options;
  checkOptions("make executor", all, names);
  const { maxWorkers } = all;
  if (maxWorkers !== undefined) {
    checkInteger("make executor", "maxWorkers", maxWorkers, 1, MAX_WORKERS);
  }
  return all;
}
