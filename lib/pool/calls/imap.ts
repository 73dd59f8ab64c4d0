/**
 * Results one by one, while items are taken from the input as fast as results are taken.
 *
 * @module
 */

import type { PartialResults } from "../chunks/chunk.ts";
import { type Input, ItemSource, reportReturnError } from "./item_source.ts";

/** A chunk that was sent to the engine. */
export interface SentChunk {
  /** Its results. Rejects if the whole chunk failed or was withdrawn. */
  outcomes: Promise<PartialResults>;
  /** Withdraws it unless it has begun; `outcomes` rejects then. */
  withdraw(): void;
}

/** What an iteration needs of its pool. */
export interface ImapSetup<T> {
  /** Number of items in a chunk. */
  chunkSize: number;
  /** Maximum number of chunks that are out or have results that were not taken. */
  window: number;
  /** Whether results come in the order of the items. */
  ordered: boolean;
  /** Ends the iteration with its reason. */
  signal: AbortSignal | undefined;
  /** Whether the input is taken to its end after the pool was closed. */
  drainsInput: boolean;
  /** Makes the error that follows the results if it is not. */
  closedError(): Error;
  /** Sends a chunk to the engine. Throws if that is not possible. */
  submit(chunk: T[]): SentChunk;
  /** Makes the error of a failure, given the index of the item in the input. */
  explain(failure: PartialResults["failures"][number], item: number): unknown;
  /** Called when the iteration has ended or was stopped, so that the pool need not end it. */
  onEnd(): void;
}

/** A result or an error; `last` in its chunk or not. */
type Entry = { value: unknown; last: boolean } | { error: unknown; last: boolean };

/**
 * The iterator behind `imap` and `imapUnordered`.
 *
 *     input --fill--> chunk --submit--> engine --arrive--> ready --deliver--> next()
 *
 * `fill` takes items while the window has room; a chunk leaves the window when `deliver` has handed
 * over its last entry. The input is left, and the chunks that have not begun are withdrawn, by
 * `return()`, by `fail()` (a signal, or `terminate()`) and by `stop()`.
 */
export class ImapIterator<T, R> implements AsyncIterableIterator<R> {
  readonly #setup: ImapSetup<T>;
  readonly #source: ItemSource<T>;
  /** Entries to be delivered next. */
  readonly #ready: Entry[] = [];
  /** If ordered: entries of chunks that arrived before an earlier chunk, by chunk number. */
  readonly #early = new Map<number, Entry[]>();
  /** Chunks that have not come back, by number. */
  readonly #sent = new Map<number, SentChunk>();
  /** Calls of `next()` without an entry. */
  readonly #waiters: PromiseWithResolvers<IteratorResult<R>>[] = [];
  /** Whether items are taken although no results are. */
  #draining = false;
  #chunksMade = 0;
  /** If ordered: number of the chunk to be delivered next. */
  #nextChunk = 0;
  /** Number of chunks in the window. */
  #inWindow = 0;
  /** Whether no more items will be sent: the input has ended, failed or been left. */
  #inputDone = false;
  /** Whether the input was left. A pending `next()` of an async input may still resolve. */
  #stopped = false;
  /** Error that follows all results. */
  #finalError: { error: unknown } | undefined;
  #filling = false;
  /** `return()` of the input that `close` has left. */
  #leaving: Promise<void> | undefined;
  #ended = false;
  /** Whether the last entry delivered was an error: a `for await` loop has ended there. */
  #endedOnError = false;
  readonly #onAbort = () => this.fail(this.#setup.signal!.reason);

