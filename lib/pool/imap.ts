/**
 * Results one by one, while the input is taken as fast as they are.
 *
 * @module
 */

import type { Outcomes } from "./protocol.ts";

/** A chunk that was sent. */
export interface SentChunk {
  /** Its results; rejects if there will be none. */
  outcomes: Promise<Outcomes>;
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
  /** Sends a chunk to the engine; throws if that cannot be. */
  submit(chunk: T[]): SentChunk;
  /** Makes the error of a failure, with the item's index among all. */
  explain(failure: Outcomes["failures"][number], item: number): unknown;
  /** Called once when the iteration has ended. */
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
  readonly #input: Iterator<T> | AsyncIterator<T>;
  readonly #inputIsAsync: boolean;
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
  #filling: Promise<void> | undefined;
  #ended = false;
  /** Whether an error was the last that was given: a `for await` has left the iteration there. */
  #leftByError = false;
  readonly #onAbort = () => this.#abort();

  /** Begins to take items at once. */
  constructor(items: Iterable<T> | AsyncIterable<T>, setup: ImapSetup<T>) {
    this.#setup = setup;
    const given = items as Partial<Iterable<T> & AsyncIterable<T>> | undefined | null;
    if (typeof given?.[Symbol.asyncIterator] === "function") {
      this.#input = given[Symbol.asyncIterator]!();
      this.#inputIsAsync = true;
    } else if (typeof given?.[Symbol.iterator] === "function") {
      this.#input = given[Symbol.iterator]!();
      this.#inputIsAsync = false;
    } else {
      throw new TypeError(
        `Cannot map: items must be iterable, not ${given === null ? "null" : typeof given}`,
      );
    }
    setup.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#fill();
  }

  /**
   * Takes all the input there is, as fast as it is worked off, whether or not results are taken;
   * unless the iteration was left by an error, which ends it here.
   */
  async takeAll(): Promise<void> {
    if (this.#leftByError) {
      await this.return();
      return;
    }
    this.#takesAll = true;
    for (;;) {
      this.#fill();
      await this.#filling;
      if (this.#inputDone) return;
      if (this.#sent.size === 0) continue;
      await Promise.race([...this.#sent.values()].map(({ outcomes }) => outcomes.catch(() => {})));
    }
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
    this.#end();
    await this.stop();
    return { done: true, value: undefined };
  }

  /**
   * Takes no more items, and takes back what has not begun: an error of its own is where its results
   * would be. What has begun still gives its results.
   */
  async stop(): Promise<void> {
    for (const sent of this.#sent.values()) sent.withdraw();
    await this.#leaveInput();
  }

  /** Takes no more items: the error is where the next result would be. */
  async endInput(error: unknown): Promise<void> {
    if (this.#inputDone) return;
    this.#stopped = true;
    this.#arriveLast(error);
    await this.#leaveInput();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #fill(): void {
    if (this.#filling !== undefined) return;
    if (!this.#inputIsAsync) return this.#fillNow();
    this.#filling = this.#fillLater().finally(() => this.#filling = undefined);
  }

  #mayTake(): boolean {
    const underWay = this.#takesAll ? this.#sent.size : this.#out;
    return !this.#inputDone && !this.#stopped && underWay < this.#setup.window;
  }

  #fillNow(): void {
    while (this.#mayTake()) {
      const chunk: T[] = [];
      try {
        while (chunk.length < this.#setup.chunkSize) {
          const { done, value } = (this.#input as Iterator<T>).next();
          if (done) {
            this.#inputDone = true;
            break;
          }
          chunk.push(value);
        }
      } catch (error) {
        this.#endInput(chunk, error);
        return;
      }
      this.#send(chunk);
    }
    this.#give();
  }

  async #fillLater(): Promise<void> {
    while (this.#mayTake()) {
      const chunk: T[] = [];
      try {
        while (chunk.length < this.#setup.chunkSize) {
          const { done, value } = await (this.#input as AsyncIterator<T>).next();
          if (done) {
            this.#inputDone = true;
            break;
          }
          chunk.push(value);
        }
      } catch (error) {
        this.#endInput(chunk, error);
        return;
      }
      this.#send(chunk);
    }
    this.#give();
  }

  /** The input failed: what it gave is used, then its error comes out. */
  #endInput(chunk: T[], error: unknown): void {
    if (this.#stopped) return;
    this.#inputDone = true;
    this.#send(chunk);
    this.#arriveLast(error);
  }

  #arriveLast(error: unknown): void {
    const number = this.#chunksMade++;
    this.#out++;
    this.#arrive(number, [{ error, last: true }]);
  }

  /** Wants no more of the input, and tells it so unless it has ended. */
  async #leaveInput(): Promise<void> {
    const unfinished = !this.#inputDone;
    this.#inputDone = true;
    this.#stopped = true;
    this.#give();
    if (!unfinished) return;
    await null; // the input itself may have brought this about, and cannot end while it runs
    await this.#input.return?.();
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
        this.#waiting.shift()!.resolve({ done: true, value: undefined });
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

  #abort(): void {
    const reason = this.#setup.signal!.reason;
    this.#ready.length = 0;
    this.#ready.push({ error: reason, last: false });
    this.#end();
    void this.stop();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#setup.signal?.removeEventListener("abort", this.#onAbort);
    this.#setup.onEnd();
  }
}
