/**
 * Functions that divide arrays into views, for workers to write to.
 *
 * @module
 */

import { checkInteger, isArray, wrongType } from "../arguments/values.ts";
import { checkArray, checkAxis, makeView } from "./array.ts";
import type { AnyNdArrayData, NdArray } from "./types.ts";

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
export function split<Data extends AnyNdArrayData>(
  array: NdArray<Data>,
  sections: number | readonly number[],
  axis = 0,
): NdArray<Data>[] {
  const at = checkAxis(axis, checkArray(array, "split array").dimension, "split array");
  checkSections(sections, array.shape[at]);
  if (typeof sections === "number" && array.shape[at] % sections !== 0) {
    throw new RangeError(
      `Cannot split array: the length of axis ${at}, ${array.shape[at]}, cannot be divided by ` +
        `${sections}. Use arraySplit() for parts of different lengths`,
    );
  }
  return arraySplit(array, sections, at);
}

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
export function arraySplit<Data extends AnyNdArrayData>(
  array: NdArray<Data>,
  sections: number | readonly number[],
  axis = 0,
): NdArray<Data>[] {
  const at = checkAxis(axis, checkArray(array, "split array").dimension, "split array");
  const length = array.shape[at];
  checkSections(sections, length);
  const bounds = typeof sections === "number"
    ? evenBounds(length, sections)
    : [0, ...sections.map((index) => clampIndex(index, length)), length];
  return bounds.slice(1).map((end, part) => {
    const { data, stride, offset } = array;
    const start = bounds[part];
    const shape = array.shape.with(at, Math.max(end - start, 0));
    return makeView(data, shape, stride, offset + start * stride[at]);
  });
}

/** The most parts of an array that has fewer elements. */
const MAX_PARTS = 2 ** 16;

function checkSections(sections: unknown, length: number): void {
  const verb = "split array";
  if (typeof sections === "number") {
    return checkInteger(verb, "sections", sections, 1, Math.max(length, MAX_PARTS));
  }
  if (!isArray(sections)) {
    throw wrongType(verb, "sections", "a number of parts or an array of indices", sections);
  }
  sections.forEach((index, at) => checkInteger(verb, `sections[${at}]`, index));
}

function evenBounds(length: number, sections: number): number[] {
  const size = Math.floor(length / sections);
  const longer = length % sections;
  return Array.from(
    { length: sections + 1 },
    (_, part) => part * size + Math.min(part, longer),
  );
}

/** Clamps an index as Python's slices do; negative ones count from the end. */
function clampIndex(index: number, length: number): number {
  return Math.min(Math.max(index < 0 ? index + length : index, 0), length);
}
