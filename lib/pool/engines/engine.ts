/**
 * What runs the jobs of a pool: {@linkcode IsolateEngine} in workers, {@linkcode SameIsolateEngine} in this
 * isolate. Pools are written against this alone.
 *
 * @module
 */

import { ClosedError, InitializerError, TerminatedError } from "../../errors.ts";
import type { WaitOptions } from "../../arguments/wait_options.ts";
import type { AnyFunction } from "../../codec/task.ts";
import type { Job } from "../calls/jobs.ts";

/** How the runners of an engine are made. */
export interface EngineOptions {
  /** Number of runners at most. */
  size: number;
  initializer: ((...args: unknown[]) => unknown) | undefined;
  initargs: readonly unknown[];
}

/** Makes the engine of a pool. Of a class of its own: nothing that a user gives is taken for one. */
export class EngineMaker {
  /** Made by the kinds of pools. */
  constructor(readonly make: (options: EngineOptions) => Engine) {}
}

/**
 * Runs jobs.
 *
 * @typeParam Target how the engine names a function
 */
export interface Engine<Target = unknown> {
  /** Number of chunks that were sent and have not come back. */
  readonly chunksOut: number;
  /** The error that keeps it from working, which all jobs have failed with. */
  readonly broken: Error | undefined;
  /**
   * Checks that work can be sent.
   *
   * @throws {ClosedError} if it was terminated
   * @throws the error that keeps it from working
   */
  checkUsable(): void;
  /**
   * The function as jobs name it.
   *
   * @throws {DataCloneError} if it cannot cross to where it would run
   */
  targetOf(fn: AnyFunction): Target;
  /**
   * Sends a job that is one chunk.
   *
   * @throws {DataCloneError} if the payload cannot cross; `name` begins its path
   */
  send(job: Job<Target>, mode: number, payload: readonly unknown[], name: string): void;
  /**
   * Sends a job that is one chunk or more, of `chunkSize` items each.
   *
   * @throws {DataCloneError} if an item cannot cross; the job has failed then
   */
  sendMany(job: Job<Target>, mode: number, items: readonly unknown[], chunkSize: number): void;
  /** Whether a chunk of the job has begun; known only of a job that is `cancellable`. */
  begun(job: Job<Target>): boolean;
  /**
   * Takes a `cancellable` job back unless a chunk of it has begun, or it has ended: none will begin.
   * The caller ends it then.
   */
  withdraw(job: Job<Target>): boolean;
  /**
   * Blocks the thread until the job has ended.
   *
   * @returns false if `timeoutMs` passed first
   * @throws {DeadlockError} if the thread that blocks would have to run it
   */
  work(job: Job<Target>, options?: WaitOptions): boolean;
  /** Lets the runners end when they have done what was sent. */
  close(): void;
  /** Ends the runners, with this exit code where they have one, and fails all jobs. */
  terminate(exitCode: number): void;
  /** Waits until all chunks have come back. */
  idle(): Promise<void>;
  /** Waits until all runners have ended; to be closed or terminated before. */
  ended(): Promise<void>;
}

/** What breaks an engine whose initializer failed. */
export function initializerError(error: unknown): InitializerError {
  const message = error instanceof Error ? error.message : String(error);
  return new InitializerError(`The initializer of the pool failed: ${message}`, { cause: error });
}

/** What calls fail with that an engine had when it was terminated. */
export function terminatedError(): TerminatedError {
  return new TerminatedError("Cannot get result: the pool was terminated");
}

/** What submitting to a terminated engine throws. */
export function submittedTooLate(): ClosedError {
  return new ClosedError("Cannot submit to pool: it was terminated. Make a new pool");
}
