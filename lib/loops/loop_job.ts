/**
 * A loop as the engine of the team sees it: a job with one chunk for each worker, which may end before
 * all of these have come back.
 *
 * @module
 */

import type { Decoder } from "../codec/decoder.ts";
import { functionAddress, functionNameAt } from "../codec/functions.ts";
import { callSite, explainFailure } from "../pool/calls/call_site.ts";
import { Job } from "../pool/calls/job.ts";
import type { JobWords } from "../pool/engines/isolates/job_words.ts";
import type { Failure } from "../pool/chunks/chunk.ts";
import { closeLoop, stopLoop } from "./loop_control.ts";
import type { LoopOutcome, StartedLoop } from "./loop_plan.ts";
import { runChunksInWorker } from "./run_chunks.ts";

/** A loop that is running. */
export class LoopJob extends Job<number> {
  /** The loop. */
  readonly loop: StartedLoop;
  /** Resolves with what the participants that had started return. */
  readonly promise: Promise<LoopOutcome[]>;
  /** The words of the jobs of its engine: the control words are among them. */
  readonly #words: JobWords;
  readonly #outcomes: LoopOutcome[] = [];
  readonly #resolve: (outcomes: LoopOutcome[]) => void;
  readonly #reject: (error: unknown) => void;
  /** Participants that had started when the loop was closed; 0: it is open. */
  #started = 0;
  #failure: { error: unknown } | undefined;

  /** A job for a loop whose control words have been allocated. */
  constructor(loop: StartedLoop, words: JobWords) {
    super(functionAddress(runChunksInWorker), true, callSite(), undefined);
    this.loop = loop;
    this.#words = words;
    const { promise, resolve, reject } = Promise.withResolvers<LoopOutcome[]>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  readResult(chunk: number, decoder: Decoder): unknown {
    return this.storeResult(chunk, decoder.value());
  }

  storeResult(_chunk: number, result: unknown): unknown {
    return (result as [LoopOutcome])[0];
  }

  onChunkDone(_chunk: number, result: unknown): void {
    if (this.settled) return;
    const outcome = result as LoopOutcome;
    if (outcome.late) return; // it was not counted among those that had started
    if (outcome.failure !== undefined) {
      const { error, index, worker } = outcome.failure;
      return this.fail(this.#explained(error, `, index ${index}`, worker));
    }
    this.#outcomes.push(outcome);
    // This participant found no unit left, so others need not start any more.
    if (this.#started === 0) this.#started = closeLoop(this.loop.control);
    if (this.#outcomes.length < this.#started) return;
    if (this.settle()) this.#resolve(this.#outcomes);
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.#failure = { error };
    stopLoop(this.loop.control);
    this.settle();
    this.#reject(error);
  }

  override onReturned(): void {
    // A worker that was declared ended may still write to the control words: then the engine frees them.
    if (!this.hasLostWorker) this.#words.remove(this.loop.control);
  }

  override describeItem(): string {
    return `, a part of loop ${this.#name}`;
  }

  override explain(_chunk: number, { error, by }: Failure): unknown {
    return this.#explained(error, "", by?.worker ?? "this isolate");
  }

  /** Returns what the participants returned, once the loop is settled; throws if it failed. */
  outcomes(): LoopOutcome[] {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#outcomes;
  }

  get #name(): string {
    return functionNameAt(functionAddress(this.loop.callee ?? this.loop.body));
  }

  #explained(error: unknown, where: string, worker: string): unknown {
    const by = { task: this.#name, worker };
    return explainFailure({ error, index: 0, by }, where, this.site);
  }
}
