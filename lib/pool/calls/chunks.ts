/**
 * Cutting the input of a map into chunks.
 *
 * @module
 */

import { describe } from "../../arguments/describe.ts";

/** What a map takes items from; arrays and typed arrays are not copied first. */
export type Items<T> = Iterable<T>;

/**
 * Number of items in a chunk when the caller does not say: four chunks for each worker, as in
 * Python's `Pool.map`.
 */
export function defaultChunkSize(items: number, workers: number): number {
  return Math.max(1, Math.ceil(items / (4 * workers)));
}

/**
 * Checks a chunk size that the caller gave.
 *
 * @throws {RangeError} if it is not a whole number of at least 1
 */
export function checkChunkSize(chunkSize: number | undefined): void {
  if (chunkSize === undefined || (Number.isInteger(chunkSize) && chunkSize >= 1)) return;
  throw new RangeError(
    `Cannot cut into chunks: chunkSize must be a whole number of at least 1, not ${
      describe(chunkSize)
    }`,
  );
}

/**
 * The items as something with a length.
 *
 * @throws {TypeError} if they cannot be iterated
 */
export function sized<T>(items: Items<T>): readonly T[] {
  if (Array.isArray(items)) return items;
  if (ArrayBuffer.isView(items) && !(items instanceof DataView)) {
    return items as unknown as readonly T[];
  }
  if (typeof (items as Partial<Items<T>> | undefined)?.[Symbol.iterator] !== "function") {
    throw new TypeError(
      `Cannot map: items must be iterable, not ${items === null ? "null" : typeof items}`,
    );
  }
  return [...items];
}

/**
 * Checks that each item is what a call can be given as its arguments.
 *
 * @throws {TypeError} if one cannot be iterated
 */
export function checkSpread(items: readonly unknown[]): void {
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as Partial<Iterable<unknown>> | null | undefined;
    if (typeof item?.[Symbol.iterator] === "function") continue;
    throw new TypeError(
      `Cannot map: items[${at}] must be an array of arguments, not ${
        item === null ? "null" : typeof item
      }. For functions of one argument use map()`,
    );
  }
}
