/**
 * What a pool remembers of a call until all its chunks have come back.
 *
 * @module
 */

import type { Decoder } from "../../codec/decoder.ts";
import type { Failure } from "../chunks/chunk.ts";
import type { CallSite } from "./call_site.ts";

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
export abstract class Job<Target = unknown> {
  /** Number of chunks that were sent and have not come back. Written by the engine. */
  chunksOut = 0;
  /** Address of a word that workers check before each item; 0 for none. Written by the engine. */
  flag = 0;
  /** Function that is called. */
  readonly target: Target;
  /** Whether it may settle before all its chunks have come back. */
  readonly cancellable: boolean;
  /** Where the call was made, if that is known. */
  readonly site: CallSite | undefined;
  private isSettled = false;
  /** Most jobs have only this handler, the engine's. */
  private firstHandler: (() => void) | undefined = undefined;
  private otherHandlers: (() => void)[] | undefined = undefined;

  constructor(target: Target, cancellable: boolean, site: CallSite | undefined) {
    this.target = target;
    this.cancellable = cancellable;
    this.site = site;
  }

  /** Whether the outcome is known. */
  get settled(): boolean {
    return this.isSettled;
  }

  /**
   * Adds a handler, which runs once, when the job settles, after those that were added before. It runs
   * at once if the job has settled.
   */
  onSettled(handler: () => void): void {
    if (this.isSettled) handler();
    else if (this.firstHandler === undefined) this.firstHandler = handler;
    else (this.otherHandlers ??= []).push(handler);
  }

  /** Marks the job as settled and runs the handlers. Returns whether it had not settled before. */
  settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    const { firstHandler, otherHandlers } = this;
    this.firstHandler = this.otherHandlers = undefined;
    firstHandler?.();
    if (otherHandlers !== undefined) { for (const handler of otherHandlers) handler(); }
    return true;
  }

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

/** Fails the job with the reason of the signal when that is aborted. Does nothing without a signal. */
export function abortWith(signal: AbortSignal | undefined, job: Job): void {
  if (signal === undefined) return;
  const onAbort = () => job.fail(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  job.onSettled(() => signal.removeEventListener("abort", onAbort));
}
