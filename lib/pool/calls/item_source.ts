/**
 * The input of a call, and leaving it before its end.
 *
 * An async generator serves one request at a time: its `return()` waits for a `next()` that is pending,
 * which may never settle. So `return()` is called in any case, but not awaited while a `next()` is
 * pending.
 *
 * @module
 */

/** Items of a call, finite or not. */
export type Input<T> = Iterable<T> | AsyncIterable<T>;

/** Takes items from an input, one at a time. */
export class ItemSource<T> {
  /** Whether the input is async. If it is not, `nextNow` may be used in place of `next`. */
  readonly isAsync: boolean;
  /** Iterator of the input. */
  readonly iterator: Iterator<T> | AsyncIterator<T>;
  /** Whether a `next()` of the iterator is pending. */
  #isPending = false;
  /** Whether the iterator has ended or failed, or was left. */
  #hasEnded = false;

  /**
   * Opens the input without taking an item.
   *
   * @param name what the error calls the input
   * @throws {TypeError} if the input is not iterable
   */
  constructor(items: Input<T>, name = "items") {
    const input = items as Partial<Iterable<T> & AsyncIterable<T>> | undefined | null;
    this.isAsync = typeof input?.[Symbol.asyncIterator] === "function";
    if (this.isAsync) {
      this.iterator = input![Symbol.asyncIterator]!();
    } else if (typeof input?.[Symbol.iterator] === "function") {
      this.iterator = input[Symbol.iterator]!();
    } else {
      throw new TypeError(
        `Cannot map: ${name} must be iterable, not ${input === null ? "null" : typeof input}`,
      );
    }
  }

  /** Returns the next item; `done` if the input has ended or was left. */
  async next(): Promise<IteratorResult<T>> {
    if (this.#hasEnded) return { done: true, value: undefined };
    this.#isPending = true;
    try {
      const next = await this.iterator.next();
      this.#hasEnded ||= next.done === true;
      return next;
    } catch (error) {
      this.#hasEnded = true;
      throw error;
    } finally {
      this.#isPending = false;
    }
  }

  /** As `next`, of an input that is not async. */
  nextNow(): IteratorResult<T> {
    try {
      const next = (this.iterator as Iterator<T>).next();
      this.#hasEnded ||= next.done === true;
      return next;
    } catch (error) {
      this.#hasEnded = true;
      throw error;
    }
  }

  /**
   * Calls `return()` of the input unless it has ended, and waits for that. If a `next()` is pending, it
   * does not wait, and reports an error.
   *
   * @throws the error of `return()`
   */
  async leave(): Promise<void> {
    await null; // the input may be the caller, and a generator cannot return while it runs
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const returned = this.#return();
    if (this.#isPending) returned.catch(reportReturnError);
    else await returned;
  }

  async #return(): Promise<void> {
    await this.iterator.return?.();
  }
}

/** Reports the error of an input that was left, if no caller waits for it. */
export function reportReturnError(error: unknown): void {
  console.error("Uncaught in an input that was left:", error);
}

/** Returns whether the input is known to end: it is not async, and has a length or a size. */
export function hasKnownEnd(items: Input<unknown>): boolean {
  if (Symbol.asyncIterator in Object(items)) return false;
  const { length, size }: { length?: unknown; size?: unknown } = Object(items);
  return Number.isFinite(length) || Number.isFinite(size);
}
