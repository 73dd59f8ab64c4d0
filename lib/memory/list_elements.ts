/**
 * The elements of a list as JavaScript values: storing, reading and finding them.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { withMessage } from "./container.ts";
import { elementsOf, type ListAddress, replaceElements, unpinElement } from "./stored_list.ts";
import { isEncodedAs, readStored, storeMessage, undoStore } from "./stored_value.ts";

/** Address of an element of a list: a stored value. */
export type ElementAddress = Address<"stored value">;

/**
 * Stores a value as an element that is in no list yet.
 *
 * @param name the name of the value, for errors
 * @throws {DataCloneError} if the value cannot be copied into shared memory
 * @throws {MemoryError} if the shared heap is full
 */
export function storeElement(value: unknown, name: string): ElementAddress {
  return withMessage(value, name, (message) => storeMessage(message, 0));
}

/** Stores all items of an iterable, or none, as {@linkcode storeElement} does. */
export function storeElements(items: Iterable<unknown>): ElementAddress[] {
  const elements: number[] = [];
  try {
    for (const item of items) elements.push(storeElement(item, `items[${elements.length}]`));
  } catch (error) {
    elements.forEach(discardElement);
    throw error;
  }
  return elements;
}

/** Undoes {@linkcode storeElement}, because no list took the element. */
export function discardElement(element: ElementAddress): void {
  undoStore(element, 0);
}

/** Decodes an element that is pinned. */
export function readElement(element: ElementAddress): unknown {
  return readStored(element, 0);
}

/** Decodes an element that is pinned, and releases the pin. */
export function readAndUnpinElement(element: ElementAddress): unknown {
  try {
    return readStored(element, 0);
  } finally {
    unpinElement(element);
  }
}

/**
 * Replaces the elements from index `start` up to `end`.
 *
 * @returns the new length of the list
 * @throws {MemoryError} if the shared heap is full; nothing is changed, and the new elements are
 *   freed
 */
export function putElements(
  list: ListAddress,
  start: number,
  end: number,
  elements: ElementAddress[],
): number {
  let result: ReturnType<typeof replaceElements>;
  try {
    result = replaceElements(list, start, end, elements);
  } catch (error) {
    elements.forEach(discardElement);
    throw error;
  }
  result.removed.forEach(unpinElement);
  return result.length;
}

/** Which elements {@linkcode indicesOf} returns. */
export interface Search {
  /** Maximum number of indices. */
  limit: number;
  /** Index of the first element to compare. */
  start?: number;
  /** Index after the last element to compare. */
  end?: number;
  /** Called for each index that is found, with the element, which is pinned. */
  onFound?: (index: number, element: ElementAddress) => void;
}

/**
 * Returns the indices of the elements that are encoded as the value, in one snapshot of the list.
 */
export function indicesOf(
  list: ListAddress,
  value: unknown,
  { limit, start = 0, end = Infinity, onFound }: Search,
): number[] {
  const found: number[] = [];
  const search = (isEqual: (element: ElementAddress) => boolean) => {
    const { elements, from } = elementsOf(list, start, end);
    for (let at = 0; at < elements.length && found.length < limit; at++) {
      if (!isEqual(elements[at])) continue;
      found.push(from + at);
      onFound?.(from + at, elements[at]);
    }
    elements.forEach(unpinElement);
  };
  withMessage(value === 0 ? 0 : value, "value", (message) => {
    if (value === 0) { // 0 and -0 are equal, but their encodings differ
      withMessage(-0, "value", (negative) => {
        search((element) => isEncodedAs(element, message) || isEncodedAs(element, negative));
      });
    } else {
      search((element) => isEncodedAs(element, message));
    }
    message.discard();
  });
  return found;
}
