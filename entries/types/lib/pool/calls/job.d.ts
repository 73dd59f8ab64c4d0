// The declarations of lib/pool/calls/job.ts

import type { Decoder } from "../../codec/decoder.d.ts";
import type { CallMode, Failure } from "../chunks/chunk.d.ts";
import type { CallSite } from "./call_site.d.ts";
import type { TaskPolicy } from "./task_policy.d.ts";

/** What the chunks of a job were made from, so that one of them can be sent again. */
export interface JobSource {
  readonly mode: CallMode;
  /** The arguments, or the items of all chunks. */
  readonly payload: readonly unknown[];
  /** What paths in errors begin with. */
  readonly name: string;
  readonly chunkSize: number;
}

/**
 * A call whose chunks are with an engine.
 *
 * A job settles once, with its results or with an error. Chunks that are still out then come back
 * later, and their results are ignored.
 *
 * There is one for each call, so it is kept small: fields of TypeScript's `private`, which cost
 * nothing to make, and no array for a single handler.
 *
 * @typeParam Target how the engine names a function
 */
export declare abstract class Job<Target = unknown> {
  /** Number of chunks that were sent and have not come back. Written by the engine. */
  chunksOut: number;
  /** Address of a word that workers check before each item; 0 for none. Written by the engine. */
  flag: number;
  /** Function that is called. */
  readonly target: Target;
  /** Whether it may settle before all its chunks have come back. */
  readonly cancellable: boolean;
  /** Where the call was made, if that is known. */
  readonly site: CallSite | undefined;
  /** Time limit and retries of its tasks, if there are any. */
  readonly policy: TaskPolicy | undefined;
  /** What only few jobs have. */
  private recovery;
  private isSettled;
  /** Most jobs have only this handler, the engine's. */
  private firstHandler;
  private otherHandlers;
  constructor(
    target: Target,
    cancellable: boolean,
    site: CallSite | undefined,
    policy: TaskPolicy | undefined,
  );
  /** Whether the outcome is known. */
  get settled(): boolean;
  /**
   * Adds a handler, which runs once, when the job settles, after those that were added before. It runs
   * at once if the job has settled.
   */
  onSettled(handler: () => void): void;
  /** Marks the job as settled and runs the handlers. Returns whether it had not settled before. */
  settle(): boolean;
  /**
   * Whether a chunk is to be sent again, which is counted.
   *
   * @param error what it failed with
   * @param isDeath whether its worker died
   */
  takeRetry(chunk: number, error: unknown, isDeath: boolean): boolean;
  /** Keeps what its chunks are made from, if they may have to be sent again. */
  keepSource(source: JobSource): void;
  /** What its chunks were made from, while {@linkcode Job.takeRetry} says that one is to be sent again. */
  get source(): JobSource;
  /** Takes note that a worker has ended while it ran a chunk. */
  loseWorker(): void;
  /** Whether a worker has ended while it ran a chunk: it may still write to what the job uses. */
  get hasLostWorker(): boolean;
  /** Returns how often a chunk has been sent again. */
  attemptsBefore(chunk: number): number;
  /**
   * Fails the job because a task did not end: its worker died, or its time was up.
   *
   * @param _chunk the chunk of the task
   * @param _item the index of its item in the chunk
   */
  lose(_chunk: number, _item: number, error: unknown): void;
  /** Called by the engine when all chunks have come back, unless the engine was terminated before. */
  onReturned?(): void;
  /** Reads the result of a chunk from the decoder. */
  abstract readResult(chunk: number, decoder: Decoder): unknown;
  /** Accepts the result of a chunk that ran in this isolate. */
  abstract storeResult(chunk: number, result: unknown): unknown;
  /** Accounts for a chunk, given what `readResult` or `storeResult` returned. */
  abstract onChunkDone(chunk: number, result: unknown): void;
  /** Settles the job with an error. Does nothing if it has settled. */
  abstract fail(error: unknown): void;
  /** Returns the index in the call of an item of a chunk; `undefined` if the call has no items. */
  itemIndex(_chunk: number, _index: number): number | undefined;
  /** Returns which task of the call an item of a chunk is, as a human-readable suffix. */
  describeItem(chunk: number, index: number): string;
  /**
   * Returns the name of the function of an item, if that is not the target.
   *
   * @param _index index of the item in its chunk
   */
  taskName(_index: number): string | undefined;
  /** Returns the error that the call fails with, for a task that failed. */
  explain(chunk: number, failure: Failure): unknown;
}

export {};
