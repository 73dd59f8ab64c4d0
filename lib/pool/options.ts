/**
 * Options of pools and of their calls.
 *
 * @module
 */

import type { OptionNames } from "../arguments/options.ts";
import type { StartMethod } from "../runtime/start_method.ts";
import type { Progress } from "./calls/jobs.ts";

/** Options of a {@linkcode Pool}. */
export interface PoolOptions<InitArgs extends readonly unknown[] = readonly unknown[]> {
  /**
   * Number of workers.
   *
   * @default {cpuCount()}
   */
  processes?: number;
  /** Called once in each worker before its first task. If it fails, so do all tasks. */
  initializer?: (...args: InitArgs) => unknown;
  /** Arguments of `initializer`. */
  initargs?: InitArgs;
  /**
   * Number of chunks that a worker runs before another takes its place.
   *
   * @default {no limit}
   */
  maxTasksPerChild?: number;
  /**
   * `"spawn"`: fresh workers; `"forkserver"`: workers that were started ahead of time.
   *
   * @default {getStartMethod()}
   */
  startMethod?: StartMethod;
}

/** The options of a pool. */
export const poolNames: OptionNames<PoolOptions> = {
  processes: true,
  initializer: true,
  initargs: true,
  maxTasksPerChild: true,
  startMethod: true,
};

/** Options of a call with many items. */
export interface MapOptions {
  /**
   * Number of items that a worker takes at a time.
   *
   * @default {ceil(n / (4 * workers))}
   */
  chunkSize?: number;
  /** Ends the call with `signal.reason`: chunks that have not begun will not. */
  signal?: AbortSignal;
  /** Called after each chunk. An error in it ends the call. */
  onProgress?: (progress: Progress) => void;
}

/** The options of a call with many items. */
export const mapNames: OptionNames<MapOptions> = {
  chunkSize: true,
  signal: true,
  onProgress: "function",
};

/** Options of a call whose result comes later. */
export interface AsyncOptions<R> {
  /** Called with the result. */
  callback?: (result: R) => void;
  /** Called with the error; without it, an error that nobody asks for ends the program. */
  errorCallback?: (error: unknown) => void;
  /** Ends the call with `signal.reason`. */
  signal?: AbortSignal;
}

/** The options of a call whose result comes later. */
export const asyncNames: OptionNames<AsyncOptions<unknown>> = {
  callback: "function",
  errorCallback: "function",
  signal: true,
};

/** Options of {@linkcode Pool.imap}. */
export interface ImapOptions {
  /**
   * Number of items that a worker takes at a time.
   *
   * @default {1}
   */
  chunkSize?: number;
  /** Ends the iteration with `signal.reason`. */
  signal?: AbortSignal;
}

/** The options of {@linkcode Pool.imap}. */
export const imapNames: OptionNames<ImapOptions> = { chunkSize: true, signal: true };

/** A value, or a promise of one. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Options of `imap`, with those that executors need. */
export interface ImapCall extends ImapOptions {
  /** Whether `fn` is called with the elements of each item. */
  spread?: boolean;
  /**
   * Most chunks that are under way or wait to be taken.
   *
   * @default {2 * workers}
   */
  window?: number;
  /**
   * Whether `close()` leaves the input to be taken to its end.
   *
   * @default {whether it is known to have an end}
   */
  takesRest?: boolean;
  /** Makes the error for an iteration whose input is not. */
  closedError?: () => Error;
}
