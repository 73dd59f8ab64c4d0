/**
 * Making calls: in the workers of a pool, or in the caller.
 *
 * @module
 */

import { task } from "../codec/task.ts";
import { TimeoutError } from "../errors.ts";
import { sharedPool } from "../loops/shared_pool.ts";
import type { AsyncResult } from "../pool/async_result.ts";
import { ItemSource } from "../pool/calls/item_source.ts";
import { isPromiseLike, settledWithin } from "../sync/settled.ts";
import { BatchSizer } from "./batch_sizer.ts";
import { type Calls, checkCall, type Delayed } from "./delayed.ts";
import type { ParallelSettings } from "./parallel_options.ts";
import { ProgressPrinter } from "./progress.ts";

/** Makes calls in this isolate, one after the other. */
export async function* callInCaller(
  calls: Calls,
  settings: ParallelSettings,
): AsyncGenerator<unknown, void> {
  const progress = new ProgressPrinter(settings.jobs, settings.verbose);
  let index = 0;
  for await (const call of calls) {
    checkCall(call, index++);
    const { fn, args } = call;
    const result = await fn(...args as never);
    progress.add(1);
    yield result;
  }
  progress.end();
}

/** Calls that one worker makes as one task. */
interface Batch {
  /** Number of calls. */
  calls: number;
  outcome: AsyncResult<BatchOutcome>;
}

interface BatchOutcome {
  results: unknown[];
  ms: number;
}

const runBatch = task(import.meta, async (calls: Delayed<unknown>[]): Promise<BatchOutcome> => {
  const start = performance.now();
  const results = [];
  for (const { fn, args } of calls) {
    const result = fn(...args as never);
    results.push(isPromiseLike(result) ? await result : result);
  }
  return { results, ms: performance.now() - start };
});

/**
 * Makes calls in the workers of a pool.
 *
 * Two loops meet in `#batches`: `#dispatch` takes calls and submits batches while fewer than `window`
 * are unfinished; `#yieldResults` takes finished batches, and resumes `#dispatch` after each.
 */
export class ParallelCalls {
  readonly #calls: ItemSource<Delayed<unknown>>;
  readonly #settings: ParallelSettings;
  readonly #sizer = new BatchSizer();
  readonly #progress: ProgressPrinter;
  /** Batches whose results have not been taken, in the order of the calls. */
  readonly #batches = new Set<Batch>();
  /** Batches that have ended, in that order; used if results are unordered. */
  readonly #ended: Batch[] = [];
  #onEnded: (() => void) | undefined;
  /** Whether the iterable has no more calls. */
  #exhausted = false;
  /** Whether the consumer has left the generator, or it has ended. */
  #closed = false;
  /** Error of the iterable of calls. */
  #failure: { error: unknown } | undefined;
  #dispatching = false;
  #onDispatch: (() => void) | undefined;
  /** Number of calls that were taken. */
  #taken = 0;

  /** Takes nothing from `calls` yet. */
  constructor(calls: Calls, settings: ParallelSettings) {
    this.#calls = new ItemSource(calls, "calls");
    this.#settings = settings;
    this.#progress = new ProgressPrinter(settings.jobs, settings.verbose);
  }

  /** Returns the results. Submits the first batches at once, before a result is asked for. */
  results(): AsyncGenerator<unknown, void> {
    void this.#dispatch();
    return this.#yieldResults();
  }

  async *#yieldResults(): AsyncGenerator<unknown, void> {
    try {
      while (await this.#hasBatch()) {
        const batch = await this.#nextEnded();
        const { results, ms } = await batch.outcome;
        this.#batches.delete(batch);
        this.#sizer.measured(batch.calls, ms);
        this.#progress.add(batch.calls);
        void this.#dispatch(); // not awaited: the iterable may take long to give the next calls
        yield* results;
      }
      this.#progress.end();
    } finally {
      this.#closed = true;
      for (const { outcome } of this.#batches) outcome.cancel();
      await this.#calls.leave();
    }
  }

  /** Returns whether there is a batch whose results have not been taken; waits for calls if need be. */
  async #hasBatch(): Promise<boolean> {
    while (this.#batches.size === 0 && this.#dispatching) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onDispatch = resolve;
      await promise;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#batches.size > 0;
  }

  /** Waits for the next batch to end: the first of all, or the first to end if results are unordered. */
  async #nextEnded(): Promise<Batch> {
    const { timeoutMs } = this.#settings;
    if (this.#isUnordered) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onEnded = resolve;
      if (this.#ended.length > 0 || await settledWithin(promise, { timeoutMs })) {
        return this.#ended.shift()!;
      }
    } else {
      const [first] = this.#batches;
      if (await first.outcome.wait({ timeoutMs })) return first;
    }
    throw new TimeoutError(`Cannot make calls: no result came in ${timeoutMs} ms`);
  }

  /** Submits batches until `window` are unfinished, or there are no more calls. */
  async #dispatch(): Promise<void> {
    if (this.#dispatching) return;
    this.#dispatching = true;
    try {
      while (this.#mayTake && this.#batches.size < this.#settings.window) {
        this.#submit(await this.#takeBatch());
      }
    } catch (error) {
      this.#exhausted = true;
      this.#failure = { error };
    }
    this.#dispatching = false;
    this.#onDispatch?.();
  }

  #submit(calls: Delayed<unknown>[]): void {
    if (this.#closed || calls.length === 0) return;
    const outcome = sharedPool(this.#settings.jobs).applyAsync(runBatch, [calls]);
    const batch = { calls: calls.length, outcome };
    const onEnd = () => {
      if (!this.#isUnordered) return;
      this.#ended.push(batch);
      this.#onEnded?.();
    };
    outcome.then(onEnd, onEnd); // an error is thrown where the outcome is awaited
    this.#batches.add(batch);
    this.#onDispatch?.();
  }

  get #isUnordered(): boolean {
    return this.#settings.returnAs === "generator_unordered";
  }

  get #mayTake(): boolean {
    return !this.#exhausted && !this.#closed;
  }

  /** Takes the calls of one batch. */
  async #takeBatch(): Promise<Delayed<unknown>[]> {
    const { batchSize } = this.#settings;
    const size = batchSize === "auto" ? this.#sizer.size : batchSize;
    const calls: Delayed<unknown>[] = [];
    while (this.#mayTake && calls.length < size) {
      const { done, value } = await this.#calls.next();
      if (done) {
        this.#exhausted = true;
      } else {
        checkCall(value, this.#taken++);
        calls.push(value);
      }
    }
    return calls;
  }
}
