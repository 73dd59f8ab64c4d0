/**
 * Iterating over the items of a queue.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";

/** A queue that is iterated over. */
export interface ItemSource<T> {
  /**
   * Waits for the next item.
   *
   * @param isOver whether the iteration was left meanwhile
   * @throws {ClosedError} if the queue is closed and empty
   */
  next(isOver: () => boolean): Promise<T>;
  /** Whether the queue was closed. */
  isClosed(): boolean;
  /** Ends the wait for the next item: the iteration was left. */
  leave(): void;
}

/**
 * Iterates over the items as they arrive, until the queue is closed and empty. An iteration that is left
 * while it waits takes no further item. The iteration is over when it throws.
 */
export function itemIterator<T>(source: ItemSource<T>): AsyncIterableIterator<T> {
  // Not a generator: its `return()` would wait for the next item, and take it.
  let over = false;
  const done: IteratorResult<T> = { done: true, value: undefined };
  const iterator: AsyncIterableIterator<T> = {
    next: async () => {
      if (over) return done;
      try {
        return { done: false, value: await source.next(() => over) };
      } catch (error) {
        const isOver = over || (error instanceof ClosedError && source.isClosed());
        over = true;
        if (isOver) return done;
        throw error;
      }
    },
    return: () => {
      over = true;
      source.leave();
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
