/**
 * Random numbers that can be had again, and generators for workers that do not overlap.
 *
 * The generator is xoroshiro128+ 1.0 by David Blackman and Sebastiano Vigna (2018), of `npm:pure-rand`.
 * Its state of 128 bits goes through all values but 0, so the period is 2^128 - 1; a jump goes 2^64
 * states ahead. Each draw of the package is the lower half of a 64-bit sum, whose four lowest bits are
 * known to be weak; here the five or six lowest are left out.
 *
 * See "Parallel random number generation" in NumPy's reference for the ways to share out randomness:
 * `spawn` and `jumped` are two of them.
 *
 * @module
 */

// Inline, since a bare name does not resolve when this module is imported by URL.
// deno-lint-ignore no-import-prefix
import { xoroshiro128plusFromState } from "npm:pure-rand@^8.4.2/generator/xoroshiro128plus";
import { describe } from "../arguments/describe.ts";
import { registerReducer } from "../codec/reducers.ts";
import { task } from "../codec/task.ts";
import { checkCount, type Seed, SeedSequence } from "./seed_sequence.ts";

/** The state of a {@linkcode Random}: four words of 32 bits. */
export type RandomState = readonly [number, number, number, number];

/** Arrays of fractions, which {@linkcode Random.fill} can fill. */
export type Fillable = Float16Array | Float32Array | Float64Array | number[];

/**
 * A generator of random numbers.
 *
 * - The same seed gives the same numbers, on every machine.
 * - It crosses as a copy: a worker goes on from where it was when it was sent, and does not change
 *   this one. Give each task a generator of its own, by {@linkcode streams} or `spawn`: then the
 *   results do not depend on who runs what.
 * - It is not for secrets: who sees some numbers can compute the rest.
 *
 * Follows `numpy.random.Generator`, with another algorithm: seeds give other numbers.
 *
 * @example Dice
 * ```ts
 * import { Random } from "@sauropod/multiprocessing/random";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const random = new Random(42);
 * const die = random.integer(1, 7);
 * assert(die >= 1 && die <= 6);
 * assertEquals(new Random(42).integer(1, 7), die);
 * ```
 */
export class Random {
  #source: Source;

  /**
   * Makes a generator of a seed; without one, its numbers differ each time.
   *
   * @param seed a whole number of at least 0, several, or a {@linkcode SeedSequence}
   * @throws {RangeError} if a number is negative, or no whole number
   * @throws {TypeError} if it is no seed
   */
  constructor(seed?: Seed | SeedSequence) {
    const sequence = seed instanceof SeedSequence ? seed : new SeedSequence(seed);
    this.#source = sourceOf(sequence.generateState(4));
  }

  /**
   * A generator in a state that another was in.
   *
   * @throws {RangeError} if it is not four words of 32 bits that are not all 0
   */
  static fromState(state: RandomState): Random {
    const isState = Array.isArray(state) && state.length === 4 &&
      state.every((word) => Number.isInteger(word) && word === (word | 0)) &&
      state.some((word) => word !== 0);
    if (!isState) {
      throw new RangeError(
        `Cannot make generator: its state must be four words of 32 bits, not all 0, not ${
          describe(state)
        }`,
      );
    }
    const random = new Random(0);
    random.#source = sourceOf(state);
    return random;
  }

  /** Where the generator is: a value, to be kept and given to {@linkcode Random.fromState}. */
  get state(): RandomState {
    return this.#source.getState() as RandomState;
  }

  /** A generator in the same state. */
  clone(): Random {
    return Random.fromState(this.state);
  }

