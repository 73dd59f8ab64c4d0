// The declarations of lib/futures/executor_options.ts

import type { PoolLimits } from "../pool/options.d.ts";

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

export {};