  /**
   * Makes an iterator that takes no items before `begin`.
   *
   * @throws {TypeError} if the items are not iterable
   */
  constructor(items: Input<T>, setup: ImapSetup<T>) {
    this.#setup = setup;
    this.#source = new ItemSource(items);
    setup.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Begins to take items. */
  begin(): void {
    this.#fill();
  }

  /** Whether no more items will be sent. */
  get inputDone(): boolean {
    return this.#inputDone;
  }

  /** The pool was closed: leaves the input unless it is to be taken to its end. */
  close(): void {
    if (this.#inputDone || this.#setup.drainsInput) return;
    this.#finalError = { error: this.#setup.closedError() };
    this.#leaving = this.#leaveInput().catch(reportReturnError);
  }

  /**
   * The pool is joined: takes the input to its end, as fast as chunks come back, whether or not results
   * are taken. An iteration that a `for await` loop left by an error ends here instead. If the input was
   * left, waits for its end.
   */
  async finish(): Promise<void> {
    await null; // the input may be the caller, and a generator cannot yield to itself
    if (this.#endedOnError) await this.return();
    this.#draining = true;
    for (this.#fill(); !this.#inputDone; this.#fill()) {
      await Promise.race([...this.#sent.values()].map(({ outcomes }) => outcomes.catch(() => {})));
    }
    await this.#leaving;
  }

  /** Returns the next result. Rejects with the error that takes the place of a result. */
  next(): Promise<IteratorResult<R>> {
    const waiter = Promise.withResolvers<IteratorResult<R>>();
    this.#waiters.push(waiter);
    this.#endedOnError = false;
    this.#deliver();
    return waiter.promise;
  }

  /** Ends the iteration, leaves the input and withdraws chunks that have not begun. */
  async return(): Promise<IteratorResult<R>> {
    this.#ready.length = 0;
    this.#finalError = undefined;
    this.#end();
    await this.stop();
    return { done: true, value: undefined };
  }

  /** Ends the iteration with an error: for all calls of `next()` that wait, or else for the next one. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ready.length = 0;
    this.#finalError = this.#waiters.length === 0 ? { error } : undefined;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#end();
    this.stop().catch(reportReturnError);
  }

  /**
   * Leaves the input and withdraws chunks that have not begun: an error takes the place of their
   * results. Chunks that have begun still give theirs.
   */
  async stop(): Promise<void> {
    this.#setup.onEnd();
    for (const sent of this.#sent.values()) sent.withdraw();
    await this.#leaveInput();
    await this.#leaving;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #fill(): void {
    if (this.#filling) return;
    if (this.#source.isAsync) void this.#fillAsync();
    else this.#fillSync();
  }

  #mayTake(): boolean {
    const chunks = this.#draining ? this.#sent.size : this.#inWindow;
    return !this.#inputDone && chunks < this.#setup.window;
  }

  #fillSync(): void {
    this.#filling = true;
    while (this.#mayTake()) {
      const chunk: T[] = [];
      try {
        while (!this.#inputDone && chunk.length < this.#setup.chunkSize) {
          this.#take(this.#source.nextNow(), chunk);
        }
      } catch (error) {
        this.#onInputError(error);
      }
      this.#send(chunk);
    }
    this.#filling = false;
    this.#deliver();
  }

  async #fillAsync(): Promise<void> {
    this.#filling = true;
    while (this.#mayTake()) {
      const chunk: T[] = [];
      try {
        while (!this.#inputDone && chunk.length < this.#setup.chunkSize) {
          this.#take(await this.#source.next(), chunk);
        }
      } catch (error) {
        this.#onInputError(error);
      }
      this.#send(chunk);
    }
    this.#filling = false;
    this.#deliver();
  }

  #take({ done, value }: IteratorResult<T>, chunk: T[]): void {
    if (done) this.#inputDone = true;
    else chunk.push(value);
  }

  /** Keeps the error of the input for after the results of its items, unless the input was left. */
  #onInputError(error: unknown): void {
    if (this.#stopped) return;
    this.#inputDone = true;
    this.#finalError = { error };
  }

  async #leaveInput(): Promise<void> {
    this.#inputDone = true;
    this.#stopped = true;
    this.#deliver();
    await this.#source.leave();
  }

  #send(chunk: T[]): void {
    if (chunk.length === 0 || this.#stopped) return;
    const number = this.#chunksMade++;
    this.#inWindow++;
    const first = number * this.#setup.chunkSize;
    let sent: SentChunk;
    try {
      sent = this.#setup.submit(chunk);
    } catch (error) {
      return this.#arrive(number, [{ error, last: true }]);
    }
    this.#sent.set(number, sent);
    sent.outcomes.then(
      ({ results, failures }) => {
        const entries: Entry[] = results.map((value) => ({ value, last: false }));
        for (const failure of failures) {
          const error = this.#setup.explain(failure, first + failure.index);
          entries[failure.index] = { error, last: false };
        }
        entries[entries.length - 1].last = true;
        this.#arrive(number, entries);
      },
      (error) => this.#arrive(number, [{ error, last: true }]),
    );
  }

  #arrive(number: number, entries: Entry[]): void {
    this.#sent.delete(number);
    if (this.#ended) return;
    if (this.#setup.ordered) {
      this.#early.set(number, entries);
      for (let next; (next = this.#early.get(this.#nextChunk)) !== undefined;) {
        this.#early.delete(this.#nextChunk++);
        this.#ready.push(...next);
      }
    } else {
      this.#ready.push(...entries);
    }
    this.#deliver();
  }

  /** Resolves calls of `next()` while there are entries, or once the iteration is over. */
  #deliver(): void {
    while (this.#waiters.length > 0) {
      const entry = this.#ready.shift();
      if (entry === undefined) {
        if (!this.#ended && !(this.#inputDone && this.#inWindow === 0)) return;
        this.#end();
        const waiter = this.#waiters.shift()!;
        if (this.#finalError === undefined) waiter.resolve({ done: true, value: undefined });
        else waiter.reject(this.#finalError.error);
        this.#finalError = undefined;
        continue;
      }
      const waiter = this.#waiters.shift()!;
      this.#endedOnError = "error" in entry && this.#waiters.length === 0;
      if ("error" in entry) waiter.reject(entry.error);
      else waiter.resolve({ done: false, value: entry.value as R });
      if (entry.last) {
        this.#inWindow--;
        this.#fill();
      }
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#setup.signal?.removeEventListener("abort", this.#onAbort);
    this.#setup.onEnd();
  }
}
