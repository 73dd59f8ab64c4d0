/**
 * Reproducible random numbers, and generators for workers that do not overlap.
 *
 * The generator is xoroshiro128+ 1.0 by David Blackman and Sebastiano Vigna (2018), of `npm:pure-rand`.
 * Its 128-bit state takes all values but 0, so the period is 2^128 - 1; a jump advances it by 2^64
 * states. Each draw of that package is the lower half of a 64-bit sum, whose four lowest bits are known
 * to be weak; the five or six lowest are discarded here.
 *
 * "Parallel random number generation" in NumPy's reference compares the ways to make independent
 * generators; `spawn` and `jumped` are two of them.
 *
 * @module
 */

// Inline, since a bare name does not resolve when this module is imported by URL.
// deno-lint-ignore no-import-prefix
import { xoroshiro128plusFromState } from "npm:pure-rand@^8.4.2/generator/xoroshiro128plus";
import {
  checkNotTransferred,
  checkNumber,
  isArray,
  isInstance,
  outOfRange,
  wrongType,
} from "../arguments/values.ts";
import { isTypedArray } from "../memory/sequence.ts";
import { describe } from "../arguments/describe.ts";
import { registerOwnReducer } from "../codec/reducers.ts";
import { task } from "../codec/task.ts";
import { checkCount, type Seed, SeedSequence, wordsOf } from "./seed_sequence.ts";

/** The state of a {@linkcode Random}: four words of 32 bits. */
export type RandomState = readonly [number, number, number, number];

/** Arrays of floating-point numbers, which {@linkcode Random.fill} can fill. */
export type Fillable = Float16Array | Float32Array | Float64Array | number[];

