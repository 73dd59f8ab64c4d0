// The declarations of lib/ndarray/vectorize.ts

import type { AbortOptions } from "../loops/parallel_for.d.ts";
import type {
  ArrayOf,
  BigDataType,
  BigNdArrayData,
  DataType,
  ElementOf,
  NdArray,
  NdArrayData,
} from "./types.d.ts";

/** Options of {@linkcode vectorize}. */
export interface VectorizeOptions<Type extends DataType | BigDataType> {
  /**
   * Type of the elements of the result.
   *
   * @default {"float64"}
   */
  dtype?: Type | undefined;
  /**
   * Number of isolates that call the function; 1 runs a plain loop in the caller.
   *
   * @default {getNumThreads()}
   */
  numThreads?: number | undefined;
}

/** The arguments of a vectorized function: an array or a single element for each parameter. */
export type VectorizedArguments<Args extends readonly (number | bigint)[]> = {
  [K in keyof Args]: Args[K] extends bigint ? bigint | NdArray<BigNdArrayData>
    : number | NdArray<NdArrayData>;
};

/**
 * Turns a function of numbers into a function of arrays, which calls it for each element, or for the
 * elements of several arrays at the same index, on all cores.
 *
 * - Arrays of different shapes, and single numbers, are broadcast, as by `broadcastTo`.
 * - `fn` is a task, or a function that uses nothing but its arguments. It is called in any order.
 * - Arrays that are not on shared memory are copied to it first.
 * - If `fn` computes with nothing but numbers and `Math`, it runs as WebAssembly over arrays without gaps, and
 *   numbers. Its results are the same.
 * - The first error of `fn` ends the call; its stack names `fn` and the index of the element in the
 *   result, in C order.
 *
 * Follows `numpy.vectorize`, which is a loop on one core. The type of the result is not inferred from
 * its first element.
 *
 * @param fn takes elements and returns one
 * @returns a function that resolves with a new array on shared memory
 * @throws {TypeError} if `fn` is not a function, `dtype` is unknown, or an option does not exist
 * @throws the reason of `signal`, when called, if that is aborted first
 *
 * @example Squares, and sums of rows and columns
 * ```ts
 * import { stopTeam } from "@sauropod/multiprocessing/loops";
 * import { arange, fromArray, tolist, vectorize } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const square = vectorize((x: number) => x * x);
 * assertEquals(tolist(await square(arange(4))), [0, 1, 4, 9]);
 *
 * const add = vectorize((x: number, y: number) => x + y);
 * const column = fromArray([10, 20], [2, 1]);
 * assertEquals(tolist(await add(column, arange(3))), [[10, 11, 12], [20, 21, 22]]);
 * assertEquals(tolist(await add(arange(3), 0.5)), [0.5, 1.5, 2.5]);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 */
export declare function vectorize<
  Args extends (number | bigint)[],
  Type extends DataType | BigDataType = "float64",
>(
  fn: (...args: Args) => ElementOf<ArrayOf<Type>>,
  options?: VectorizeOptions<Type> & AbortOptions,
): (...arrays: VectorizedArguments<Args>) => Promise<NdArray<ArrayOf<Type>>>;

/**
 * Makes a function as {@linkcode vectorize} does, which blocks the isolate and runs parts in it too.
 *
 * @throws as {@linkcode vectorize}
 *
 * @example Square roots
 * ```ts
 * import { fromArray, tolist, vectorizeSync } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const root = vectorizeSync(Math.sqrt, { numThreads: 1 });
 * assertEquals(tolist(root(fromArray([1, 4, 9]))), [1, 2, 3]);
 * ```
 */
export declare function vectorizeSync<
  Args extends (number | bigint)[],
  Type extends DataType | BigDataType = "float64",
>(
  fn: (...args: Args) => ElementOf<ArrayOf<Type>>,
  options?: VectorizeOptions<Type>,
): (...arrays: VectorizedArguments<Args>) => NdArray<ArrayOf<Type>>;

export {};
