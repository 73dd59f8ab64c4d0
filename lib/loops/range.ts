/**
 * The indices of a loop.
 *
 * @module
 */

import { wrongValue } from "../arguments/values.ts";

/** The integers from `start` to `stop`, exclusive, in steps of `step`: the indices of a loop. */
export class Range implements Iterable<number> {
  /** The first index. */
  readonly start: number;
  /** The end, which is not an index. */
  readonly stop: number;
  /** The difference between two consecutive indices; negative to count down. */
  readonly step: number;
  /** Number of indices. */
  readonly length: number;

  /** Use {@linkcode prange} instead. */
  constructor(start: number, stop: number, step: number) {
    for (const [name, value] of [["start", start], ["stop", stop], ["step", step]] as const) {
      if (Number.isSafeInteger(value)) continue;
      throw wrongValue("number", "make range", name, "an integer", value);
    }
    if (step === 0) {
      throw new RangeError("Cannot make range: step must not be 0, or the loop would never end");
    }
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.length = Math.max(Math.ceil((stop - start) / step), 0);
  }

  /** Iterates over the indices. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.length; at++) yield this.start + at * this.step;
  }
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
export function prange(startOrStop: number, stop?: number, step = 1): Range {
  return stop === undefined ? new Range(0, startOrStop, step) : new Range(startOrStop, stop, step);
}
