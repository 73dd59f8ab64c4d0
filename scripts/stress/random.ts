/**
 * Random choices that a seed repeats.
 *
 * @module
 */

/** A source of random numbers: mulberry32. */
export class Random {
  #state: number;

  /** Starts the sequence of the seed. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A number from 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.next() * times < 1;
  }

  /** One of the choices. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)];
  }

  /** One of the choices once in `times`. */
  perhaps<T>(times: number, choices: readonly T[]): T | undefined {
    return this.once(times) ? this.pick(choices) : undefined;
  }

  /** A seed for another sequence. */
  fork(): number {
    return this.int(0, 2 ** 31 - 1);
  }
}
