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
 * @typeParam Target how the engine names a function
 */
export interface Job<Target = unknown> {
  /** Function that is called. */
  readonly target: Target;
  /** Whether it may settle before all its chunks have come back. */
  readonly cancellable: boolean;
  /** Where the call was made, if that is known. */
  readonly site?: CallSite | undefined;
  /** Whether the outcome is known. */
  readonly settled: boolean;
  /** Handlers that run when it settles. */
  readonly onSettled: SettleHandlers;
  /** Number of chunks that were sent and have not come back. Written by the engine. */
  chunksOut: number;
  /** Address of a word that workers check before each item; 0 for none. Written by the engine. */
  flag: number;
  /** Called by the engine when all chunks have come back, unless the engine was terminated before. */
  onReturned?(): void;
  /** Reads the result of a chunk from the decoder. */
  readResult(chunk: number, decoder: Decoder): unknown;
  /** Accepts the result of a chunk that ran in this isolate. */
  storeResult(chunk: number, result: unknown): unknown;
  /** Accounts for a chunk, given what `readResult` or `storeResult` returned. */
  onChunkDone(chunk: number, result: unknown): void;
  /** Settles the job with an error. Does nothing if it has settled. */
  fail(error: unknown): void;
  /** Returns which items of the call a chunk has, as a human-readable suffix. */
  itemRange(chunk: number): string;
  /** Returns the error that the call fails with, for a task that failed. */
  explain(chunk: number, failure: Failure): unknown;
}

/**
 * Handlers that run once, when a job settles, in the order in which they were added.
 *
 * Each call has one, so it is kept small: a single handler needs no array.
 */
export declare class SettleHandlers {
  /** Most jobs have only this handler, the engine's. */
  private first;
  private others;
  private hasRun;
  /** Adds a handler. It runs at once if the job has settled. */
  add(handler: () => void): void;
  /** Runs the handlers. Does nothing when called again. */
  run(): void;
}

export {};
