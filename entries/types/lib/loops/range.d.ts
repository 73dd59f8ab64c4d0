// The declarations of lib/loops/range.ts

/** The integers from `start` to `stop`, exclusive, in steps of `step`: the indices of a loop. */
export declare class Range implements Iterable<number> {
  /** The first index. */
  readonly start: number;
  /** The end, which is not an index. */
  readonly stop: number;
  /** The difference between two consecutive indices; negative to count down. */
  readonly step: number;
  /** Number of indices. */
  readonly length: number;
  /** Use {@linkcode prange} instead. */
  constructor(start: number, stop: number, step: number);
  /** Iterates over the indices. */
  [Symbol.iterator](): Generator<number>;
}

/**
 * Returns the indices of a parallel loop, the same as those of Python's `range`.
 *
 * The range is iterable too: a plain `for` loop over it has the same indices.
 *
 * Follows `numba.prange`.
 *
 * @param startOrStop the first index, or the end if it is the only argument
 * @param stop the end, which is not an index
 * @param step the difference between two consecutive indices; negative to count down
 * @throws {RangeError} if one of them is not a safe integer, or `step` is 0
 * @throws {TypeError} if one of them is not a number
 *
 * @example Counting
 * ```ts
 * import { prange } from "@sauropod/multiprocessing/loops";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...prange(4)], [0, 1, 2, 3]);
 * assertEquals([...prange(10, 4, -2)], [10, 8, 6]);
 * assertEquals(prange(0, 10, 3).length, 4);
 * ```
 */
export declare function prange(startOrStop: number, stop?: number, step?: number): Range;

export {};
