// The declarations of lib/random/seed_sequence.ts

/** A seed: an integer of at least 0 of any size, or several of them. */
export type Seed = number | bigint | readonly (number | bigint)[];

/**
 * Derives well-mixed bits from a seed, as many as a generator needs, and further seeds.
 *
 * Seeds that differ in one bit give unrelated states, so 0, 1, 2, … are good seeds. The children of a
 * sequence, and their children, are independent of it and of each other.
 *
 * Follows `numpy.random.SeedSequence`, bit for bit. The algorithm is `seed_seq_fe` by Melissa O'Neill.
 *
 * @example A seed for each of two processes
 * ```ts
 * import { Random, SeedSequence } from "@sauropod/multiprocessing/random";
 * import { assertNotEquals } from "@std/assert";
 *
 * const [one, two] = new SeedSequence(42).spawn(2);
 * assertNotEquals(new Random(one).next(), new Random(two).next());
 * ```
 */
export declare class SeedSequence {
  /** The seed. */
  readonly entropy: Seed;
  /** Path from the seed to this sequence: the number of the child at each level; empty for the seed. */
  readonly spawnKey: readonly number[];
  /** Number of children that have been spawned. */
  nChildrenSpawned: number;
  /**
   * Makes a sequence from a seed; without one, from 128 unpredictable bits.
   *
   * @param entropy the seed
   * @param options `spawnKey`: path of the sequence, to make a child again without its parent
   * @throws {RangeError} if a number is negative, or not an integer
   * @throws {TypeError} if a value is not a number
   */
  constructor(entropy?: Seed, options?: {
    spawnKey?: readonly number[];
  });
  /**
   * Spawns the next `nChildren` children, different from all before.
   *
   * @throws {RangeError} if `nChildren` is not an integer of at least 0
   */
  spawn(nChildren: number): SeedSequence[];
  /**
   * Returns well-mixed bits for the state of a generator; the same each time.
   *
   * @param nWords number of 32-bit words
   * @throws {RangeError} if `nWords` is not an integer of at least 0
   */
  generateState(nWords: number): Uint32Array<ArrayBuffer>;
}

export {};
