/**
 * Seeds derived from other seeds.
 *
 * @module
 */

import { checkArguments, checkOptions } from "../arguments/options.ts";
import { checkInteger, isArray, outOfRange, wrongType } from "../arguments/values.ts";
import { task } from "../codec/task.ts";

const POOL_SIZE = 4;
const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;

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
export class SeedSequence {
  /** The seed. */
  readonly entropy: Seed;
  /** Path from the seed to this sequence: the number of the child at each level; empty for the seed. */
  readonly spawnKey: readonly number[];
  /** Number of children that have been spawned. */
  nChildrenSpawned = 0;

  /**
   * Makes a sequence from a seed; without one, from 128 unpredictable bits.
   *
   * @param entropy the seed
   * @param options `spawnKey`: path of the sequence, to make a child again without its parent
   * @throws {RangeError} if a number is negative, or not an integer
   * @throws {TypeError} if a value is not a number
   */
  constructor(
    entropy: Seed = [...crypto.getRandomValues(new Uint32Array(POOL_SIZE))],
    options: { spawnKey?: readonly number[] } = {},
  ) {
    checkOptions("make seeds", options, { spawnKey: true });
    const { spawnKey = [] } = options;
    wordsOf(entropy, "entropy");
    checkArguments("make seeds", "spawnKey", spawnKey, "spawnKey: [0]");
    spawnKey.forEach((key, at) => checkInteger("make seeds", `spawnKey[${at}]`, key, 0));
    this.entropy = entropy;
    this.spawnKey = [...spawnKey];
  }

  /**
   * Spawns the next `nChildren` children, different from all before.
   *
   * @throws {RangeError} if `nChildren` is not an integer of at least 0
   */
  spawn(nChildren: number): SeedSequence[] {
    checkCount("spawn seeds", "nChildren", nChildren);
    const { entropy, spawnKey } = this;
    return Array.from(
      { length: nChildren },
      () => new SeedSequence(entropy, { spawnKey: [...spawnKey, this.nChildrenSpawned++] }),
    );
  }

  /**
   * Returns well-mixed bits for the state of a generator; the same each time.
   *
   * @param nWords number of 32-bit words
   * @throws {RangeError} if `nWords` is not an integer of at least 0
   */
  generateState(nWords: number): Uint32Array<ArrayBuffer> {
    checkCount("generate state", "nWords", nWords);
    const pool = mixPool(this);
    let hash = INIT_B;
    return new Uint32Array(nWords).map((_, at) => {
      let word = pool[at % POOL_SIZE] ^ hash;
      hash = Math.imul(hash, MULT_B);
      word = Math.imul(word, hash);
      return word ^ (word >>> 16);
    });
  }
}

// Instances keep their class when they cross.
task(import.meta, SeedSequence);

/** Mixes the words of a seed until each depends on all of them. */
function mixPool({ entropy, spawnKey }: SeedSequence): Uint32Array {
  const words = wordsOf(entropy);
  while (words.length < POOL_SIZE) words.push(0); // so that seed 1 with a key differs from seed [1, key]
  words.push(...wordsOf(spawnKey));
  let hash = INIT_A;
  const hashed = (word: number): number => {
    word ^= hash;
    hash = Math.imul(hash, MULT_A);
    word = Math.imul(word, hash);
    return word ^ (word >>> 16);
  };
  const pool = new Uint32Array(POOL_SIZE);
  const mix = (at: number, word: number): void => {
    const both = Math.imul(MIX_LEFT, pool[at]) - Math.imul(MIX_RIGHT, hashed(word));
    pool[at] = both ^ (both >>> 16);
  };
  for (let at = 0; at < POOL_SIZE; at++) pool[at] = hashed(words[at]);
  for (let from = 0; from < POOL_SIZE; from++) {
    for (let at = 0; at < POOL_SIZE; at++) if (at !== from) mix(at, pool[from]);
  }
  for (const word of words.slice(POOL_SIZE)) {
    for (let at = 0; at < POOL_SIZE; at++) mix(at, word);
  }
  return pool;
}

/** Returns the 32-bit words of a seed, the lowest first. */
export function wordsOf(seed: Seed, name = "seed"): number[] {
  if (isArray(seed)) return seed.flatMap((it, at) => wordsOf(it, `${name}[${at}]`));
  if (typeof seed !== "bigint" && typeof seed !== "number") {
    throw wrongType("use seed", name, "a number, a bigint or a list of them", seed);
  }
  if (typeof seed === "number" && !Number.isSafeInteger(seed) || seed < 0) {
    throw outOfRange("use seed", name, "a safe integer of at least 0, or a bigint", seed);
  }
  const words = [];
  let rest = BigInt(seed as number | bigint);
  do {
    words.push(Number(rest & 0xffffffffn));
    rest >>= 32n;
  } while (rest > 0n);
  return words;
}

/** The most generators, seeds, words or jumps that are made at a time, which takes a second. */
const MAX_COUNT = 2 ** 20;

/**
 * Checks a count.
 *
 * @throws {TypeError} if it is not a number
 * @throws {RangeError} if it is not an integer from 0 to 2^20
 */
export function checkCount(verb: string, name: string, count: number): void {
  checkInteger(verb, name, count, 0, MAX_COUNT);
}
