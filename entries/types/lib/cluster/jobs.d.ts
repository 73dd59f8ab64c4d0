// The declarations of lib/cluster/jobs.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { Definition } from "../codec/definition.d.ts";
import type { ProgressOptions } from "../pool/calls/progress.d.ts";
import type { Link } from "./link.d.ts";
import type { SharedLink } from "./shared_link.d.ts";

/** Options of {@linkcode Cluster.submit}. */
export interface SubmitOptions {
  /**
   * By what the job is found: up to 64 letters, digits, `-` and `_`.
   *
   * @default {a random one}
   */
  id?: string | undefined;
  /**
   * Number of items that a node takes at a time. If one of them fails, none of the chunk has a result.
   *
   * @default {1}
   */
  chunkSize?: number | undefined;
  /**
   * The longest time that a task may run, in milliseconds from its start.
   *
   * @default {Infinity}
   */
  timeoutMs?: number | undefined;
  /**
   * How many times a task whose process or node was lost is run again.
   *
   * @default {1}
   */
  retries?: number | undefined;
}

/** Options of {@linkcode ClusterJob.results}. */
export interface JobResultsOptions extends WaitOptions, ProgressOptions {
}

/** How far a job is. */
export interface JobStatus {
  /** Its id. */
  readonly id: string;
  /** The name of its function. */
  readonly task: string;
  /** Number of its items. */
  readonly total: number;
  /** Number of items that have a result, or an error in its place. */
  readonly done: number;
  /** Whether all items are with the server. If not, it was submitted by a program that ended too early. */
  readonly isSubmitted: boolean;
  /** Whether it was cancelled. */
  readonly isCancelled: boolean;
}

/** A result of a job, or the error in its place. */
export type JobResult<R> = {
  readonly index: number;
  readonly value: R;
} | {
  readonly index: number;
  readonly error: unknown;
};

/** What jobs need of the cluster that they belong to. */
export interface JobsAccess {
  readonly link: SharedLink;
  /** Returns the name of the packed program that a module belongs to; `undefined` if nodes have it. */
  programOf(link: Link, definitions: readonly Definition[]): Promise<string> | undefined;
}

/**
 * A job whose results are kept until it is removed, for this program and for later ones. Made by `submit()` of a
 * cluster, found by `attach()`.
 */
export declare class ClusterJob<R> {
  #private;
  /** By what it is found. */
  readonly id: string;
  /** Called by {@linkcode Cluster.submit} and {@linkcode Cluster.attach}. */
  constructor(access: JobsAccess, id: string);
  /**
   * Returns how far it is.
   *
   * @throws {Deno.errors.NotFound} if it was removed
   */
  status(): Promise<JobStatus>;
  /**
   * Waits for all results, and returns them in the order of the items. They can be read again.
   *
   * @throws the first error of a task that has arrived
   * @throws {CancelledError} if the job was cancelled
   * @throws {Deno.errors.NotFound} if it was removed
   * @throws {Error} if not all of it was submitted
   * @throws {TimeoutError} if `timeoutMs` passed first
   * @throws the reason of `signal`, if that is aborted first
   */
  results(options?: JobResultsOptions): Promise<R[]>;
  /**
   * Yields the results as they arrive, those that are there at once: of each item its index, and its value or its
   * error.
   *
   * @throws as {@linkcode ClusterJob.results}, but for errors of tasks
   */
  arrivals(options?: WaitOptions): AsyncIterableIterator<JobResult<R>>;
  /**
   * Ends it: no further task begins, and those that run are cancelled. Results that are there stay.
   *
   * @throws {Deno.errors.NotFound} if it was removed
   */
  cancel(): Promise<void>;
  /** Cancels it, and removes its results. Does nothing if it was removed before. */
  remove(): Promise<void>;
}

export {};
