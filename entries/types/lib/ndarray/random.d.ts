// The declarations of lib/ndarray/random.ts

import type { Random, Seed, SeedSequence } from "../random/mod.d.ts";
import type { ArrayOf, NdArray } from "./types.d.ts";

/** The floating-point element types. */
export type FractionType = "float16" | "float32" | "float64";

/** Options of {@linkcode random}. */
export interface RandomArrayOptions<Type extends FractionType = "float64"> {
  /**
   * Seed of the numbers.
   *
   * @default {none: the numbers differ each time}
   */
  seed?: Seed | SeedSequence | undefined;
  /**
   * A generator that four numbers are drawn from as the seed, so consecutive arrays differ.
   */
  generator?: Random | undefined;
  /**
   * Type of the elements.
   *
   * @default {"float64"}
   */
  dtype?: Type | undefined;
  /**
   * Number of isolates that fill the array.
   *
   * @default {getNumThreads(); 1 for fewer than a million elements}
   */
  numThreads?: number | undefined;
}

/**
 * Makes an array on shared memory of random numbers from 0 (inclusive) to 1 (exclusive).
 *
 * Large arrays are filled by the loop workers. Each part of 65,536 elements, in C order, has a
 * separate stream, 2^64 draws ahead of the previous one, so the numbers do not depend on the number of
 * isolates. So it returns a promise, unlike `zeros()`, which computes nothing; {@linkcode randomSync} does not.
 *
 * Follows `numpy.random.Generator.random`, with another generator: the same seed gives other numbers.
 *
 * @param shape length of each axis
 * @throws {RangeError} if a length or a number of the seed is not an integer of at least 0
 * @throws {TypeError} if `dtype` is not a floating-point type, or both `seed` and `generator` are given
 *
 * @example The same numbers twice
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
 * Makes an array as {@linkcode random} does, blocking the isolate, which fills parts too.
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
