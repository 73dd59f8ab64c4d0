// The declarations of lib/loops/parallel_reduce.ts

import type { Range } from "./range.d.ts";
import type { AccumulatorArray, LoopOperator } from "./reduction.d.ts";
import type { AbortOptions, EmptyObject, LoopOptions } from "./parallel_for.d.ts";

/** Options of every reduction. */
export interface LoopReduceOptions<Context extends object, Constants extends object>
  extends LoopOptions<Context, Constants> {
  /**
   * Whether the result is the same, bit for bit, for any number of isolates and any timing: the
   * values are combined in a fixed tree. It may differ from the result of a plain loop, which adds
   * one by one; adding in pairs has the smaller error.
   *
   * @default {false}
   */
  deterministic?: boolean | undefined;
}

/** Options of a reduction of numbers. */
export interface NumberReduceOptions<Context extends object, Constants extends object>
  extends LoopReduceOptions<Context, Constants> {
  /** The operator that combines two values. */
  combine: LoopOperator;
  /**
   * The value that changes no value it is combined with; for `"min"` and `"max"`, any bound of the
   * values.
   *
   * @default {0 for "+", 1 for "*", Infinity for "min", -Infinity for "max"}
   */
  identity?: number | undefined;
}

/** Options of a reduction into an array. */
export interface ArrayReduceOptions<
  A extends AccumulatorArray,
  Context extends object,
  Constants extends object,
> extends LoopReduceOptions<Context, Constants> {
  /** The operator that combines two elements. */
  combine: LoopOperator;
  /**
   * An array of elements that change no value they are combined with: each worker starts with a copy.
   */
  identity: A;
}

/** Options of a reduction of values of any kind. */
export interface ValueReduceOptions<V, Context extends object, Constants extends object>
  extends LoopReduceOptions<Context, Constants> {
  /**
   * Combines two values. An associative function: a task, or one that uses nothing outside itself.
   */
  combine: (left: V, right: V) => V;
  /** The value that changes no value it is combined with. */
  identity: V;
}

/**
 * Runs `body` for each index of a range, on all cores, and combines what it returns.
 *
 * - If `combine` is an operator (`"+"`, `"*"`, `"min"`, `"max"`), the body returns numbers.
 * - If, in addition, `identity` is an array, the body gets a private array as third argument and
 *   updates it; the arrays of all workers are combined element by element.
 * - If `combine` is a function, the body returns values of any kind that can cross.
 * - The last digits of a sum of floating-point numbers depend on the order of additions, and so on
 *   timing; `deterministic` fixes the order. A body that runs as WebAssembly has each lane of its vectors add
 *   up a part of a chunk.
 * - Everything else is as in {@linkcode parallelFor}.
 *
 * Follows the reductions of `numba.prange`, and OpenMP's `reduction` clause.
 *
 * @param range a range, or the number of indices from 0 on
 * @throws {RangeError} if `identity` is NaN, or not the identity of the operator
 * @throws {TypeError} if the body returns a value of another type than `combine` needs, or an option
 * is unknown
 * @throws as {@linkcode parallelFor}
 *
 * @example An integral
 * ```ts
 * import { parallelReduce, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const points = 100_000;
 * const dx = 2 / points;
 * const sum = await parallelReduce(points, (i, { dx }) => {
 *   const x = i * dx;
 *   return x * x - x;
 * }, { combine: "+", context: { dx } });
 * assertAlmostEquals(sum * dx, 2 / 3, 1e-4);
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 *
 * @example A histogram
 * ```ts
 * import { parallelReduce, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const counts = await parallelReduce(1000, (i, _context, counts) => {
 *   counts[i % 10]++;
 * }, { combine: "+", identity: new Int32Array(10) });
 * assertEquals([...counts], Array(10).fill(100));
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 *
 * @example The longest word
 * ```ts
 * import { parallelReduce, stopTeam } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * const words = ["to", "two", "three"];
 * const longest = await parallelReduce(words.length, (i, { words }) => words[i], {
 *   combine: (left, right) => right.length > left.length ? right : left,
 *   identity: "",
 *   context: { words },
 * });
 * assertEquals(longest, "three");
 * await stopTeam(); // only tests need it: the team does not keep a program alive
 * ```
 */
export declare function parallelReduce<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => number,
  options: NumberReduceOptions<Context, Constants> & AbortOptions,
): Promise<number>;

/** Reduces into a private array of each worker; these are combined element by element. */
export declare function parallelReduce<
  A extends AccumulatorArray,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants, result: A) => void,
  options: ArrayReduceOptions<A, Context, Constants> & AbortOptions,
): Promise<A>;

/** Combines values of any kind by a function. */
export declare function parallelReduce<
  V,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => V,
  options: ValueReduceOptions<V, Context, Constants> & AbortOptions,
): Promise<V>;

/**
 * Runs a reduction as {@linkcode parallelReduce} does, blocking the calling isolate, which runs chunks
 * too.
 *
 * @throws as {@linkcode parallelReduce}
 */
export declare function parallelReduceSync<
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => number,
  options: NumberReduceOptions<Context, Constants>,
): number;

/** Reduces into a private array of each worker; these are combined element by element. */
export declare function parallelReduceSync<
  A extends AccumulatorArray,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants, result: A) => void,
  options: ArrayReduceOptions<A, Context, Constants>,
): A;

/** Combines values of any kind by a function. */
export declare function parallelReduceSync<
  V,
  Context extends object = EmptyObject,
  Constants extends object = EmptyObject,
>(
  range: Range | number,
  body: (index: number, context: Context & Constants) => V,
  options: ValueReduceOptions<V, Context, Constants>,
): V;

export {};
