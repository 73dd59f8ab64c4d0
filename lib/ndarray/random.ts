/**
 * Arrays of random numbers.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { isInstance, wrongType } from "../arguments/values.ts";
import { task } from "../codec/task.ts";
import { Random, type RandomState, type Seed, type SeedSequence } from "../random/mod.ts";
import { makeZeros, sizeOf } from "./array.ts";
import { arrayClassOf, type ArrayOf, type NdArray } from "./types.ts";
import { PART_SIZE, type PartsWork, runWork, runWorkSync, threadsForCheap } from "./work.ts";

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

const optionNames: OptionNames<RandomArrayOptions> = {
  seed: true,
  generator: true,
  dtype: true,
  numThreads: true,
};

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
export async function random<Type extends FractionType = "float64">(
  shape: readonly number[],
  options: RandomArrayOptions<Type> = {},
): Promise<NdArray<ArrayOf<Type>>> {
  return await runWork(plan(shape, options)) as unknown as NdArray<ArrayOf<Type>>;
}

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
export function randomSync<Type extends FractionType = "float64">(
  shape: readonly number[],
  options: RandomArrayOptions<Type> = {},
): NdArray<ArrayOf<Type>> {
  return runWorkSync(plan(shape, options)) as unknown as NdArray<ArrayOf<Type>>;
}

interface Context {
  data: ArrayOf<FractionType>;
  /** State of each part's generator, four words each. */
  states: Int32Array;
}

const fillPart = task(import.meta, (part: number, { data, states }: Context): void => {
  const state = [...states.subarray(4 * part, 4 * part + 4)] as unknown as RandomState;
  Random.fromState(state).fill(data.subarray(part * PART_SIZE, (part + 1) * PART_SIZE));
});

function plan(
  shape: readonly number[],
  options: RandomArrayOptions<FractionType>,
): PartsWork<Context, NdArray> {
  checkOptions("make random array", options, optionNames);
  const { seed, generator, dtype = "float64", numThreads } = options;
  const size = sizeOf(shape, "random");
  if (generator !== undefined && !isInstance(generator, Random)) {
    throw wrongType("make random array", "generator", "a Random", generator);
  }
  const threads = threadsForCheap(size, numThreads);
  arrayClassOf(dtype);
  if (!dtype.startsWith("float")) {
    throw wrongType("make random array", "dtype", "a floating-point type", dtype);
  }
  if (seed !== undefined && generator !== undefined) {
    throw new TypeError("Cannot make random array: only one of seed and generator may be given");
  }
  const array = makeZeros(shape, dtype); // first: there may not be as much memory
  const parts = Math.ceil(size / PART_SIZE);
  const states = makeZeros([4 * parts], "int32").data as Int32Array;
  let stream = generator === undefined ? new Random(seed) : generator.spawn(1)[0];
  for (let part = 0; part < parts; part++) {
    states.set(stream.state, 4 * part);
    stream = stream.jumped();
  }
  const data = array.data as ArrayOf<FractionType>;
  return {
    parts,
    body: fillPart,
    context: { data, states },
    threads,
    finish: () => array,
  };
}
