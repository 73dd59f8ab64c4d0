// The declarations of lib/random/random.ts

import type { Seed, SeedSequence } from "./seed_sequence.d.ts";

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
export declare class Random {
  #private;
  /**
   * Makes a generator from a seed; without one, its numbers differ each time.
   *
   * @param seed an integer of at least 0, several of them, or a {@linkcode SeedSequence}
   * @throws {RangeError} if a number is negative, or not an integer
   * @throws {TypeError} if `seed` has another type
   */
  constructor(seed?: Seed | SeedSequence);
  /**
   * Makes a generator in the state of another one.
   *
   * @throws {RangeError} if `state` is not four 32-bit integers, or all of them are 0
   */
  static fromState(state: RandomState): Random;
  /** State of the generator, for {@linkcode Random.fromState}. */
  get state(): RandomState;
  /** Makes a generator in the same state. */
  clone(): Random;
  /** Draws a number from 0 (inclusive) to 1 (exclusive), uniformly distributed over 2^53 values. */
  next(): number;
  /**
   * Draws a number from `low` (inclusive) to `high` (exclusive), uniformly distributed.
   *
   * @throws {RangeError} if `low`, `high` or their difference is not finite
   */
  uniform(low?: number, high?: number): number;
  /**
   * Draws an integer from `low` (inclusive) to `high` (exclusive), uniformly distributed. With one
   * argument, from 0 to that.
   *
   * @throws {RangeError} if an argument is not a safe integer, or the range is empty or has more than 2^53
   * integers
   */
  integer(low: number, high?: number): number;
  /**
   * Draws a normally distributed number, by the Box-Muller transform.
   *
   * @param mean the mean
   * @param deviation the standard deviation
   * @throws {RangeError} if `deviation` is negative
   */
  normal(mean?: number, deviation?: number): number;
  /**
   * Shuffles an array in place, each order with the same probability; returns the array.
   *
   * Follows `numpy.random.Generator.shuffle`.
   */
  shuffle<
    A extends {
      readonly length: number;
      [index: number]: unknown;
    },
  >(array: A): A;
  /**
   * Sets each element to a number from 0 (inclusive) to 1 (exclusive); returns the array. Elements of
   * fewer than 64 bits get the leading bits of the numbers that {@linkcode Random.next} draws.
   *
   * Follows `numpy.random.Generator.random` with `out`.
   *
   * @throws {TypeError} if the array is not a list or a typed array of floating-point numbers
   */
  fill<A extends Fillable>(array: A): A;
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
  jumped(jumps?: number): Random;
  /**
   * Makes independent generators, seeded with 128 bits drawn from this one; different ones each time.
   * They may spawn in turn. Two of them overlap only if two random 128-bit numbers are close.
   *
   * Follows `numpy.random.Generator.spawn`, which counts its children instead of drawing.
   *
   * @throws {RangeError} if `nChildren` is not an integer of at least 0
   */
  spawn(nChildren: number): Random[];
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
export declare function streams(seed: Seed | SeedSequence | undefined, n: number): Random[];

export {};
