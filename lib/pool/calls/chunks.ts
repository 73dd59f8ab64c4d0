/**
 * Cutting the input of a map into chunks.
 *
 * @module
 */

import { checkPositiveInteger } from "../../arguments/options.ts";
import {
  checkNotTransferred,
  hasMethod,
  isArray,
  isIterable,
  wrongType,
} from "../../arguments/values.ts";

/** Input of a map. Arrays and typed arrays are not copied before they are sent. */
export type Items<T> = Iterable<T>;

/** Returns the default number of items in a chunk: four chunks for each worker, as in Python. */
export function defaultChunkSize(items: number, workers: number): number {
  return Math.max(1, Math.ceil(items / (4 * workers)));
}

/**
 * Checks the option `chunkSize`.
 *
 * @throws {RangeError} if it is not an integer of at least 1
 */
export function checkChunkSize(chunkSize: number | undefined): void {
  if (chunkSize !== undefined) checkPositiveInteger("map", "chunkSize", chunkSize);
}

/**
 * Returns the items as an array or a typed array.
 *
 * @throws {TypeError} if they are not iterable
 */
export function withLength<T>(items: Items<T>): readonly T[] {
  if (isArray(items)) return items as readonly T[];
  if (ArrayBuffer.isView(items) && !(items instanceof DataView)) {
    checkNotTransferred("map", "items", items);
    return items as unknown as readonly T[];
  }
  if (typeof items !== "string" && !isIterable(items)) {
    const isAsync = hasMethod(items, Symbol.asyncIterator);
    const advice = isAsync ? "For an async iterable use imap()" : "For one item write [item]";
    throw wrongType("map", "items", "an array or another iterable", items, advice);
  }
  return [...items];
}

/**
 * Checks that each item can be spread into the arguments of a call.
 *
 * @throws {TypeError} if an item is not iterable
 */
export function checkSpread(items: readonly unknown[]): void {
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (isArray(item) || typeof item === "string" || isIterable(item)) continue;
    const advice = "For functions of one argument use map()";
    throw wrongType("map", `items[${at}]`, "an array of arguments", item, advice);
  }
}
