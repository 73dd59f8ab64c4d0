/**
 * What a pool remembers of a call until all its chunks have come back.
 *
 * @module
 */

import type { Decoder } from "../../codec/decoder.ts";
import type { CallMode, Failure } from "../chunks/chunk.ts";
import { type CallSite, explainFailure } from "./call_site.ts";
import type { TaskPolicy } from "./task_policy.ts";

/** What the chunks of a job were made from, so that one of them can be sent again. */
export interface JobSource {
  readonly mode: CallMode;
  /** The arguments, or the items of all chunks. */
  readonly payload: readonly unknown[];
  /** What paths in errors begin with. */
  readonly name: string;
  readonly chunkSize: number;
}

/** What a job has whose chunks may have to be sent again, or have been lost. */
interface Recovery {
  /** What it was made from. */
  source?: JobSource;
  /** How often each chunk has been sent again, by index. */
  retried?: Map<number, number>;
  /** Whether a worker ended while it ran a chunk. */
  lostWorker?: boolean;
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
  /** Time limit and retries of its tasks, if there are any. */
  readonly policy: TaskPolicy | undefined;
  /** What only few jobs have. */
  private recovery: Recovery | undefined = undefined;
  private isSettled = false;
  /** Most jobs have only this handler, the engine's. */
  private firstHandler: (() => void) | undefined = undefined;
  private otherHandlers: (() => void)[] | undefined = undefined;

  constructor(
    target: Target,
    cancellable: boolean,
    site: CallSite | undefined,
    policy: TaskPolicy | undefined,
  ) {
    this.target = target;
    this.cancellable = cancellable;
    this.site = site;
    this.policy = policy;
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

  /**
   * Whether a chunk is to be sent again, which is counted.
   *
   * @param error what it failed with
   * @param isDeath whether its worker died
   */
  takeRetry(chunk: number, error: unknown, isDeath: boolean): boolean {
    const { policy, recovery } = this;
    if (policy === undefined || recovery?.source === undefined || this.isSettled) return false;
    const used = recovery.retried?.get(chunk) ?? 0;
    if (used >= policy.retries || !(isDeath || policy.retryOn?.(error) === true)) return false;
    (recovery.retried ??= new Map()).set(chunk, used + 1);
    return true;
  }

  /** Keeps what its chunks are made from, if they may have to be sent again. */
  keepSource(source: JobSource): void {
    if (this.policy === undefined || this.policy.retries === 0) return;
    (this.recovery ??= {}).source = { ...source, payload: [...source.payload] };
  }

  /** What its chunks were made from, while {@linkcode Job.takeRetry} says that one is to be sent again. */
  get source(): JobSource {
    return this.recovery!.source!;
  }

  /** Takes note that a worker has ended while it ran a chunk. */
  loseWorker(): void {
    (this.recovery ??= {}).lostWorker = true;
  }

  /** Whether a worker has ended while it ran a chunk: it may still write to what the job uses. */
  get hasLostWorker(): boolean {
    return this.recovery?.lostWorker === true;
  }

  /** Returns how often a chunk has been sent again. */
  attemptsBefore(chunk: number): number {
    return this.recovery?.retried?.get(chunk) ?? 0;
  }

  /**
   * Fails the job because a task did not end: its worker died, or its time was up.
   *
   * @param _chunk the chunk of the task
   * @param _item the index of its item in the chunk
   */
  lose(_chunk: number, _item: number, error: unknown): void {
    this.fail(error);
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

  /** Returns the index in the call of an item of a chunk; `undefined` if the call has no items. */
  itemIndex(_chunk: number, _index: number): number | undefined {
    return undefined;
  }

  /** Returns which task of the call an item of a chunk is, as a human-readable suffix. */
  describeItem(chunk: number, index: number): string {
    const item = this.itemIndex(chunk, index);
    return item === undefined ? "" : `, item ${item}`;
  }

  /**
   * Returns the name of the function of an item, if that is not the target.
   *
   * @param _index index of the item in its chunk
   */
  taskName(_index: number): string | undefined {
    return undefined;
  }

  /** Returns the error that the call fails with, for a task that failed. */
  explain(chunk: number, failure: Failure): unknown {
    return explainFailure(failure, this.describeItem(chunk, failure.index), this.site);
  }
}

/** Fails the job with the reason of the signal when that is aborted. Does nothing without a signal. */
export function abortWith(signal: AbortSignal | undefined, job: Job): void {
  if (signal === undefined) return;
  const onAbort = () => job.fail(signal.reason);
  signal.addEventListener("abort", onAbort);
  job.onSettled(() => signal.removeEventListener("abort", onAbort));
}
