/**
 * What every engine has: its state, the count of its chunks, and how a chunk that came back reaches its
 * job.
 *
 * @module
 */

import { messageOf } from "../../arguments/describe.ts";
import { ClosedError, InitializerError, TerminatedError } from "../../errors.ts";
import type { Job } from "../calls/job.ts";
import { ChunkStatus, type Failure } from "../chunks/chunk.ts";

/** The part that engines share. */
export abstract class BaseEngine {
  /** Number of chunks that were sent and have not come back. */
  chunksOut = 0;
  /** Error that keeps the engine from working; all its jobs have failed with it. */
  broken: Error | undefined;
  protected closed = false;
  protected terminated = false;
  /** Resolve when something has changed that `join` or `drain` may wait for. */
  private changeWaiters: (() => void)[] = [];

  /** As `Engine.checkUsable`. */
  checkUsable(): void {
    if (this.broken !== undefined) throw this.broken;
    if (this.terminated) {
      throw new ClosedError("Cannot submit to pool: it was terminated. Make a new pool");
    }
  }

  /** As `Engine.checkJoin`. */
  checkJoin(): void {}

  /** Lets those look again who wait for a change. */
  protected notifyChange(): void {
    for (const resolve of this.changeWaiters.splice(0)) resolve();
  }

  /** Waits for the next change. */
  protected change(): Promise<void> {
    return new Promise((resolve) => this.changeWaiters.push(resolve));
  }

  /** Counts a chunk that was sent. */
  protected countSent(job: Job): void {
    job.chunksOut++;
    this.chunksOut++;
  }

  /** Counts a chunk that came back. */
  protected countReturned(job: Job): void {
    job.chunksOut--;
    this.chunksOut--;
  }
}

/**
 * Passes the end of a chunk to its job.
 *
 * @param payload what goes with the status; for `DONE`, what the job read or stored
 */
export function settleChunk<Target>(
  job: Job<Target>,
  chunk: number,
  status: ChunkStatus,
  payload: unknown,
): void {
  if (status === ChunkStatus.DONE) job.onChunkDone(chunk, payload);
  else if (status === ChunkStatus.FAILED) job.fail(job.explain(chunk, payload as Failure));
}

/** Makes the error that breaks an engine whose initializer failed. */
export function initializerError(error: unknown): InitializerError {
  const message = `The initializer of the pool failed: ${messageOf(error)}`;
  return new InitializerError(message, { cause: error });
}

/** Makes the error that the jobs of a terminated engine fail with. */
export function terminatedError(): TerminatedError {
  return new TerminatedError("Cannot get result: the pool was terminated");
}
