/**
 * Reproducible random choices.
 *
 * @module
 */

/** A generator of random numbers: mulberry32. */
export class Random {
  #state: number;

  /** Starts the sequence of a seed. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Draws a number from 0 (inclusive) to 1 (exclusive). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Draws an integer from `min` to `max`, both inclusive. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** Draws true with a probability of 1 in `times`. */
  oneIn(times: number): boolean {
    return this.next() * times < 1;
  }

  /** Draws one of the choices. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)];
  }

  /** Draws one of the choices with a probability of 1 in `times`. */
  perhaps<T>(times: number, choices: readonly T[]): T | undefined {
    return this.oneIn(times) ? this.pick(choices) : undefined;
  }

  /** Draws a seed for another sequence. */
  fork(): number {
    return this.int(0, 2 ** 31 - 1);
  }
}
