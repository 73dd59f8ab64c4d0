/**
 * A chunk of an iteration: a job that goes on after the error of an item, and loses no other item if its
 * worker dies or the time of a task is up.
 *
 * @module
 */

import type { Decoder } from "../../codec/decoder.ts";
import { DataCloneError } from "../../errors.ts";
import { functionAddress, functionName } from "../../codec/functions.ts";
import { explainScope } from "../../codec/scope_hint.ts";
import type { AnyFunction } from "../../codec/task.ts";
import type { Engine } from "../engines/engine.ts";
import {
  type CallMode,
  checkOutcomes,
  continuesAfterError,
  type Failure,
  type PartialResults,
} from "../chunks/chunk.ts";
import { ApplyJob } from "./apply_job.ts";
import { type CallSite, explainFailure } from "./call_site.ts";
import type { SentChunk } from "./imap.ts";
import type { TaskPolicy } from "./task_policy.ts";

/** A chunk of an iteration, to be sent. */
export interface ChunkCall {
  readonly target: unknown;
  readonly mode: CallMode;
  readonly items: readonly unknown[];
  /** Index in the call of the first item. */
  readonly first: number;
  /** What errors call an item. */
  readonly noun: "item" | "call";
  /** The function of each item, if the target is one of the package that calls them. */
  readonly functions?: readonly AnyFunction[] | undefined;
  /** Where the call was made. */
  readonly site: CallSite;
  readonly policy?: TaskPolicy | undefined;
}

/** A task that did not end. */
interface LostItem {
  readonly index: number;
  readonly error: unknown;
}

/** Some items of a chunk, as the engine sees them. */
class ItemsJob extends ApplyJob<unknown> {
  readonly #call: ChunkCall;
  /** Index in the chunk of the first item. */
  readonly #from: number;
  readonly #count: number;
  /** How often the items were run before. */
  readonly #attempt: number;
  /** The task that did not end, if that is why the job failed. */
  lost: LostItem | undefined;

  constructor(
    call: ChunkCall,
    from: number,
    count: number,
    attempt: number,
    resolve: (outcome: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    super(call.target, resolve, reject, true, call.site, call.policy);
    this.#call = call;
    this.#from = from;
    this.#count = count;
    this.#attempt = attempt;
  }

  override readResult(_chunk: number, decoder: Decoder): unknown {
    return checkOutcomes(decoder.value(), this.#count);
  }

  override attemptsBefore(chunk: number): number {
    return this.#attempt + super.attemptsBefore(chunk);
  }

  override itemIndex(_chunk: number, index: number): number {
    return this.#call.first + this.#from + index;
  }

  override describeItem(chunk: number, index: number): string {
    return `, ${this.#call.noun} ${this.itemIndex(chunk, index)}`;
  }

  override taskName(index: number): string | undefined {
    const fn = this.#call.functions?.[this.#from + index];
    return fn && functionName(fn);
  }

  override explain(chunk: number, failure: Failure): unknown {
    const fn = this.#call.functions?.[this.#from + failure.index];
    if (fn !== undefined && failure.by !== undefined) {
      explainScope(failure.error, functionAddress(fn));
      failure.by.task = functionName(fn);
    }
    return explainFailure(failure, this.describeItem(chunk, failure.index), this.site);
  }

  override lose(_chunk: number, index: number, error: unknown): void {
    this.lost = { index: Math.min(index, this.#count - 1), error };
    this.fail(error);
  }
}

/** A chunk of an iteration that was sent. */
export class ImapChunk implements SentChunk {
  readonly #engine: Engine;
  readonly #call: ChunkCall;
  readonly #cancelled: () => Error;
  /** Results and errors by item. Rejects if it was withdrawn, or the engine can do no more. */
  readonly outcomes: Promise<PartialResults>;
  /** The job that is out. */
  #job!: ItemsJob;

  /**
   * Sends a chunk.
   *
   * @param cancelled makes the error of a chunk that was withdrawn
   * @throws {DataCloneError} if an item cannot cross
   * @throws the error of an engine that cannot be used
   */
  constructor(engine: Engine, call: ChunkCall, cancelled: () => Error) {
    this.#engine = engine;
    this.#call = call;
    this.#cancelled = cancelled;
    engine.checkUsable();
    this.outcomes = this.#finish(this.#send(0, call.items.length));
  }

  /** Withdraws it unless it has begun; `outcomes` rejects then. */
  withdraw(): void {
    if (this.#engine.withdraw(this.#job)) this.cancel();
  }

  /** Cancels it, even if it has begun; `outcomes` rejects then. */
  cancel(): void {
    this.#job.fail(this.#cancelled());
  }

  /** Sends the items from `from` up to `to`, which were run `attempt` times before. */
  #send(from: number, to: number, attempt = 0): Promise<PartialResults> {
    const { promise, resolve, reject } = Promise.withResolvers<PartialResults>();
    const { items, mode, first } = this.#call;
    this.#job = new ItemsJob(this.#call, from, to - from, attempt, resolve as () => void, reject);
    try {
      this.#engine.send(this.#job, mode, items.slice(from, to), "items");
    } catch (error) {
      if (error instanceof DataCloneError) { // the path has the index in the chunk
        error.message = error.message
          .replace(/\bitems\[(\d+)\]/, (_, at) => `items[${first + from + Number(at)}]`);
      }
      throw error;
    }
    return promise;
  }

  /** Collects the outcomes, sending again what was lost or is to be tried again. */
  async #finish(pending: Promise<PartialResults>): Promise<PartialResults> {
    const { items, mode } = this.#call;
    const all: PartialResults = { results: new Array(items.length), failures: [] };
    for (let from = 0;;) {
      let outcome: PartialResults;
      try {
        outcome = await pending;
      } catch (error) {
        const { lost } = this.#job;
        if (lost === undefined || !continuesAfterError(mode)) throw error;
        // The results of the items before it were lost with the worker; those behind it had not begun.
        for (let at = 0; at <= lost.index; at++) {
          all.failures.push({ error: lost.error, index: from + at });
        }
        from += lost.index + 1;
        if (from === items.length) return all;
        pending = this.#send(from, items.length);
        continue;
      }
      if (from === 0 && outcome.failures.length === 0) return outcome;
      outcome.results.forEach((result, at) => all.results[from + at] = result);
      for (const failure of outcome.failures) {
        const retried = await this.#retry({ ...failure, index: from + failure.index });
        if ("result" in retried) all.results[retried.index] = retried.result;
        else all.failures.push(retried);
      }
      return all;
    }
  }

  /** Runs an item again, as often as the policy says, until it has a result. */
  async #retry(failure: Failure): Promise<Failure | { index: number; result: unknown }> {
    const { index } = failure;
    const { retries = 0, retryOn } = this.#call.policy ?? {};
    for (let tried = 1; tried <= retries && retryOn?.(failure.error) === true; tried++) {
      try {
        const { results, failures } = await this.#send(index, index + 1, tried);
        if (failures.length === 0) return { index, result: results[0] };
        failure = { ...failures[0], index };
      } catch (error) {
        if (this.#job.lost === undefined) throw error;
        failure = { error, index };
      }
    }
    return failure;
  }
}
