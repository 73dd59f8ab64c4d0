/**
 * The input of a call, and leaving it before its end.
 *
 * | state | meaning | goes to |
 * |---|---|---|
 * | `open` | items can be taken | `ended`: `next()` or `nextNow()` finds the end, or throws; `left`: `leave()` |
 * | `ended` | the iterator has ended or failed: it needs no `return()` | |
 * | `left` | its `return()` is called, and an item that still comes is dropped | `ended`: a `next()` that was pending finds the end, or throws |
 *
 * An async generator serves one request at a time: its `return()` waits for a `next()` that is pending,
 * which may never settle. So `return()` is called in any case, but not awaited while a `next()` is
 * pending.
 *
 * @module
 */

import { TimeoutError } from "../../errors.ts";
import { describe } from "../../arguments/describe.ts";
import {
  checkIterable,
  checkNotTransferred,
  hasMethod,
  isIterable,
} from "../../arguments/values.ts";
import { reportUncaught } from "../../sync/callbacks.ts";
import { settledWithin } from "../../sync/settled.ts";

/** Items of a call, finite or not. */
export type Input<T> = Iterable<T> | AsyncIterable<T>;

/** How long the `return()` of an input may take, in milliseconds. */
export const MAX_RETURN_MS = 10_000;

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Takes items from an input, one at a time. */
export class ItemSource<T> {
  /** Whether the input is async. If it is not, `nextNow` may be used in place of `next`. */
  readonly isAsync: boolean;
  /** Iterator of the input. */
  readonly iterator: Iterator<T> | AsyncIterator<T>;
  #state: "open" | "ended" | "left" = "open";
  /** Whether a `next()` of the iterator is pending. */
  #isPending = false;
  /** What waits for `return()`. */
  #leaving: Promise<void> | undefined;

  /**
   * Opens the input without taking an item.
   *
   * @param name what the error calls the input
   * @throws {TypeError} if the input is not iterable
   */
  constructor(items: Input<T>, name = "items") {
    const input = items as Iterable<T> & AsyncIterable<T>;
    this.isAsync = hasMethod(input, Symbol.asyncIterator);
    if (this.isAsync) {
      this.iterator = input[Symbol.asyncIterator]();
    } else {
      if (typeof input !== "string") checkIterable("map", name, input, "For one item write [item]");
      checkNotTransferred("map", name, input);
      this.iterator = input[Symbol.iterator]();
    }
  }

  /** Returns the next item; `done` if the input has ended or was left. */
  async next(): Promise<IteratorResult<T>> {
    if (this.#state !== "open") return END;
    this.#isPending = true;
    try {
      return this.#found(await this.iterator.next());
    } catch (error) {
      return this.#failed(error);
    } finally {
      this.#isPending = false;
    }
  }

  /** As `next`, of an input that is not async. */
  nextNow(): IteratorResult<T> {
    if (this.#state !== "open") return END;
    try {
      return this.#found((this.iterator as Iterator<T>).next());
    } catch (error) {
      return this.#failed(error);
    }
  }

  #found(next: IteratorResult<T>): IteratorResult<T> {
    if (typeof next !== "object" || next === null) {
      throw new TypeError(
        `Cannot take item: next() of the input must return an object, not ${describe(next)}`,
      );
    }
    const wasLeft = this.#state === "left";
    if (next.done) this.#state = "ended";
    return wasLeft ? END : next;
  }

  /** Throws the error of `next()`, unless nobody wants an item any more. */
  #failed(error: unknown): IteratorResult<T> {
    const wasLeft = this.#state === "left";
    this.#state = "ended";
    if (wasLeft) return END;
    throw error;
  }

  /**
   * Calls `return()` of the input unless it has ended, and waits for that. If a `next()` is pending, it
   * does not wait, and reports an error. Called again, it waits too, but the error belongs to the first
   * call.
   *
   * @throws {TimeoutError} if `return()` takes longer than `MAX_RETURN_MS`
   * @throws the error of `return()`
   */
  async leave(): Promise<void> {
    if (this.#leaving !== undefined) return await this.#leaving.catch(() => {});
    if (this.#state !== "open") return;
    this.#state = "left";
    this.#leaving = this.#return();
    await this.#leaving;
  }

  async #return(): Promise<void> {
    await null; // the input may be the caller, and a generator cannot return while it runs
    if (this.#state === "ended") return;
    const isPending = this.#isPending;
    const returned = Promise.try(() => this.iterator.return?.());
    if (isPending) {
      returned.catch(reportReturnError);
      return;
    }
    if (!await settledWithin(returned, { timeoutMs: MAX_RETURN_MS })) {
      throw new TimeoutError(
        `Cannot leave input: its return() has not ended after ${MAX_RETURN_MS} ms. Its cleanup must ` +
          "not wait for what may never happen",
      );
    }
    await returned;
  }
}

/** Reports the error of an input that was left, if no caller waits for it. */
export function reportReturnError(error: unknown): void {
  reportUncaught("an input that was left", error);
}

/** Returns whether the input is known to end: it is not async, and has a length or a size. */
export function hasKnownEnd(items: Input<unknown>): boolean {
  return knownLength(items) < Infinity;
}

/** Returns the number of items of an input that is known to end; `Infinity` if it is not. */
export function knownLength(items: Input<unknown>): number {
  if (typeof items !== "string" && !isIterable(items)) return Infinity;
  if (Symbol.asyncIterator in Object(items)) return Infinity;
  const { length, size }: { length?: unknown; size?: unknown } = Object(items);
  if (Number.isFinite(length)) return length as number;
  return Number.isFinite(size) ? size as number : Infinity;
}