  /** A number from 0 to 1, without 1: one of 2^53, all as likely. */
  next(): number {
    const high = this.#source.next() >>> 5;
    return (high * 2 ** 26 + (this.#source.next() >>> 6)) / 2 ** 53;
  }

  /**
   * A number from `low` to `high`, without `high`.
   *
   * @throws {RangeError} if one is not finite
   */
  uniform(low = 0, high = 1): number {
    if (!Number.isFinite(high - low)) {
      throw new RangeError(
        `Cannot draw number: low and high must be finite, not ${describe(low)} and ${
          describe(high)
        }`,
      );
    }
    return low + (high - low) * this.next();
  }

  /**
   * A whole number from `low` to `high`, without `high`, all as likely; with one argument, from 0.
   *
   * @throws {RangeError} if one is not a whole number, there is none between them, or more than 2^53
   */
  integer(low: number, high?: number): number {
    const [from, to] = high === undefined ? [0, low] : [low, high];
    const range = to - from;
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || range < 1 || range > 2 ** 53) {
      throw new RangeError(
        `Cannot draw integer: it must be from a whole number up to a greater one, not from ${
          describe(from)
        } up to ${describe(to)}`,
      );
    }
    // Each integer has as many of the 2^53 numbers; those that are left over are drawn again.
    const share = Math.floor(2 ** 53 / range);
    for (;;) {
      const drawn = Math.floor(this.next() * 2 ** 53 / share);
      if (drawn < range) return from + drawn;
    }
  }

  /**
   * A number of the normal distribution, by the transform of Box and Muller.
   *
   * @param mean where the middle is
   * @param deviation the standard deviation
   * @throws {RangeError} if `deviation` is negative
   */
  normal(mean = 0, deviation = 1): number {
    if (!(deviation >= 0)) {
      throw new RangeError(
        `Cannot draw number: the deviation must be at least 0, not ${describe(deviation)}`,
      );
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.next());
  }

  /**
   * Brings the elements of an array into random order, all orders as likely; returns the array.
   *
   * Follows `numpy.random.Generator.shuffle`.
   */
  shuffle<A extends { readonly length: number; [index: number]: unknown }>(array: A): A {
    for (let last = array.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const element = array[last];
      array[last] = array[other];
      array[other] = element;
    }
    return array;
  }

  /**
   * Sets each element to a number from 0 to 1, without 1; returns the array. Elements of fewer bits
   * than 64 get the first bits of the numbers that {@linkcode Random.next} draws.
   *
   * Follows `numpy.random.Generator.random` with `out`.
   *
   * @throws {TypeError} if the elements cannot be fractions
   */
  fill<A extends Fillable>(array: A): A {
    const isFillable = Array.isArray(array) || array instanceof Float64Array ||
      array instanceof Float32Array || array instanceof Float16Array;
    if (!isFillable) {
      throw new TypeError(
        "Cannot fill array: it must be a list or a typed array of fractions. " +
          "Draw each element with integer()",
      );
    }
    if (array instanceof Float32Array || array instanceof Float16Array) {
      const steps = array instanceof Float32Array ? 2 ** 24 : 2 ** 11; // rounding would give 1
      for (let at = 0; at < array.length; at++) array[at] = Math.floor(this.next() * steps) / steps;
    } else {
      for (let at = 0; at < array.length; at++) array[at] = this.next();
    }
    return array;
  }

  /**
   * A generator that is `jumps` times 2^64 draws ahead, so that the two do not overlap.
   *
   * One number takes two draws. Do not jump on from a jumped one and from this as well: they would
   * meet. `spawn` has no such rule.
   *
   * Follows `numpy.random.BitGenerator.jumped`.
   *
   * @throws {RangeError} if `jumps` is not a whole number of at least 0
   */
  jumped(jumps = 1): Random {
    checkCount("jump", "jumps", jumps);
    const random = this.clone();
    for (let jump = 0; jump < jumps; jump++) random.#source.jump();
    return random;
  }

  /**
   * Generators of their own, seeded by 128 bits that are drawn from this one: others each time. They
   * may spawn in turn. That two of them overlap is as likely as that two random numbers of 128 bits
   * are close.
   *
   * Follows `numpy.random.Generator.spawn`, which counts its children instead of drawing.
   *
   * @throws {RangeError} if `nChildren` is not a whole number of at least 0
   */
  spawn(nChildren: number): Random[] {
    const entropy = Array.from({ length: 4 }, () => this.integer(2 ** 32));
    return new SeedSequence(entropy).spawn(nChildren).map((seed) => new Random(seed));
  }
}

/** What is used of the package's generator. */
interface Source {
  /** 32 bits, as a number with a sign. */
  next(): number;
  jump(): void;
  getState(): readonly number[];
}

function sourceOf(words: Iterable<number>): Source {
  const state = Array.from(words, (word) => word | 0);
  if (!state.some((word) => word !== 0)) state[0] = 1; // the one state that leads nowhere
  return xoroshiro128plusFromState(state);
}

/**
 * `n` generators that do not overlap: each begins 2^64 draws, one jump, after the one before.
 *
 * Give task i the i-th one: then its numbers are the same whatever worker runs it, and in what order.
 *
 * @param seed a whole number of at least 0, several, or a {@linkcode SeedSequence}; left out, the
 * numbers differ each time
 * @param n how many
 * @throws {RangeError} if `n` is not a whole number of at least 0, or the seed is none
 *
 * @example Pi, the same on any number of workers
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { type Random, streams } from "@sauropod/multiprocessing/random";
 * import { assertEquals } from "@std/assert";
 *
 * const hits = (random: Random) => {
 *   let inside = 0;
 *   for (let i = 0; i < 1000; i++) {
 *     if (random.next() ** 2 + random.next() ** 2 < 1) inside++;
 *   }
 *   return inside;
 * };
 * await using pool = new Pool(2);
 * const counts = await pool.map(hits, streams(1, 8));
 * assertEquals(counts, streams(1, 8).map(hits));
 * ```
 */
export function streams(seed: Seed | SeedSequence | undefined, n: number): Random[] {
  checkCount("make streams", "n", n);
  let random = new Random(seed);
  return Array.from({ length: n }, (_, at) => at === 0 ? random : random = random.jumped());
}

registerReducer({
  is: (value) => value instanceof Random,
  reduce: (random) => random.state,
  revive: task(import.meta, (state: RandomState) => Random.fromState(state)),
});
