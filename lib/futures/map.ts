/**
 * The results of an executor's map, one by one.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { hasMethod } from "../arguments/values.ts";
import type { ImapIterator } from "../pool/calls/imap.ts";
import {
  hasKnownEnd,
  type Input,
  ItemSource,
  knownLength,
  reportReturnError,
} from "../pool/calls/item_source.ts";
import { settledWithin } from "../sync/settled.ts";

/** How {@linkcode MapResults} deals with its executor. */
export interface MapSetup extends Pick<WaitOptions, "timeoutMs"> {
  /** Returns the error to throw for an error of the pool. */
  translateError(error: unknown): unknown;
  /** Called once when the iteration has ended. */
  onEnd(results: MapResults<unknown>): void;
}

/**
 * The iterator that `Executor.map()` returns. The first error ends it. When it ends, for whatever
 * reason, the calls that have not begun are cancelled.
 */
export class MapResults<R> implements AsyncIterableIterator<R> {
  readonly #results: ImapIterator<unknown, R>;
  readonly #setup: MapSetup;
  readonly #deadline: number;
  #ended = false;

  /** Makes the iterator; `timeoutMs` counts from this call. */
  constructor(results: ImapIterator<unknown, R>, setup: MapSetup) {
    this.#results = results;
    this.#setup = setup;
    this.#deadline = deadlineOf({ timeoutMs: setup.timeoutMs });
  }

  /** Number of results; undefined if it is not known. */
  get length(): number | undefined {
    return this.#results.length;
  }

  /** Returns the next result. */
  async next(): Promise<IteratorResult<R>> {
    if (this.#ended) return { done: true, value: undefined };
    const nextResult = this.#results.next();
    try {
      if (!await settledWithin(nextResult, { timeoutMs: this.#deadline - performance.now() })) {
        throw new TimeoutError(
          `Cannot get next result of map: not available ${this.#setup.timeoutMs} ms after the call`,
        );
      }
      const next = await nextResult;
      if (next.done) this.#end();
      return next;
    } catch (error) {
      await this.return().catch(reportReturnError);
      throw this.#setup.translateError(error);
    }
  }

  /** Ends the iteration. */
  async return(): Promise<IteratorResult<R>> {
    this.#end();
    return await this.#results.return();
  }

  /** Cancels the calls that have not begun. The iteration throws in place of their results. */
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
 * Yields the first elements of all inputs, then the second ones, until an input ends. Follows
 * Python's `zip`.
 *
 * @throws {TypeError} if an input is not iterable
 */
export function zip(iterables: readonly Input<unknown>[]): Input<unknown[]> {
  const sources = iterables.map((it, at) => new ItemSource(it, `argument ${at + 1} after fn`));
  if (sources.some(({ isAsync }) => isAsync)) return zipAsync(sources);
  return zipSync(sources.map(({ iterator }) => iterator as Iterator<unknown>));
}

/** Returns whether `zip` of these inputs is known to be finite. */
export function isFiniteZip(iterables: readonly Input<unknown>[]): boolean {
  const isAsync = iterables.some((it) => hasMethod(it, Symbol.asyncIterator));
  return !isAsync && iterables.some(hasKnownEnd);
}

/** Returns the number of elements of `zip` of these inputs; `Infinity` if that is not known. */
export function lengthOfZip(iterables: readonly Input<unknown>[]): number {
  const lengths = iterables.map(knownLength);
  return lengths.includes(Infinity) ? Infinity : Math.min(...lengths);
}

function* zipSync(iterators: Iterator<unknown>[]): Generator<unknown[]> {
  let current: Iterator<unknown> | undefined; // if it ends or throws, `return()` must not be called
  try {
    while (iterators.length > 0) {
      const item: unknown[] = [];
      for (current of iterators) {
        const { done, value } = current.next();
        if (done) return;
        item.push(value);
      }
      current = undefined;
      yield item;
    }
  } finally {
    for (const iterator of iterators) if (iterator !== current) iterator.return?.();
  }
}

/** Not a generator: its `return()` would have to wait for a pending `next()`. */
function zipAsync(sources: ItemSource<unknown>[]): AsyncIterableIterator<unknown[]> {
  const close = async (): Promise<IteratorReturnResult<undefined>> => {
    await Promise.all(sources.map((source) => source.leave()));
    return { done: true, value: undefined };
  };
  return {
    async next() {
      const item: unknown[] = [];
      try {
        for (const source of sources) {
          const { done, value } = await source.next();
          if (done) return await close();
          item.push(value);
        }
      } catch (error) {
        await close().catch(reportReturnError);
        throw error;
      }
      return { done: false, value: item };
    },
    return: close,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
