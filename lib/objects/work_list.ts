/**
 * A list in place of a recursion.
 *
 * @module
 */

/**
 * Handles items one after the other. Those that are added while one is handled come after it, so an item
 * may lead to others to any depth.
 */
export class WorkList<T> {
  readonly #handle: (item: T) => void;
  readonly #items: T[] = [];
  #isHandling = false;

  constructor(handle: (item: T) => void) {
    this.#handle = handle;
  }

  /** Handles the item before it returns, or after the item that is being handled. */
  add(item: T): void {
    this.#items.push(item);
    if (this.#isHandling) return;
    this.#isHandling = true;
    try {
      while (this.#items.length > 0) this.#handle(this.#items.pop()!);
    } finally {
      this.#isHandling = false;
    }
  }
}
