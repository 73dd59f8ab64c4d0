/**
 * The results of an executor's map, one by one.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { deadlineOf, type WaitOptions } from "../atomics/deadline.ts";
import type { ImapIterator } from "../pool/imap.ts";
import { settledWithin } from "../pool/settled.ts";

/** What the results of a map need to know. */
export interface MapSetup extends Pick<WaitOptions, "timeoutMs"> {
  /** The error to throw for one that came. */
  explain(error: unknown): unknown;
  /** Called once when the iteration has ended. */
  onEnd(results: MapResults<unknown>): void;
}

/**
 * The iterator behind `Executor.map`. The first error ends it, and whatever ends it takes back what
 * has not begun.
 */
export class MapResults<R> implements AsyncIterableIterator<R> {
  readonly #results: ImapIterator<unknown, R>;
  readonly #setup: MapSetup;
  readonly #deadline: number;
  #ended = false;

  /** The time runs from here. */
  constructor(results: ImapIterator<unknown, R>, setup: MapSetup) {
    this.#results = results;
    this.#setup = setup;
    this.#deadline = deadlineOf({ timeoutMs: setup.timeoutMs });
  }

  /** The next result. */
  async next(): Promise<IteratorResult<R>> {
    if (this.#ended) return { done: true, value: undefined };
    const coming = this.#results.next();
    try {
      if (!await settledWithin(coming, { timeoutMs: this.#deadline - performance.now() })) {
        throw new TimeoutError(
          `Cannot get the next result of map: not there ${this.#setup.timeoutMs} ms after the call`,
        );
      }
      const next = await coming;
      if (next.done) this.#end();
      return next;
    } catch (error) {
      await this.return();
      throw this.#setup.explain(error);
    }
  }

  /** Ends the iteration. */
  async return(): Promise<IteratorResult<R>> {
    this.#end();
    return await this.#results.return();
  }

  /** Takes no more of the input: the iteration ends in an error where that would go on. */
  async endInput(error: Error): Promise<void> {
    await this.#results.endInput(error);
  }

  /** Takes back what has not begun: where its results would be, the iteration ends in an error. */
  async cancelRest(): Promise<void> {
    await this.#results.stop();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#setup.onEnd(this as MapResults<unknown>);
  }
}

/** What a map takes arguments from. */
type Arguments = Iterable<unknown> | AsyncIterable<unknown>;

/**
 * The first elements of all, then the second, until one has no more, as in Python's `zip`.
 *
 * @throws {TypeError} if one of them cannot be iterated
 */
export function zip(
  iterables: readonly Arguments[],
): Iterable<unknown[]> | AsyncIterable<unknown[]> {
  const iterators = iterables.map(iteratorOf);
  const isAsync = iterables.some((it) => Symbol.asyncIterator in Object(it));
  return isAsync ? zipLater(iterators) : zipNow(iterators as Iterator<unknown>[]);
}

function iteratorOf(given: Arguments, at: number): Iterator<unknown> | AsyncIterator<unknown> {
  const it = given as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (typeof it?.[Symbol.asyncIterator] === "function") return it[Symbol.asyncIterator]!();
  if (typeof it?.[Symbol.iterator] === "function") return it[Symbol.iterator]!();
  throw new TypeError(
    `Cannot map: argument ${at + 1} after fn must be iterable, not ${
      given === null ? "null" : typeof given
    }`,
  );
}

function* zipNow(iterators: Iterator<unknown>[]): Generator<unknown[]> {
  let asked: Iterator<unknown> | undefined; // if it ends or fails, it need not be told to end
  try {
    while (iterators.length > 0) {
      const item: unknown[] = [];
      for (asked of iterators) {
        const { done, value } = asked.next();
        if (done) return;
        item.push(value);
      }
      asked = undefined;
      yield item;
    }
  } finally {
    for (const iterator of iterators) if (iterator !== asked) iterator.return?.();
  }
}

async function* zipLater(
  iterators: (Iterator<unknown> | AsyncIterator<unknown>)[],
): AsyncGenerator<unknown[]> {
  let asked: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  try {
    while (iterators.length > 0) {
      const item: unknown[] = [];
      for (asked of iterators) {
        const { done, value } = await asked.next();
        if (done) return;
        item.push(value);
      }
      asked = undefined;
      yield item;
    }
  } finally {
    for (const iterator of iterators) if (iterator !== asked) await iterator.return?.();
  }
}
