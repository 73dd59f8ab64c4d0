// The declarations of lib/pool/engines/engine.ts

import type { WaitOptions } from "../../arguments/wait_options.d.ts";
import type { AnyFunction } from "../../codec/task.d.ts";
import type { Job } from "../calls/job.d.ts";
import type { CallMode } from "../chunks/chunk.d.ts";

/** What runs the tasks of pools in place of workers of this program: the `Cluster` of `./cluster`. */
export interface PoolEngine {
  /** Waits until tasks can run. */
  ready(options?: WaitOptions): Promise<unknown>;
}

/**
 * Runs jobs.
 *
 * @typeParam Target how the engine names a function
 */
export interface Engine<Target = unknown> {
  /** Number of chunks that were sent and have not come back. */
  readonly chunksOut: number;
  /** Error that keeps the engine from working; all its jobs have failed with it. */
  readonly broken: Error | undefined;
  /** Number of slots, if that changes. */
  readonly slots?: number;
  /**
   * Checks that jobs can be sent.
   *
   * @throws {ClosedError} if the engine was terminated
   * @throws the error in `broken`
   */
  checkUsable(): void;
  /**
   * Returns what stands for the function in jobs.
   *
   * @throws {DataCloneError} if the function cannot cross to a slot
   */
  targetOf(fn: AnyFunction): Target;
  /**
   * Sends a job of one chunk.
   *
   * @param mode how the function is called
   * @param name what paths in errors begin with
   * @throws {DataCloneError} if the payload cannot cross; the job does not settle then
   */
  send(job: Job<Target>, mode: CallMode, payload: readonly unknown[], name: string): void;
  /**
   * Sends a job of one or more chunks, of `chunkSize` items each.
   *
   * @throws {DataCloneError} if an item cannot cross; the job has failed then
   */
  sendMany(job: Job<Target>, mode: CallMode, items: readonly unknown[], chunkSize: number): void;
  /** Returns whether a chunk of a `cancellable` job has begun. */
  hasBegun(job: Job<Target>): boolean;
  /**
   * Withdraws a `cancellable` job: none of its chunks will begin. The caller settles the job.
   *
   * @returns false if a chunk has begun or the job has settled
   */
  withdraw(job: Job<Target>): boolean;
  /**
   * Blocks the isolate until the job has settled.
   *
   * @returns false if `timeoutMs` passed first
   * @throws {DeadlockError} if only this isolate could run the job, and the function awaits a promise
   */
  waitSync(job: Job<Target>, options?: WaitOptions): boolean;
  /** Lets the slots end once all chunks have come back. */
  close(): void;
  /** Fails all jobs and ends the slots, with this exit code where they have one. */
  terminate(exitCode: number): void;
  /**
   * Checks that the caller may wait for the end of the slots.
   *
   * @throws {DeadlockError} if a slot runs the caller, and would end only after it
   */
  checkJoin(): void;
  /** Waits until all chunks have come back. */
  drain(): Promise<void>;
  /** Waits until all slots have ended. The engine must be closed or terminated. */
  join(): Promise<void>;
}

export {};
