/**
 * The indices of a loop.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";

/** The whole numbers from `start` up to `stop`, `step` apart: what a loop runs over. */
export class Range implements Iterable<number> {
  /** The first index. */
  readonly start: number;
  /** The end, which is not an index itself. */
  readonly stop: number;
  /** The distance between two indices; negative to count down. */
  readonly step: number;
  /** Number of indices. */
  readonly length: number;

  /** Made by {@linkcode prange}. */
  constructor(start: number, stop: number, step: number) {
    for (const [name, value] of [["start", start], ["stop", stop], ["step", step]] as const) {
      if (Number.isSafeInteger(value)) continue;
      const fault = typeof value === "number" ? RangeError : TypeError;
      throw new fault(`Cannot make range: ${name} must be a whole number, not ${describe(value)}`);
    }
    if (step === 0) {
      throw new RangeError("Cannot make range: step must not be 0, or the loop would never end");
    }
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.length = Math.max(Math.ceil((stop - start) / step), 0);
  }

  /** The indices, one by one. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.length; at++) yield this.start + at * this.step;
  }
}

/**
 * The indices of a parallel loop, as Python's `range` counts them.
 *
 * It can be iterated over as well, one by one, which is the loop without the parallelism.
 *
 * Follows `numba.prange`.
 *
 * @param startOrStop the first index, or the end if it is the only argument
 * @param stop the end, which is not an index itself
 * @param step the distance between two indices; negative to count down
 * @throws {RangeError} if one is no whole number, or `step` is 0
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