/**
 * A generator of random numbers.
 *
 * - The same seed gives the same numbers on every machine.
 * - It crosses as a copy in the same state; draws from the copy do not change the original. Pass each
 *   task a separate generator, made by {@linkcode streams} or `spawn`, so that results do not depend on
 *   which worker runs which task.
 * - It is not cryptographically secure: later numbers can be computed from earlier ones.
 *
 * Follows `numpy.random.Generator`, with another algorithm: the same seed gives other numbers.
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
   * Makes a generator from a seed; without one, its numbers differ each time.
   *
   * @param seed an integer of at least 0, several of them, or a {@linkcode SeedSequence}
   * @throws {RangeError} if a number is negative, or not an integer
   * @throws {TypeError} if `seed` has another type
   */
  constructor(seed?: Seed | SeedSequence) {
    if (!isInstance(seed, SeedSequence) && seed !== undefined) wordsOf(seed);
    const sequence = isInstance(seed, SeedSequence) ? seed : new SeedSequence(seed);
    this.#source = sourceOf(sequence.generateState(4));
  }

  /**
   * Makes a generator in the state of another one.
   *
   * @throws {RangeError} if `state` is not four 32-bit integers, or all of them are 0
   */
  static fromState(state: RandomState): Random {
    const isState = isArray(state) && state.length === 4 &&
      state.every((word) => Number.isInteger(word) && word === (word | 0)) &&
      state.some((word) => word !== 0);
    if (!isState) {
      const make = isArray(state) ? outOfRange : wrongType;
      const requirement = "an array of four 32-bit integers, not all 0";
      throw make("make generator", "state", requirement, state);
    }
    const random = new Random(0);
    random.#source = sourceOf(state);
    return random;
  }

  /** State of the generator, for {@linkcode Random.fromState}. */
  get state(): RandomState {
    return this.#source.getState() as RandomState;
  }

  /** Makes a generator in the same state. */
  clone(): Random {
    return Random.fromState(this.state);
  }

  /** Draws a number from 0 (inclusive) to 1 (exclusive), uniformly distributed over 2^53 values. */
  next(): number {
    const high = this.#source.next() >>> 5;
    return (high * 2 ** 26 + (this.#source.next() >>> 6)) / 2 ** 53;
  }

  /**
   * Draws a number from `low` (inclusive) to `high` (exclusive), uniformly distributed.
   *
   * @throws {RangeError} if `low`, `high` or their difference is not finite
   */
  uniform(low = 0, high = 1): number {
    if (typeof low !== "number" || typeof high !== "number" || !Number.isFinite(high - low)) {
      checkFinite("low", low);
      checkFinite("high", high);
      throw outOfRange("draw number", "high - low", "a finite number", high - low);
    }
    return low + (high - low) * this.next();
  }

  /**
   * Draws an integer from `low` (inclusive) to `high` (exclusive), uniformly distributed. With one
   * argument, from 0 to that.
   *
   * @throws {RangeError} if an argument is not a safe integer, or the range is empty or has more than 2^53
   * integers
   */
  integer(low: number, high?: number): number {
    const [from, to] = high === undefined ? [0, low] : [low, high];
    // The greatest difference from the first integer: it is exact, where that to the end may be rounded.
    const most = typeof from === "number" && typeof to === "number" ? to - 1 - from : NaN;
    if (
      !Number.isSafeInteger(from) || !Number.isSafeInteger(to) || !(most >= 0 && most < 2 ** 53)
    ) {
      checkBound("low", low);
      if (high !== undefined) checkBound("high", high);
      throw new RangeError(
        `Cannot draw integer: the range must be from an integer to a greater one, not from ${
          describe(from)
        } to ${describe(to)}`,
      );
    }
    // Each integer gets the same share of the 2^53 values; a value beyond the shares is drawn again.
    const share = Math.floor(2 ** 53 / (most + 1));
    for (;;) {
      const drawn = Math.floor(this.next() * 2 ** 53 / share);
      if (drawn <= most) return from + drawn;
    }
  }

  /**
   * Draws a normally distributed number, by the Box-Muller transform.
   *
   * @param mean the mean
   * @param deviation the standard deviation
   * @throws {RangeError} if `deviation` is negative
   */
  normal(mean = 0, deviation = 1): number {
    if (!(Number.isFinite(mean) && Number.isFinite(deviation) && deviation >= 0)) {
      checkFinite("mean", mean);
      checkFinite("deviation", deviation, "a finite number of at least 0", (it) => it >= 0);
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.next());
  }

  /**
   * Shuffles an array in place, each order with the same probability; returns the array.
   *
   * Follows `numpy.random.Generator.shuffle`.
   */
  shuffle<A extends { readonly length: number; [index: number]: unknown }>(array: A): A {
    if (!isArray(array) && !isTypedArray(array)) {
      throw wrongType("shuffle array", "array", "an array or a typed array", array);
    }
    checkNotTransferred("shuffle array", "array", array);
    for (let last = array.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const element = array[last];
      array[last] = array[other];
      array[other] = element;
    }
    return array;
  }

  /**
   * Sets each element to a number from 0 (inclusive) to 1 (exclusive); returns the array. Elements of
   * fewer than 64 bits get the leading bits of the numbers that {@linkcode Random.next} draws.
   *
   * Follows `numpy.random.Generator.random` with `out`.
   *
   * @throws {TypeError} if the array is not a list or a typed array of floating-point numbers
   */
  fill<A extends Fillable>(array: A): A {
    const isFillable = isArray(array) || isInstance(array, Float64Array) ||
      isInstance(array, Float32Array) || isInstance(array, Float16Array);
    if (!isFillable) {
      const advice = "For integers draw each element with integer()";
      const requirement = "a list or a typed array of floating-point numbers";
      throw wrongType("fill array", "array", requirement, array, advice);
    }
    checkNotTransferred("fill array", "array", array);
    if (array instanceof Float32Array || array instanceof Float16Array) {
      const steps = array instanceof Float32Array ? 2 ** 24 : 2 ** 11; // rounding would give 1
      for (let at = 0; at < array.length; at++) array[at] = Math.floor(this.next() * steps) / steps;
    } else {
      for (let at = 0; at < array.length; at++) array[at] = this.next();
    }
    return array;
  }

  /**
   * Makes a generator that is `jumps` times 2^64 draws ahead of this one, so that the two do not overlap.
   *
   * Each number takes two draws. Do not jump from both a jumped generator and its original: the results
   * would overlap. `spawn` has no such restriction.
   *
   * Follows `numpy.random.BitGenerator.jumped`.
   *
   * @throws {RangeError} if `jumps` is not an integer of at least 0
   */
  jumped(jumps = 1): Random {
    checkCount("jump", "jumps", jumps);
    const random = this.clone();
    for (let jump = 0; jump < jumps; jump++) random.#source.jump();
    return random;
  }

  /**
   * Makes independent generators, seeded with 128 bits drawn from this one; different ones each time.
   * They may spawn in turn. Two of them overlap only if two random 128-bit numbers are close.
   *
   * Follows `numpy.random.Generator.spawn`, which counts its children instead of drawing.
   *
   * @throws {RangeError} if `nChildren` is not an integer of at least 0
   */
  spawn(nChildren: number): Random[] {
    checkCount("spawn generators", "nChildren", nChildren);
    const entropy = Array.from({ length: 4 }, () => this.integer(2 ** 32));
    return new SeedSequence(entropy).spawn(nChildren).map((seed) => new Random(seed));
  }
}

function checkFinite(
  name: string,
  value: unknown,
  requirement = "a finite number",
  accepts: (value: number) => boolean = () => true,
): void {
  const isFinite = (value: number) => Number.isFinite(value) && accepts(value);
  checkNumber("draw number", name, value, requirement, isFinite);
}

function checkBound(name: string, value: unknown): void {
  checkNumber("draw integer", name, value, "a safe integer", Number.isSafeInteger);
}

/** The generator of `npm:pure-rand`, as far as it is used. */
interface Source {
  /** Draws 32 bits, as a signed integer. */
  next(): number;
  jump(): void;
  getState(): readonly number[];
}

function sourceOf(words: Iterable<number>): Source {
  const state = Array.from(words, (word) => word | 0);
  if (!state.some((word) => word !== 0)) state[0] = 1; // a state of zeros never changes
  return xoroshiro128plusFromState(state);
}

/**
 * Makes `n` generators that do not overlap: each starts one jump, 2^64 draws, after the previous one.
 *
 * Pass the i-th generator to task i; its numbers then do not depend on which worker runs it, or when.
 *
 * @param seed an integer of at least 0, several of them, or a {@linkcode SeedSequence}; if it is
 * `undefined`, the numbers differ each time
 * @param n the number of generators
 * @throws {RangeError} if `n` is not an integer from 0 to 2^20, or a number of the seed not an integer of
 * at least 0
 * @throws {TypeError} if `seed` or `n` has another type
 *
 * @example Pi, the same for any number of workers
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

registerOwnReducer({
  is: (value) => value instanceof Random,
  reduce: (random) => random.state,
  revive: task(import.meta, (state: RandomState) => Random.fromState(state)),
});
