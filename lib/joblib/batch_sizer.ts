/**
 * Chooses how many calls make up a batch, if the caller does not say.
 *
 * A task costs some tens of microseconds, so short calls are sent several at a time. The size follows
 * the measured time of the calls so that a batch takes between 0.2 and 2 seconds, as in joblib.
 *
 * @module
 */

const MIN_BATCH_MS = 200;
const MAX_BATCH_MS = 2000;
/** Weight of the newest measurement. */
const WEIGHT = 0.2;

/** Chooses the size of batches. */
export class BatchSizer {
  #size = 1;
  /** Smoothed time of a batch of the present size, in milliseconds; 0: not known. */
  #time = 0;

  /** Number of calls of the next batch. */
  get size(): number {
    return this.#size;
  }

  /** Takes the measured time of a batch into account. */
  measured(calls: number, ms: number): void {
    if (calls !== this.#size) return; // from before the last change, or the last batch
    this.#time = this.#time === 0 ? ms : (1 - WEIGHT) * this.#time + WEIGHT * ms;
    const { size } = this;
    if (this.#time < MIN_BATCH_MS) this.#resize(2 * size);
    else if (this.#time > MAX_BATCH_MS && size >= 2) {
      this.#resize(Math.max(Math.floor(2 * size * MIN_BATCH_MS / this.#time), 1));
    }
  }

  #resize(size: number): void {
    this.#size = size;
    this.#time = 0;
  }
}
