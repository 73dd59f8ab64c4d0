// The declarations of lib/random/seed_sequence.ts

/** What randomness begins with: a whole number of at least 0 of any size, or several. */
export type Seed = number | bigint | readonly (number | bigint)[];

/**
 * Makes of a seed as many well-mixed bits as a generator needs, and seeds for others.
 *
 * Seeds that differ in one bit give states that have nothing in common, so 0, 1, 2, … are as good as
 * any; and the children of a sequence, and theirs, are independent of it and of each other.
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
  /** Which child of which child of the seed's this is; of the seed itself, nothing. */
  readonly spawnKey: readonly number[];
  /** Number of children that it has given out. */
  nChildrenSpawned: number;
  /**
   * Makes a sequence of a seed; without one, of 128 bits that nobody can foresee.
   *
   * @param entropy the seed
   * @param options `spawnKey`: which child it is, to make one again without its parent
   * @throws {RangeError} if a number is negative, or no whole number
   * @throws {TypeError} if it is no number
   */
  constructor(entropy?: Seed, options?: {
    spawnKey?: readonly number[];
  });
  /**
   * The next `nChildren` children: others than those given out before.
   *
   * @throws {RangeError} if `nChildren` is not a whole number of at least 0
   */
  spawn(nChildren: number): SeedSequence[];
  /**
   * Well-mixed bits for the state of a generator; the same each time.
   *
   * @param nWords how many words of 32 bits
   * @throws {RangeError} if `nWords` is not a whole number of at least 0
   */
  generateState(nWords: number): Uint32Array<ArrayBuffer>;
}

export {};
