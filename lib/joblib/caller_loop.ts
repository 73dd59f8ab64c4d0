/**
 * Making calls in this isolate: a plain loop.
 *
 * @module
 */

import { functionName } from "../codec/functions.ts";
import { type CallSite, explainFailure } from "../pool/calls/call_site.ts";
import { ItemSource, knownLength, reportReturnError } from "../pool/calls/item_source.ts";
import type { ProgressReport } from "../pool/calls/progress.ts";
import { currentIdentity } from "../runtime/start_request.ts";
import { isPromiseLike, orAborted } from "../sync/settled.ts";
import { Level, levelForCall } from "../threading/nesting.ts";
import { type Calls, checkCall, type Delayed } from "./delayed.ts";
import type { ProgressPrinter } from "./progress.ts";

/** Makes calls in this isolate, one after the other, each when its result is asked for. */
export class CallerLoop {
  readonly #source: ItemSource<Delayed<unknown>>;
  readonly #signal: AbortSignal | undefined;
  readonly #progress: ProgressPrinter;
  readonly #report: ProgressReport | undefined;
  readonly #site: CallSite;
  readonly #length: number;
  readonly #results: AsyncGenerator<unknown, void>;
  /** The level of the code that called `Parallel`. */
  readonly #caller: Level | undefined;

  /**
   * Takes no call before its result is asked for.
   *
   * @param site where `Parallel` was called
   * @throws {RangeError} if the calls would be nested too deep
   */
  constructor(
    calls: Calls,
    signal: AbortSignal | undefined,
    progress: ProgressPrinter,
    report: ProgressReport | undefined,
    site: CallSite,
  ) {
    this.#length = knownLength(calls);
    this.#caller = levelForCall("make calls");
    this.#source = new ItemSource(calls, "calls");
    this.#signal = signal;
    this.#progress = progress;
    this.#report = report;
    this.#site = site;
    this.#results = this.#loop();
  }

  /** Number of results; undefined if it is not known. */
  get length(): number | undefined {
    return this.#length === Infinity ? undefined : this.#length;
  }

  /** Makes the next call and returns its result. */
  next(): Promise<IteratorResult<unknown>> {
    return this.#results.next();
  }

  /** Makes no more calls, and leaves the input. */
  async return(): Promise<void> {
    await this.#results.return();
    this.#report?.end();
    await this.#source.leave(); // a generator that was not begun does not do that
  }

  async *#loop(): AsyncGenerator<unknown, void> {
    const level = new Level(this.#caller);
    let hasFailed = true; // unless it is left by return(), or ends, which leaves nothing to wait for
    try {
      for (let index = 0;; index++) {
        const source = this.#source;
        const next = source.isAsync
          ? await orAborted(source.next(), this.#signal)
          : source.nextNow();
        this.#signal?.throwIfAborted();
        if (next.done) break;
        checkCall(next.value, index);
        const result = await this.#call(next.value, index, level);
        this.#progress.add(1);
        this.#report?.add(1, false);
        hasFailed = false;
        yield result;
        hasFailed = true;
      }
    } finally {
      level.end();
      this.#report?.end();
      const left = this.#source.leave();
      if (hasFailed) left.catch(reportReturnError);
      else await left;
    }
  }

  async #call({ fn, args }: Delayed<unknown>, index: number, level: Level): Promise<unknown> {
    const signal = this.#signal;
    try {
      const result = level.run(() => fn(...args as never));
      return isPromiseLike(result) ? await orAborted(result, signal) : result;
    } catch (error) {
      if (signal?.aborted && error === signal.reason) throw error;
      const by = { task: functionName(fn), worker: currentIdentity().name };
      throw explainFailure({ error, index, by }, `, call ${index}`, this.#site);
    }
  }
}
