/**
 * What `Parallel` returns: the results of its calls in a list, or one by one.
 *
 * @module
 */

import { reportReturnError } from "../pool/calls/item_source.ts";
import type { ProgressPrinter } from "./progress.ts";

/** The calls of a `Parallel`, in workers or in the caller. */
export interface CallResults {
  /** Returns the next result. */
  next(): Promise<IteratorResult<unknown>>;
  /** Ends the calls. */
  return(): Promise<unknown>;
  /** Moves results that are there to the end of `all`. */
  takeReady?(all: unknown[]): void;
  /** Number of results; undefined if it is not known. */
  readonly length: number | undefined;
}

/** Ends calls whose generator was garbage collected: nobody can take their results any more. */
const collected = new FinalizationRegistry<CallResults>((results) => {
  results.return().catch(reportReturnError);
});

/** Results one by one. */
export class ParallelResults implements AsyncGenerator<unknown, void> {
  readonly #results: CallResults;
  readonly #progress: ProgressPrinter;

  /** Makes the generator; the calls may have begun. */
  constructor(results: CallResults, progress: ProgressPrinter) {
    this.#results = results;
    this.#progress = progress;
    collected.register(this, results, this);
  }

  /** Number of results; undefined if it is not known. */
  get length(): number | undefined {
    return this.#results.length;
  }

  /** Returns the next result. The first error ends the calls. */
  async next(): Promise<IteratorResult<unknown, void>> {
    let hasEnded = true;
    try {
      const next = await this.#results.next();
      hasEnded = next.done === true;
      if (hasEnded) this.#progress.end();
      return next;
    } finally {
      if (hasEnded) this.#forget();
    }
  }

  /** Ends the calls: none begins any more. */
  async return(): Promise<IteratorResult<unknown, void>> {
    await this.#leave();
    return { done: true, value: undefined };
  }

  /** Ends the calls, then throws the error. */
  async throw(error: unknown): Promise<IteratorResult<unknown, void>> {
    await this.#leave();
    throw error;
  }

  /** Returns all results. */
  async toArray(): Promise<unknown[]> {
    const all: unknown[] = [];
    for (;;) {
      this.#results.takeReady?.(all);
      const next = await this.next();
      if (next.done) return all;
      all.push(next.value);
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave();
  }

  async #leave(): Promise<void> {
    this.#forget();
    await this.#results.return();
  }

  /**
   * The calls have ended. The registry holds their input, which may be a generator of a scope that holds
   * this object: neither would ever be collected.
   */
  #forget(): void {
    collected.unregister(this);
  }
}
