/**
 * How many calls make up a task, when nobody says so.
 *
 * A task costs some tens of microseconds; calls that take less are sent several at a time. The size
 * follows the measured time of the calls, so that a task takes between 0.2 and 2 seconds, as joblib
 * does it.
 *
 * @module
 */

const MIN_BATCH_MS = 200;
const MAX_BATCH_MS = 2000;
/** How much the newest measurement counts. */
const WEIGHT = 0.2;

/** Chooses the size of batches. */
export class BatchSizer {
  #size = 1;
  /** Time of a batch of the present size, smoothed, in milliseconds; 0: not known. */
  #time = 0;

  /** Number of calls for the next task. */
  get size(): number {
    return this.#size;
  }

  /** Takes in how long a batch took. */
  measured(calls: number, ms: number): void {
    if (calls !== this.#size) return; // of another size, or the last one
    this.#time = this.#time === 0 ? ms : (1 - WEIGHT) * this.#time + WEIGHT * ms;
    const { size } = this;
    if (this.#time < MIN_BATCH_MS) {
      const wanted = Math.floor(size * MIN_BATCH_MS / Math.max(this.#time, 1e-3));
      this.#resize(Math.max(Math.min(2 * size, 2 * wanted), 1));
    } else if (this.#time > MAX_BATCH_MS && size >= 2) {
      this.#resize(Math.max(Math.floor(2 * size * MIN_BATCH_MS / this.#time), 1));
    }
  }

  #resize(size: number): void {
    if (size === this.#size) return;
    this.#size = size;
    this.#time = 0;
  }
}
