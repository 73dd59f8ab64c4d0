/**
 * Options of pools and of their calls.
 *
 * @module
 */

import type { OptionNames } from "../arguments/options.ts";
import { wrongType } from "../arguments/values.ts";
import { launchNames, type LaunchOptions } from "../runtime/launch.ts";
import type { StartMethod } from "../runtime/start_method.ts";
import type { ProgressOptions } from "./calls/progress.ts";
import { engineFactoryOf, type PoolEngine } from "./engines/engine.ts";
import { taskNames, type TaskOptions } from "./calls/task_policy.ts";

export type { TaskOptions };

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

/** Names of {@linkcode PoolLimits}. */
export const limitNames: OptionNames<PoolLimits> = { ...taskNames, graceMs: true };

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

/** The most workers or threads that a pool can have. */
export const MAX_WORKERS: number = 2 ** 16;

/** What holds for a pool that does not say otherwise. */
export const DEFAULT_LIMITS: Readonly<
  Record<"graceMs" | "startTimeoutMs" | "idleTimeoutMs", number>
> = { graceMs: 1000, startTimeoutMs: Infinity, idleTimeoutMs: 60_000 };

/** Names of {@linkcode PoolOptions}. */
export const poolNames: OptionNames<PoolOptions> = {
  processes: true,
  initializer: "function",
  initargs: true,
  maxTasksPerChild: true,
  startMethod: true,
  startTimeoutMs: true,
  idleTimeoutMs: true,
  engine: true,
  ...launchNames,
  ...limitNames,
};

/**
 * Checks that an option `engine` is one, and that no option is given that concerns workers of this program.
 *
 * @throws {TypeError} if it is not, or one is
 */
export function checkEngine(verb: string, options: { readonly engine?: unknown }): void {
  if (engineFactoryOf(options.engine) === undefined) {
    throw wrongType(
      verb,
      "engine",
      "a cluster of @sauropod/multiprocessing/cluster",
      options.engine,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === "engine" || Object.hasOwn(taskNames, name)) continue;
    throw new TypeError(
      `Cannot ${verb}: ${name} has no effect with an engine, which is not made of workers of this program. ` +
        `Leave ${name} out`,
    );
  }
}

/** Options of {@linkcode Pool.apply}. */
export interface ApplyOptions extends TaskOptions {
  /** Ends the call with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/** Names of {@linkcode ApplyOptions}. */
export const applyNames: OptionNames<ApplyOptions> = { signal: true, ...taskNames };

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

/** Names of {@linkcode MapOptions}. */
export const mapNames: OptionNames<MapOptions> = {
  chunkSize: true,
  signal: true,
  onProgress: "function",
  ...taskNames,
};

/** Options of a call that returns an {@linkcode AsyncResult}. */
export interface AsyncOptions<R> extends TaskOptions {
  /** Called with the result. An error in a callback is printed, and affects nothing else. */
  callback?: ((result: R) => void) | undefined;
  /** Called with the error. Without it, an error that is never awaited is an unhandled rejection. */
  errorCallback?: ((error: unknown) => void) | undefined;
  /** Ends the call with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/** Names of {@linkcode AsyncOptions}. */
export const asyncNames: OptionNames<AsyncOptions<unknown>> = {
  callback: "function",
  errorCallback: "function",
  signal: true,
  ...taskNames,
};

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

/** Names of {@linkcode ImapOptions}. */
export const imapNames: OptionNames<ImapOptions> = {
  chunkSize: true,
  signal: true,
  onProgress: "function",
  ...taskNames,
};

/** A value or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Options of `imap`, and of the maps of executors, which are built on it. */
export interface ImapCall extends ImapOptions {
  /** Whether `fn` is called with the elements of each item. */
  spread?: boolean;
  /**
   * Maximum number of chunks that are out or have results that were not taken.
   *
   * @default {2 * workers}
   */
  window?: number | undefined;
  /**
   * Number of items; `Infinity`: not known.
   *
   * @default {what the input says}
   */
  total?: number;
  /**
   * Whether the input is taken to its end after `close()`.
   *
   * @default {whether it is known to end}
   */
  drainsInput?: boolean;
  /** Makes the error that ends an iteration whose input is not. */
  closedError?: () => Error;
}
