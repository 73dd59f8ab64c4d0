// The declarations of lib/loops/prefix_sum.ts

import type { DefaultArray, PrefixSumOptions } from "./expression_options.d.ts";
import type { BigintTypedArray, NumberTypedArray, TypedArrayOf } from "./expression_tree.d.ts";
import type { AbortOptions } from "./parallel_for.d.ts";

/** The type of the elements of a typed array. */
export type ElementOfTypedArray<Source> = Source extends BigintTypedArray ? bigint : number;

/**
 * Computes the sum of all elements up to and including each.
 *
 * The result is the same, bit for bit, for any number of isolates. Sums of floating-point numbers may
 * differ in the last digits from those of a plain loop.
 *
 * Follows `numpy.cumsum`.
 *
 * @param source a typed array on shared memory
 * @returns `into`, or a new array on shared memory
 * @throws {TypeError} if `source` or `into` is not on shared memory
 * @throws {RangeError} if `into` has another number of elements
 *
 * @example In place
 * ```ts
 * import { prefixSum, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * const counts = sharedArray("int32", [3, 1, 4, 1, 5]);
 * await prefixSum(counts, { into: counts });
 * assertEquals([...counts], [3, 4, 8, 9, 14]);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 */
export declare function prefixSum<
  Source extends NumberTypedArray | BigintTypedArray,
  Target extends TypedArrayOf<ElementOfTypedArray<Source>> = DefaultArray<
    ElementOfTypedArray<Source>
  >,
>(source: Source, options?: PrefixSumOptions<Target> & AbortOptions): Promise<Target>;

/**
 * Computes as {@linkcode prefixSum} does, blocking the calling isolate, which runs chunks too.
 *
 * @throws as {@linkcode prefixSum}
 */
export declare function prefixSumSync<
  Source extends NumberTypedArray | BigintTypedArray,
  Target extends TypedArrayOf<ElementOfTypedArray<Source>> = DefaultArray<
    ElementOfTypedArray<Source>
  >,
>(source: Source, options?: PrefixSumOptions<Target>): Target;

export {};
