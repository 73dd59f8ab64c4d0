/**
 * Results one by one, while the input is taken as fast as they are.
 *
 * @module
 */

import type { PartialResults } from "../runner/protocol.ts";
import { type Input, ItemSource, reportLeft } from "./item_source.ts";

/** A chunk that was sent. */
export interface SentChunk {
  /** Its results; rejects if there will be none. */
  outcomes: Promise<PartialResults>;
  /** Takes it back if it has not begun: `outcomes` rejects then. */
  withdraw(): void;
}

/** What an iteration needs of its pool. */
export interface ImapSetup<T> {
  /** Number of items in a chunk. */
  chunkSize: number;
  /** Most chunks that are under way or wait to be taken. */
  window: number;
  /** Whether results come in the order of the items. */
  ordered: boolean;
  signal: AbortSignal | undefined;
  /** Whether the input is taken to its end when the pool is closed. */
  takesRest: boolean;
  /** Makes the error that comes after the results if it is not. */
  closedError(): Error;
  /** Sends a chunk to the engine; throws if that cannot be. */
  submit(chunk: T[]): SentChunk;
  /** Makes the error of a failure, with the item's index among all. */
  explain(failure: PartialResults["failures"][number], item: number): unknown;
  /** Called when the iteration has ended, or been stopped: its pool need not do so any more. */
  onEnd(): void;
}

/** One result or error; `last` if its chunk has no more. */
type Entry = { value: unknown; last: boolean } | { error: unknown; last: boolean };

interface Arrival {
  entries: Entry[];
}

/** The iterator behind `imap` and `imapUnordered`. */
export class ImapIterator<T, R> implements AsyncIterableIterator<R> {
  readonly #setup: ImapSetup<T>;
  readonly #source: ItemSource<T>;
  readonly #ready: Entry[] = [];
  /** Chunks that came before one that must be given first, by number. */
  readonly #early = new Map<number, Arrival>();
  /** Chunks that have not come back, by number. */
  readonly #sent = new Map<number, SentChunk>();
  readonly #waiting: PromiseWithResolvers<IteratorResult<R>>[] = [];
  /** Whether to go on although nobody takes the results. */
  #takesAll = false;
  #chunksMade = 0;
  #nextChunk = 0;
  /** Chunks that were made and whose results have not all been taken. */
  #out = 0;
  #inputDone = false;
  /** Whether nothing more is to be sent: an item of an async input may still come. */
  #stopped = false;
  /** The error that comes after all results. */
  #lastError: { error: unknown } | undefined;
  #filling = false;
  /** The end of the input that `close` has left. */
  #left: Promise<void> | undefined;
  #ended = false;
  /** Whether an error was the last that was given: a `for await` has left the iteration there. */
  #leftByError = false;
  readonly #onAbort = () => this.fail(this.#setup.signal!.reason);

  /**
   * Takes nothing before `begin`.
   *
   * @throws {TypeError} if the items cannot be iterated
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

  /** Whether it takes no more items. */
  get inputDone(): boolean {
    return this.#inputDone;
  }

  /** Takes no more items when the pool is closed, unless they are known to have an end. */
  close(): void {
    if (this.#inputDone || this.#setup.takesRest) return;
    this.#lastError = { error: this.#setup.closedError() };
    this.#left = this.#leaveInput().catch(reportLeft);
  }

  /**
   * When the pool is closed: takes all items that are known to have an end, as fast as they are worked
   * off, whether or not results are taken; unless the iteration was left by an error, which ends it
   * here. Waits for the end of another input, which was left.
   */
  async finish(): Promise<void> {
    await null; // the input itself may have brought this about, and gives nothing while it runs
    if (this.#leftByError) await this.return();
    this.#takesAll = true;
    for (this.#fill(); !this.#inputDone; this.#fill()) {
      await Promise.race([...this.#sent.values()].map(({ outcomes }) => outcomes.catch(() => {})));
    }
    await this.#left;
  }

  /** The next result; rejects with the error where a result would be. */
  next(): Promise<IteratorResult<R>> {
    const waiter = Promise.withResolvers<IteratorResult<R>>();
    this.#waiting.push(waiter);
    this.#leftByError = false;
    this.#give();
    return waiter.promise;
  }

  /** Ends the iteration: takes no more items, and takes back what has not begun. */
  async return(): Promise<IteratorResult<R>> {
    this.#ready.length = 0;
    this.#lastError = undefined;
    this.#end();
    await this.stop();
    return { done: true, value: undefined };
  }

  /** Ends the iteration with an error at once, for all who wait. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ready.length = 0;
    this.#lastError = this.#waiting.length === 0 ? { error } : undefined;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
    this.#end();
    this.stop().catch(reportLeft);
  }

  /**
   * Takes no more items, and takes back what has not begun: an error of its own is where its results
   * would be. What has begun still gives its results.
   */
  async stop(): Promise<void> {
    this.#setup.onEnd();
    for (const sent of this.#sent.values()) sent.withdraw();
    await this.#leaveInput();
    await this.#left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #fill(): void {
    if (this.#filling) return;
    if (this.#source.isAsync) void this.#fillLater();
    else this.#fillNow();
  }

  #mayTake(): boolean {
    const underWay = this.#takesAll ? this.#sent.size : this.#out;
    return !this.#inputDone && underWay < this.#setup.window;
  }

  #fillNow(): void {
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
    this.#give();
  }

  async #fillLater(): Promise<void> {
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
    this.#give();
  }

  #take({ done, value }: IteratorResult<T>, chunk: T[]): void {
    if (done) this.#inputDone = true;
    else chunk.push(value);
  }

  /** The input failed: what it gave is used, then its error comes out, unless nobody wants it. */
  #onInputError(error: unknown): void {
    if (this.#stopped) return;
    this.#inputDone = true;
    this.#lastError = { error };
  }

  /** Wants no more of the input, and tells it so unless it has ended. */
  async #leaveInput(): Promise<void> {
    this.#inputDone = true;
    this.#stopped = true;
    this.#give();
    await this.#source.leave();
  }

  #send(chunk: T[]): void {
    if (chunk.length === 0 || this.#stopped) return;
    const number = this.#chunksMade++;
    this.#out++;
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
      this.#early.set(number, { entries });
      for (let next; (next = this.#early.get(this.#nextChunk)) !== undefined;) {
        this.#early.delete(this.#nextChunk++);
        this.#ready.push(...next.entries);
      }
    } else {
      this.#ready.push(...entries);
    }
    this.#give();
  }

  /** Gives what is ready to those who wait. */
  #give(): void {
    while (this.#waiting.length > 0) {
      const entry = this.#ready.shift();
      if (entry === undefined) {
        if (!this.#ended && !(this.#inputDone && this.#out === 0)) return;
        this.#end();
        const waiter = this.#waiting.shift()!;
        if (this.#lastError === undefined) waiter.resolve({ done: true, value: undefined });
        else waiter.reject(this.#lastError.error);
        this.#lastError = undefined;
        continue;
      }
      const waiter = this.#waiting.shift()!;
      this.#leftByError = "error" in entry && this.#waiting.length === 0;
      if ("error" in entry) waiter.reject(entry.error);
      else waiter.resolve({ done: false, value: entry.value as R });
      if (entry.last) {
        this.#out--;
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
