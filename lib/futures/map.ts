/**
 * The results of an executor's map, one by one.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import type { ImapIterator } from "../pool/calls/imap.ts";
import { hasEnd, type Input, ItemSource, reportLeft } from "../pool/calls/item_source.ts";
import { settledWithin } from "../sync/settled.ts";

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
      await this.return().catch(reportLeft);
      throw this.#setup.explain(error);
    }
  }

  /** Ends the iteration. */
  async return(): Promise<IteratorResult<R>> {
    this.#end();
    return await this.#results.return();
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

/**
 * The first elements of all, then the second, until one has no more, as in Python's `zip`.
 *
 * @throws {TypeError} if one of them cannot be iterated
 */
export function zip(iterables: readonly Input<unknown>[]): Input<unknown[]> {
  const sources = iterables.map((it, at) => new ItemSource(it, `argument ${at + 1} after fn`));
  if (sources.some(({ isAsync }) => isAsync)) return zipLater(sources);
  return zipNow(sources.map(({ iterator }) => iterator as Iterator<unknown>));
}

/** Whether `zip` of these is known to have an end. */
export function zipHasEnd(iterables: readonly Input<unknown>[]): boolean {
  const isAsync = iterables.some((it) => Symbol.asyncIterator in Object(it));
  return !isAsync && iterables.some(hasEnd);
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

/** No generator: its `return()` would have to wait for a `next()`. */
function zipLater(sources: ItemSource<unknown>[]): AsyncIterableIterator<unknown[]> {
  const leave = async (): Promise<IteratorReturnResult<undefined>> => {
    await Promise.all(sources.map((source) => source.leave()));
    return { done: true, value: undefined };
  };
  return {
    async next() {
      const item: unknown[] = [];
      try {
        for (const source of sources) {
          const { done, value } = await source.next();
          if (done) return await leave();
          item.push(value);
        }
      } catch (error) {
        await leave().catch(reportLeft);
        throw error;
      }
      return { done: false, value: item };
    },
    return: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
