// The declarations of lib/ndarray/split.ts

import type { AnyNdArrayData, NdArray } from "./types.d.ts";

/**
 * Divides an array into equal parts along an axis, or at the given indices.
 *
 * Follows `numpy.split`.
 *
 * @param array the array
 * @param sections the number of parts, or the start index of each part but the first
 * @param axis the axis to divide; negative ones count from the last
 * @returns views of the parts
 * @throws {RangeError} if the axis cannot be divided into equal parts, or `axis` is out of range
 *
 * @example A part for each of two workers
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { arange, split, tolist } from "@sauropod/multiprocessing/ndarray";
 * import type { NdArray } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const numbers = arange(4);
 * await using pool = new Pool(2);
 * await pool.map((part: NdArray) => {
 *   for (let i = 0; i < part.size; i++) part.set(i, part.get(i) ** 2);
 * }, split(numbers, 2));
 * assertEquals(tolist(numbers), [0, 1, 4, 9]);
 * ```
 */
export declare function split<Data extends AnyNdArrayData>(
  array: NdArray<Data>,
  sections: number | readonly number[],
  axis?: number,
): NdArray<Data>[];

/**
 * Divides an array into parts along an axis. If the lengths cannot be equal, the first parts are longer
 * by one; if there are too few elements, the last parts are empty.
 *
 * Follows `numpy.array_split`.
 *
 * @param array the array
 * @param sections the number of parts, or the start index of each part but the first
 * @param axis the axis to divide; negative ones count from the last
 * @returns views of the parts
 * @throws {RangeError} if the number of parts is not an integer of at least 1, an index is not an
 * integer, or `axis` is out of range
 *
 * @example Three parts of eight numbers
 * ```ts
 * import { arange, arraySplit, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(arraySplit(arange(8), 3).map(tolist), [[0, 1, 2], [3, 4, 5], [6, 7]]);
 * assertEquals(arraySplit(arange(8), [3, 7]).map(tolist), [[0, 1, 2], [3, 4, 5, 6], [7]]);
 * ```
 */
export declare function arraySplit<Data extends AnyNdArrayData>(
  array: NdArray<Data>,
  sections: number | readonly number[],
  axis?: number,
): NdArray<Data>[];

export {};
