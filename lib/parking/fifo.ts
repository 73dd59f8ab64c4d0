/**
 * A queue of values of this isolate, first in, first out.
 *
 * @module
 */

/** Taken items are forgotten once they are as many as this, and as many as those that wait. */
const MIN_TAKEN = 64;

/** Items in the order in which they came. Unlike `Array.shift`, taking one costs the same however many wait. */
export class Fifo<T> {
  /** Those that were taken, as `undefined`, and those that wait. */
  readonly #items: (T | undefined)[] = [];
  #taken = 0;

  /** Number of items that wait. */
  get length(): number {
    return this.#items.length - this.#taken;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first item; `undefined` if there is none. */
  shift(): T | undefined {
    if (this.#taken === this.#items.length) return undefined;
    const item = this.#items[this.#taken];
    this.#items[this.#taken++] = undefined;
    if (this.#taken >= MIN_TAKEN && this.#taken * 2 >= this.#items.length) this.#forget();
    return item;
  }

  /** Drops all items. */
  clear(): void {
    this.#items.length = 0;
    this.#taken = 0;
  }

  /** Forgets the taken items, which are at least as many as are moved. */
  #forget(): void {
    this.#items.splice(0, this.#taken);
    this.#taken = 0;
  }
}
