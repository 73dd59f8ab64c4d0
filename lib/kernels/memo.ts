/**
 * Results that are kept.
 *
 * @module
 */

/** How many results are kept. */
const MAX_KEPT = 256;

/** The last results of a computation, by what they were computed from. */
export class Memo<Key, Result extends object> {
  /** The oldest come first. */
  readonly #kept = new Map<Key, Result>();

  /** Returns the result for a key, which `compute` returns if it is not kept. */
  get(key: Key, compute: () => Result): Result {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const result = compute();
    this.#kept.set(key, result);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return result;
  }
}
