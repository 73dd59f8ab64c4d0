// The declarations of lib/random/random.ts

import type { Seed, SeedSequence } from "./seed_sequence.d.ts";

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
export declare class Random {
  #private;
  /**
   * Makes a generator of a seed; without one, its numbers differ each time.
   *
   * @param seed a whole number of at least 0, several, or a {@linkcode SeedSequence}
   * @throws {RangeError} if a number is negative, or no whole number
   * @throws {TypeError} if it is no seed
   */
  constructor(seed?: Seed | SeedSequence);
  /**
   * A generator in a state that another was in.
   *
   * @throws {RangeError} if it is not four words of 32 bits that are not all 0
   */
  static fromState(state: RandomState): Random;
  /** Where the generator is: a value, to be kept and given to {@linkcode Random.fromState}. */
  get state(): RandomState;
  /** A generator in the same state. */
  clone(): Random;
  /** A number from 0 to 1, without 1: one of 2^53, all as likely. */
  next(): number;
  /**
   * A number from `low` to `high`, without `high`.
   *
   * @throws {RangeError} if one is not finite
   */
  uniform(low?: number, high?: number): number;
  /**
   * A whole number from `low` to `high`, without `high`, all as likely; with one argument, from 0.
   *
   * @throws {RangeError} if one is not a whole number, there is none between them, or more than 2^53
   */
  integer(low: number, high?: number): number;
  /**
   * A number of the normal distribution, by the transform of Box and Muller.
   *
   * @param mean where the middle is
   * @param deviation the standard deviation
   * @throws {RangeError} if `deviation` is negative
   */
  normal(mean?: number, deviation?: number): number;
  /**
   * Brings the elements of an array into random order, all orders as likely; returns the array.
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
   * Sets each element to a number from 0 to 1, without 1; returns the array. Elements of fewer bits
   * than 64 get the first bits of the numbers that {@linkcode Random.next} draws.
   *
   * Follows `numpy.random.Generator.random` with `out`.
   *
   * @throws {TypeError} if the elements cannot be fractions
   */
  fill<A extends Fillable>(array: A): A;
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
  jumped(jumps?: number): Random;
  /**
   * Generators of their own, seeded by 128 bits that are drawn from this one: others each time. They
   * may spawn in turn. That two of them overlap is as likely as that two random numbers of 128 bits
   * are close.
   *
   * Follows `numpy.random.Generator.spawn`, which counts its children instead of drawing.
   *
   * @throws {RangeError} if `nChildren` is not a whole number of at least 0
   */
  spawn(nChildren: number): Random[];
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
export declare function streams(seed: Seed | SeedSequence | undefined, n: number): Random[];

export {};
