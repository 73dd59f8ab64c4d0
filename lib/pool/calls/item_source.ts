/**
 * The input of a call, and letting go of it before its end.
 *
 * An async generator does one thing after the other: its `return()` waits for a `next()` that is under
 * way, which may wait for ever. So nobody waits for `return()` then; it is called all the same.
 *
 * @module
 */

/** What items are taken from. */
export type Input<T> = Iterable<T> | AsyncIterable<T>;

/** Items that are taken one at a time. */
export class ItemSource<T> {
  /** Whether `next` must be awaited; otherwise `nextNow` gives the same at once. */
  readonly isAsync: boolean;
  /** Where they come from. */
  readonly iterator: Iterator<T> | AsyncIterator<T>;
  /** Whether a `next()` of the iterator is under way. */
  #asked = false;
  /** Whether the iterator has ended or failed, or was told to end. */
  #over = false;

  /**
   * Takes nothing yet.
   *
   * @param name what the error calls the items
   * @throws {TypeError} if they cannot be iterated
   */
  constructor(items: Input<T>, name = "items") {
    const given = items as Partial<Iterable<T> & AsyncIterable<T>> | undefined | null;
    this.isAsync = typeof given?.[Symbol.asyncIterator] === "function";
    if (this.isAsync) {
      this.iterator = given![Symbol.asyncIterator]!();
    } else if (typeof given?.[Symbol.iterator] === "function") {
      this.iterator = given[Symbol.iterator]!();
    } else {
      throw new TypeError(
        `Cannot map: ${name} must be iterable, not ${given === null ? "null" : typeof given}`,
      );
    }
  }

  /** The next item; none when it was left. */
  async next(): Promise<IteratorResult<T>> {
    if (this.#over) return { done: true, value: undefined };
    this.#asked = true;
    try {
      const next = await this.iterator.next();
      this.#over ||= next.done === true;
      return next;
    } catch (error) {
      this.#over = true;
      throw error;
    } finally {
      this.#asked = false;
    }
  }

  /** The next item of what is not async. */
  nextNow(): IteratorResult<T> {
    try {
      const next = (this.iterator as Iterator<T>).next();
      this.#over ||= next.done === true;
      return next;
    } catch (error) {
      this.#over = true;
      throw error;
    }
  }

  /**
   * Tells it that nothing more is wanted, unless it has ended. Waits until it has let go, but not if
   * an item is under way: an error is reported then.
   *
   * @throws what its `return()` throws
   */
  async leave(): Promise<void> {
    await null; // it may have brought this about itself, and cannot end while it runs
    if (this.#over) return;
    this.#over = true;
    const left = this.#return();
    if (this.#asked) left.catch(reportLeft);
    else await left;
  }

  async #return(): Promise<void> {
    await this.iterator.return?.();
  }
}

/** Reports what a source threw when it was left, and nobody waited for that. */
export function reportLeft(error: unknown): void {
  console.error("Uncaught in an input that was left:", error);
}

/** Whether the items are known to have an end: they have a length or a size, and are there. */
export function hasEnd(items: Input<unknown>): boolean {
  if (Symbol.asyncIterator in Object(items)) return false;
  const { length, size }: { length?: unknown; size?: unknown } = Object(items);
  return Number.isFinite(length) || Number.isFinite(size);
}
