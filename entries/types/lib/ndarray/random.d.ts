// The declarations of lib/ndarray/random.ts

import type { Random, Seed, SeedSequence } from "../random/mod.d.ts";
import type { ArrayOf, NdArray } from "./types.d.ts";

/** The types whose elements can be fractions. */
export type FractionType = "float16" | "float32" | "float64";

/** Options of {@linkcode random}. */
export interface RandomArrayOptions<Type extends FractionType = "float64"> {
  /**
   * What the numbers follow from.
   *
   * @default {none: they differ each time}
   */
  seed?: Seed | SeedSequence;
  /**
   * A generator that gives the seed instead, by drawing four numbers; so arrays that are made with it
   * one after the other differ.
   */
  generator?: Random;
  /**
   * Type of the elements.
   *
   * @default {"float64"}
   */
  dtype?: Type;
  /**
   * Number of threads.
   *
   * @default {getNumThreads(); 1 for fewer than a million elements}
   */
  numThreads?: number;
}

/**
 * Makes an array on shared memory of random numbers from 0 to 1, without 1.
 *
 * Large arrays are filled by the workers of the parallel loops. Every 65,536 elements, in C order,
 * have a stream of their own, a jump of 2^64 draws after the one before: so the numbers are the same
 * whatever the number of threads.
 *
 * Follows `numpy.random.Generator.random`; the numbers are others.
 *
 * @param shape length of each axis
 * @throws {RangeError} if a length is not a whole number of at least 0, or the seed is none
 * @throws {TypeError} if there is no such type, or both `seed` and `generator` are given
 *
 * @example The same again
 * ```ts
 * import { arrayEqual, random } from "@sauropod/multiprocessing/ndarray";
 * import { assert } from "@std/assert";
 *
 * const noise = await random([2, 3], { seed: 42 });
 * assert(arrayEqual(noise, await random([2, 3], { seed: 42 })));
 * ```
 */
export declare function random<Type extends FractionType = "float64">(
  shape: readonly number[],
  options?: RandomArrayOptions<Type>,
): Promise<NdArray<ArrayOf<Type>>>;

/**
 * As {@linkcode random}, blocking the thread, which does its share.
 *
 * @throws as {@linkcode random}
 *
 * @example With a generator
 * ```ts
 * import { arrayEqual, randomSync } from "@sauropod/multiprocessing/ndarray";
 * import { Random } from "@sauropod/multiprocessing/random";
 * import { assert } from "@std/assert";
 *
 * const generator = new Random(1);
 * const [a, b] = [randomSync([3], { generator }), randomSync([3], { generator })];
 * assert(!arrayEqual(a, b));
 * ```
 */
export declare function randomSync<Type extends FractionType = "float64">(
  shape: readonly number[],
  options?: RandomArrayOptions<Type>,
): NdArray<ArrayOf<Type>>;

export {};
