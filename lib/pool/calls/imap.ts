/**
 * Results one by one, while items are taken from the input as fast as results are taken.
 *
 *     input --fill--> chunk --submit--> engine --arrive--> arrived --deliver--> next()
 *
 * `fill` takes items while the window has room. `arrive` puts the results of a chunk at their place in
 * the order of delivery, and `deliver` hands them over. An iteration is two small machines.
 *
 * | input | meaning | goes to |
 * |---|---|---|
 * | `open` | items are taken | `ended`: the input ends or fails; `left`: `close()`, `return()`, `fail()`, `stop()` |
 * | `ended` | all its items have been sent | |
 * | `left` | its `return()` was called; items that still come are dropped | |
 *
 * | output | meaning | goes to |
 * |---|---|---|
 * | `open` | `next()` waits for a result or gets one | `atError`, `over` |
 * | `atError` | an error was handed over, and `next()` has not been called since: a `for await` loop has ended there | `open`: `next()`; `over` |
 * | `over` | `next()` gets the final error, if there is one, then the end | |
 *
 * The output is over by `return()`, by `fail()` (a signal, `terminate()`, or an error of an iteration that
 * ends with the first), or when the input is not open, no chunk is out, and the last result was handed
 * over. The final error is that of the input, or that of a pool that was closed too early: it follows
 * all results; the error of `fail()` takes the place of those that were not handed over.
 *
 * @module
 */

import { Fifo } from "../../parking/fifo.ts";
import type { PartialResults } from "../chunks/chunk.ts";
import type { ImapSetup, SentChunk } from "./imap_setup.ts";
import { type Input, ItemSource, reportReturnError } from "./item_source.ts";

export type { ImapSetup, SentChunk };

/**
 * How long items of an input that is not async are taken before the event loop gets a turn, if the window
 * does not end that, in milliseconds.
 */
const SLICE_MS = 20;

/** Results of a chunk. */
interface ArrivedChunk {
  readonly results: readonly unknown[];
  /** The errors in place of results, by index. */
  readonly errors: ReadonlyMap<number, unknown> | undefined;
  /** Index of the result to be handed over next. */
  at: number;
}

/** The iterator behind `imap` and `imapUnordered`. */
export class ImapIterator<T, R> implements AsyncIterableIterator<R> {
  readonly #setup: ImapSetup<T>;
  readonly #source: ItemSource<T>;
  #input: "open" | "ended" | "left" = "open";
  #output: "open" | "atError" | "over" = "open";
  /** Whether `fill` is running. It is not entered twice: the input, or what encodes an item, may call back. */
  #filling = false;
  /** The turn of the event loop in which `#fillSync` goes on. */
  #nextSlice: ReturnType<typeof setTimeout> | undefined;
  #windowCounts: "untaken" | "out";
  /** Items of the chunk that is sent next. */
  #chunk: T[] = [];
  /** Number of items at which it is sent. */
  #chunkSize = 0;
  #chunksMade = 0;
  #itemsSent = 0;
  /** Chunks that have not come back, by number. */
  readonly #sent = new Map<number, SentChunk>();
  /** Chunks that have come back, by their place in the order of delivery. */
  readonly #arrived = new Map<number, ArrivedChunk>();
  #arrivals = 0;
  /** Place of the chunk whose results are handed over next. */
  #nextPlace = 0;
  /** Calls of `next()` without a result. */
  readonly #waiters = new Fifo<PromiseWithResolvers<IteratorResult<R>>>();
  #finalError: { error: unknown } | undefined;
  /** Resolves when the input is not open any more. */
  readonly #inputDone = Promise.withResolvers<void>();
  readonly #onAbort = () => this.fail(this.#setup.signal!.reason);

