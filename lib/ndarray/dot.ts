/**
 * Products of vectors.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { task } from "../codec/task.ts";
import type { AbortOptions } from "../loops/parallel_for.ts";
import { isShared } from "./array.ts";
import { asyncNames, checkFactor, type ProductOptions, syncNames, VERB } from "./factors.ts";
import { dotRun, gatherPlace, type Place, placeOf, reduceWalk } from "./kernels.ts";
import type { NdArray, NdArrayData } from "./types.ts";
import { Walk } from "./walk.ts";
import {
  makePartials,
  PART_SIZE,
  type PartsWork,
  runWork,
  runWorkSync,
  threadsForCheap,
} from "./work.ts";

/**
 * Returns the sum of the products of the elements of two arrays of one axis.
 *
 * - Products are computed and added as `float64`, in pairs, as `sum` does. So the result is the same, bit for
 *   bit, for any number of isolates and any strides.
 * - Long arrays on shared memory are divided among the loop workers.
 *
 * Follows `numpy.dot` for arrays of one axis. For more axes there is {@linkcode matmul}.
 *
 * @throws {RangeError} if the arrays have not one axis each, of the same length
 * @throws {TypeError} if one of them is not an ndarray of numbers, or an option is unknown
 * @throws the reason of `signal`, if that is aborted first
 *
 * @example Two vectors
 * ```ts
 * import { dot, fromArray } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await dot(fromArray([1, 2, 3]), fromArray([4, 5, 6])), 32);
 * ```
 */
export async function dot(
  a: NdArray<NdArrayData>,
  b: NdArray<NdArrayData>,
  options: ProductOptions & AbortOptions = {},
): Promise<number> {
  checkOptions(VERB, options, asyncNames);
  return await runWork(plan(a, b, options), options.signal);
}

/**
 * Multiplies as {@linkcode dot} does, blocking the isolate, which computes parts too.
 *
 * @throws as {@linkcode dot}
 *
 * @example The length of a vector
 * ```ts
 * import { dotSync, fromArray } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const vector = fromArray([3, 4]);
 * assertEquals(Math.sqrt(dotSync(vector, vector)), 5);
 * ```
 */
export function dotSync(
  a: NdArray<NdArrayData>,
  b: NdArray<NdArrayData>,
  options: ProductOptions = {},
): number {
  checkOptions(VERB, options, syncNames);
  return runWorkSync(plan(a, b, options));
}

interface Context {
  a: NdArray;
  b: NdArray;
  /** The sum of each part. */
  partials: NdArrayData;
}

function plan(a: NdArray, b: NdArray, { numThreads }: ProductOptions): PartsWork<Context, number> {
  checkFactor(a, "a");
  checkFactor(b, "b");
  for (const [name, { dimension }] of [["a", a], ["b", b]] as const) {
    if (dimension === 1) continue;
    throw new RangeError(
      `Cannot ${VERB}: ${name} must have one axis, not ${dimension}. For matrices use matmul()`,
    );
  }
  if (a.size !== b.size) {
    throw new RangeError(
      `Cannot ${VERB}: shapes [${a.shape}] and [${b.shape}] do not match: a must have as many ` +
        "elements as b",
    );
  }
  const wanted = threadsForCheap(a.size, numThreads, true);
  const parts = Math.ceil(a.size / PART_SIZE);
  const sums = makePartials(parts, "float64");
  return {
    parts,
    body: dotPart,
    context: { a, b, partials: sums.data },
    threads: isShared(a) && isShared(b) ? wanted : 1,
    finish: () => parts === 0 ? 0 : reduceWalk("sum", sums, new Walk([parts], [sums]), 0, parts),
  };
}

const dotPart = task(import.meta, (part: number, { a, b, partials }: Context): void => {
  const from = part * PART_SIZE;
  const to = Math.min(from + PART_SIZE, a.size);
  const left = placeOfPart(a, from, to, 0);
  const right = placeOfPart(b, from, to, PART_SIZE * Float64Array.BYTES_PER_ELEMENT);
  partials[part] = dotRun(left, right, to - from);
});

/** Returns the place of the elements of a part, which are copied to `offset` unless they have no gaps. */
function placeOfPart(array: NdArray, from: number, to: number, offset: number): Place {
  const walk = new Walk(array.shape, [array]);
  const place = walk.steps[0] === 1 ? placeOf(array, array.offset + from) : undefined;
  return place ?? gatherPlace(array, walk, from, to, offset);
}
