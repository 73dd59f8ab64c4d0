// The declarations of lib/pool/calls/job.ts

import type { Decoder } from "../../codec/decoder.d.ts";
import type { Failure } from "../chunks/chunk.d.ts";
import type { CallSite } from "./call_site.d.ts";

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
  private isSettled;
  /** Most jobs have only this handler, the engine's. */
  private firstHandler;
  private otherHandlers;
  constructor(target: Target, cancellable: boolean, site: CallSite | undefined);
  /** Whether the outcome is known. */
  get settled(): boolean;
  /**
   * Adds a handler, which runs once, when the job settles, after those that were added before. It runs
   * at once if the job has settled.
   */
  onSettled(handler: () => void): void;
  /** Marks the job as settled and runs the handlers. Returns whether it had not settled before. */
  settle(): boolean;
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
  /** Returns which items of the call a chunk has, as a human-readable suffix. */
  abstract itemRange(chunk: number): string;
  /** Returns the error that the call fails with, for a task that failed. */
  abstract explain(chunk: number, failure: Failure): unknown;
}

export {};