  /**
   * Makes an iterator that takes no items before `begin`.
   *
   * @throws {TypeError} if the items are not iterable
   */
  constructor(items: Input<T>, setup: ImapSetup<T>) {
    this.#setup = setup;
    this.#windowCounts = setup.windowCounts ?? "untaken";
    this.#source = new ItemSource(items);
    setup.signal?.addEventListener("abort", this.#onAbort);
  }

  // For the pool

  /** Begins to take items. */
  begin(): void {
    this.#fill();
  }

  /** Whether no more items will be sent. */
  get inputDone(): boolean {
    return this.#input !== "open";
  }

  /** The pool was closed: leaves the input unless it is to be taken to its end. */
  close(): void {
    if (this.inputDone || this.#setup.drainsInput) return;
    this.#finalError = { error: this.#setup.closedError() };
    this.#leave().catch(reportReturnError);
  }

  /**
   * The pool is joined: takes the input to its end, as fast as chunks come back, whether or not results
   * are taken. An iteration that a `for await` loop left by an error ends here instead. If the input was
   * left, waits for its end.
   */
  async finish(): Promise<void> {
    await null; // the input may be the caller, and a generator cannot yield to itself
    if (this.#output === "atError") await this.return();
    this.#windowCounts = "out";
    this.#fill();
    await this.#inputDone.promise;
    if (this.#input === "left") await this.#source.leave();
  }

  /** Ends the iteration with an error: for all calls of `next()` that wait, or else for the next one. */
  fail(error: unknown): void {
    if (this.#output === "over") return;
    this.#finalError = this.#waiters.length === 0 ? { error } : undefined;
    for (let waiter; (waiter = this.#waiters.shift()) !== undefined;) waiter.reject(error);
    this.#end();
    this.#cancelAll();
    this.#leave().catch(reportReturnError);
  }

  /**
   * Leaves the input and withdraws chunks that have not begun: an error takes the place of their
   * results. Chunks that have begun still give theirs.
   */
  async stop(): Promise<void> {
    this.#setup.onEnd();
    for (const chunk of this.#sent.values()) chunk.withdraw();
    await this.#leave();
  }

  // For the consumer

  /** Number of results; undefined if it is not known. */
  get length(): number | undefined {
    const { total = Infinity } = this.#setup;
    return total === Infinity ? undefined : total;
  }

  /** Returns the next result. Rejects with the error that takes the place of a result. */
  next(): Promise<IteratorResult<R>> {
    const waiter = Promise.withResolvers<IteratorResult<R>>();
    this.#waiters.push(waiter);
    if (this.#output === "atError") this.#output = "open";
    this.#deliver();
    return waiter.promise;
  }

  /**
   * Moves results that could be handed over now to the end of `all`, up to the first error: faster than
   * `next()` for each.
   */
  takeReady(all: R[]): void {
    for (let chunk; (chunk = this.#arrived.get(this.#nextPlace)) && chunk.errors === undefined;) {
      while (chunk.at < chunk.results.length) all.push(chunk.results[chunk.at++] as R);
      this.#chunkTaken();
    }
  }

  /** Ends the iteration, leaves the input, and cancels the calls that are out. */
  async return(): Promise<IteratorResult<R>> {
    this.#finalError = undefined;
    this.#end();
    this.#deliver();
    this.#cancelAll();
    await this.#leave();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  // Input

  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    if (this.#source.isAsync) void this.#fillAsync();
    else this.#fillSync();
  }

  #fillSync(): void {
    const end = this.#setup.window === Infinity ? performance.now() + SLICE_MS : Infinity;
    while (this.#mayTake()) {
      if (end < Infinity && performance.now() > end) { // an error, or the signal, may end the iteration meanwhile
        this.#nextSlice = setTimeout(() => this.#fillSync(), 0);
        return;
      }
      try {
        this.#accept(this.#source.nextNow());
      } catch (error) {
        this.#failInput(error);
      }
    }
    this.#filling = false;
    this.#deliver();
  }

  async #fillAsync(): Promise<void> {
    while (this.#mayTake()) {
      try {
        this.#accept(await this.#source.next());
      } catch (error) {
        this.#failInput(error);
      }
      this.#sendEarly();
    }
    this.#filling = false;
    this.#deliver();
  }

  #mayTake(): boolean {
    const inWindow = this.#sent.size + (this.#windowCounts === "out" ? 0 : this.#arrived.size);
    return this.#input === "open" && inWindow < this.#setup.window;
  }

  #accept({ done, value }: IteratorResult<T>): void {
    if (this.#input !== "open") return; // it was left while the item was taken
    if (done) return this.#endInput();
    const chunk = this.#chunk;
    this.#setup.check?.(value, this.#itemsSent + chunk.length);
    if (chunk.length === 0) this.#chunkSize = this.#setup.chunkSize();
    chunk.push(value);
    if (chunk.length >= this.#chunkSize) this.#send();
  }

  /** The input has failed, or an item is not what it must be. */
  #failInput(error: unknown): void {
    if (this.#input !== "open") return;
    this.#finalError = { error };
    this.#source.leave().catch(reportReturnError);
    this.#endInput();
  }

  #endInput(): void {
    this.#send();
    if (this.#input !== "open") return; // an error of that chunk has ended the iteration
    this.#input = "ended";
    this.#inputDone.resolve();
    if (this.#sent.size === 0) this.#setup.progress?.end();
  }

  async #leave(): Promise<void> {
    if (this.#input === "open") {
      this.#input = "left";
      clearTimeout(this.#nextSlice);
      this.#chunk = [];
      this.#inputDone.resolve();
      this.#deliver();
    }
    if (this.#input === "left") await this.#source.leave();
  }

  // Chunks

  #sendEarly(): void {
    if (this.#source.isAsync && this.#sent.size < (this.#setup.minOut ?? 0)) this.#send();
  }

  #send(): void {
    const chunk = this.#chunk;
    if (chunk.length === 0) return;
    this.#chunk = [];
    const number = this.#chunksMade++;
    const first = this.#itemsSent;
    this.#itemsSent += chunk.length;
    let sent: SentChunk;
    try {
      sent = this.#setup.submit(chunk);
    } catch (error) {
      return this.#arriveFailed(number, chunk.length, error);
    }
    this.#sent.set(number, sent);
    sent.outcomes.then(
      (outcomes) => this.#arrive(number, first, outcomes),
      (error) => this.#arriveFailed(number, chunk.length, error),
    );
  }

  #arrive(number: number, first: number, { results, failures }: PartialResults): void {
    const items = results.length;
    if (failures.length === 0) {
      return this.#place(number, items, { results, errors: undefined, at: 0 });
    }
    const errors = new Map<number, unknown>();
    for (const failure of failures) {
      const error = this.#setup.explain?.(failure, first + failure.index) ?? failure.error;
      errors.set(failure.index, error);
    }
    this.#place(number, items, { results, errors, at: 0 });
  }

  /** One error takes the place of the results of a whole chunk. */
  #arriveFailed(number: number, items: number, error: unknown): void {
    this.#place(number, items, { results: [undefined], errors: new Map([[0, error]]), at: 0 });
  }

  #place(number: number, items: number, chunk: ArrivedChunk): void {
    this.#sent.delete(number);
    if (this.#output === "over") return;
    if (chunk.errors !== undefined && this.#setup.endsAtError) {
      const [error] = chunk.errors.values();
      return this.fail(error);
    }
    this.#setup.progress?.add(items, this.#input === "ended" && this.#sent.size === 0);
    this.#arrived.set(this.#setup.ordered ? number : this.#arrivals++, chunk);
    this.#sendEarly();
    if (this.#windowCounts === "out") this.#fill();
    this.#deliver();
  }

  #cancelAll(): void {
    for (const chunk of this.#sent.values()) chunk.cancel();
  }

  // Output

  /** Serves calls of `next()` while there are results, or once the iteration is over. */
  #deliver(): void {
    while (this.#waiters.length > 0) {
      const chunk = this.#arrived.get(this.#nextPlace);
      if (chunk === undefined) {
        if (this.#output !== "over") {
          if (this.#input === "open" || this.#sent.size > 0) return;
          this.#end();
        }
        this.#deliverEnd(this.#waiters.shift()!);
        continue;
      }
      const waiter = this.#waiters.shift()!;
      const at = chunk.at++;
      const isError = chunk.errors?.has(at) === true;
      if (isError && this.#waiters.length === 0) this.#output = "atError";
      if (isError) waiter.reject(chunk.errors!.get(at));
      else waiter.resolve({ done: false, value: chunk.results[at] as R });
      if (chunk.at === chunk.results.length) this.#chunkTaken();
    }
  }

  #deliverEnd(waiter: PromiseWithResolvers<IteratorResult<R>>): void {
    if (this.#finalError === undefined) waiter.resolve({ done: true, value: undefined });
    else waiter.reject(this.#finalError.error);
    this.#finalError = undefined;
  }

  /** The last result of a chunk was handed over. */
  #chunkTaken(): void {
    this.#arrived.delete(this.#nextPlace++);
    this.#fill();
  }

  #end(): void {
    if (this.#output === "over") return;
    this.#output = "over";
    this.#arrived.clear();
    this.#setup.signal?.removeEventListener("abort", this.#onAbort);
    this.#setup.progress?.end();
    this.#setup.onEnd();
  }
}
