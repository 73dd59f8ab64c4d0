// The declarations of lib/pool/options.ts

import type { LaunchOptions } from "../runtime/launch.d.ts";
import type { StartMethod } from "../runtime/start_method.d.ts";
import type { ProgressOptions } from "./calls/progress.d.ts";
import type { PoolEngine } from "./engines/engine.d.ts";
import type { TaskOptions } from "./calls/task_policy.d.ts";
export { type TaskOptions };

/** Options of pools and executors that concern the end of tasks and workers. */
export interface PoolLimits extends TaskOptions {
  /**
   * How long a task may go on after its call was cancelled, aborted or timed out, in milliseconds. Its
   * `currentTask().signal` is aborted at once; if the task has not ended by then, its worker is given up
   * and replaced. Another worker has its place soon after the call has ended, if there is work for it. Deno
   * cannot interrupt a worker that computes, so it goes on until it next uses something of this package;
   * with `startMethod: "process"`, its process is killed.
   *
   * @default {1000}
   */
  graceMs?: number | undefined;
}

/**
 * Options of a {@linkcode Pool}.
 *
 * @typeParam InitArgs the arguments of `initializer`
 * @typeParam E its engine, if it has one
 */
export interface PoolOptions<
  InitArgs extends readonly unknown[] = readonly unknown[],
  E extends PoolEngine | undefined = PoolEngine | undefined,
> extends PoolLimits, LaunchOptions {
  /**
   * What runs the tasks in place of workers of this program: a `cluster()` of `./cluster`. Of the other
   * options, only those of tasks go with it; `retries` is 1 by default.
   */
  engine?: E | undefined;
  /**
   * Number of workers.
   *
   * @default {cpuCount()}
   */
  processes?: number | undefined;
  /** Called once in each worker before its first task. If it fails, all tasks fail. */
  initializer?: ((...args: InitArgs) => unknown) | undefined;
  /** Arguments of `initializer`. */
  initargs?: InitArgs | undefined;
  /**
   * Number of chunks that a worker runs before it is replaced.
   *
   * @default {no limit}
   */
  maxTasksPerChild?: number | undefined;
  /**
   * `"spawn"`: new workers; `"forkserver"`: workers that were started in advance; `"process"`: processes of
   * the operating system.
   *
   * @default {getStartMethod()}
   */
  startMethod?: StartMethod | undefined;
  /**
   * How long a worker may take to start, in milliseconds: to import its modules and to run the
   * initializer. A worker that takes longer is ended; after three in a row all calls fail. Without a
   * limit, a warning after ten seconds says what the worker is waiting for.
   *
   * @default {Infinity}
   */
  startTimeoutMs?: number | undefined;
  /**
   * How long a worker waits for a task before it ends, in milliseconds. Another one is started when there
   * is work again. So the workers of a pool that was forgotten end.
   *
   * @default {60_000}
   */
  idleTimeoutMs?: number | undefined;
}

/** Options of {@linkcode Pool.apply}. */
export interface ApplyOptions extends TaskOptions {
  /** Ends the call with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/** Options of a call with many items. */
export interface MapOptions extends TaskOptions, ProgressOptions {
  /**
   * Number of items that a worker takes at a time.
   *
   * @default {ceil(n / (4 * workers))}
   */
  chunkSize?: number | undefined;
  /** Ends the call with `signal.reason`; chunks that have not begun are skipped. */
  signal?: AbortSignal | undefined;
}

/** Options of a call that returns an {@linkcode AsyncResult}. */
export interface AsyncOptions<R> extends TaskOptions {
  /** Called with the result. An error in a callback is printed, and affects nothing else. */
  callback?: ((result: R) => void) | undefined;
  /** Called with the error. Without it, an error that is never awaited is an unhandled rejection. */
  errorCallback?: ((error: unknown) => void) | undefined;
  /** Ends the call with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/** Options of {@linkcode Pool.imap}. */
export interface ImapOptions extends TaskOptions, ProgressOptions {
  /**
   * Number of items that a worker takes at a time.
   *
   * @default {1}
   */
  chunkSize?: number | undefined;
  /** Ends the iteration with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/** A value or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

export {};
