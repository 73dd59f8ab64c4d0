/**
 * An array in the shared heap. Its elements are stored values.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `GUARD` | guards all other words | `enter`, `leave` |
 * | `LENGTH` | number of elements; read without the guard | inside `GUARD` |
 * | `BLOCK` | address of the block with the addresses of the elements; 0: none yet | inside `GUARD` |
 * | `FIRST` | address of the word in it that has the first element | inside `GUARD` |
 * | `CAPACITY` | number of elements that it has room for from there on | inside `GUARD` |
 * | `VERSION` | number of changes, modulo 2^32 | inside `GUARD` |
 *
 * The sections inside the guard move addresses, never values (see `stored_value.ts`): shifting a
 * million elements, to make room at the front, takes about a millisecond. Removing elements at the
 * front moves `FIRST` instead. A section that needs more room allocates it before it changes anything,
 * so no section fails halfway.
 *
 * Negative indices count from the end. They are resolved inside the guard, since the length may
 * change before.
 *
 * @module
 */

import type { ElementAddress } from "./list_elements.ts";
import type { Address } from "../heap/address.ts";
import { enter, leave } from "../heap/guard.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { pin, unpin } from "./stored_value.ts";

/** Address of a list. */
export type ListAddress = Address<"list">;

const GUARD = 0;
const LENGTH = 1;
const BLOCK = 2;
const FIRST = 3;
const CAPACITY = 4;
const VERSION = 5;

/** Number of words that a list takes in the block of its object. */
export const LIST_WORDS = 6;

const INITIAL_CAPACITY = 14;

/** Returns the number of elements at this moment. */
export function lengthOf(list: ListAddress): number {
  return Atomics.load(i32, list + LENGTH);
}

/** Frees the elements of a list that no isolate can reach. */
export function destroyList(list: ListAddress): void {
  const first = i32[list + FIRST];
  for (let at = 0; at < i32[list + LENGTH]; at++) unpinElement(i32[first + at]);
  if (i32[list + BLOCK] !== 0) free(i32[list + BLOCK]);
}

/** Releases a pin of an element: see {@linkcode unpin}. */
export function unpinElement(stored: ElementAddress): void {
  unpin(stored, 0);
}

/** Returns the element at an index, pinned; 0 if there is none. */
export function pinElement(list: ListAddress, index: number): ElementAddress {
  enter(list + GUARD);
  try {
    const at = resolve(list, index);
    if (at < 0) return 0;
    const stored = i32[i32[list + FIRST] + at];
    pin(stored);
    return stored;
  } finally {
    leave(list + GUARD);
  }
}

/** A snapshot of elements of a list. */
export interface Elements {
  /** The elements, pinned. */
  elements: ElementAddress[];
  /** Index of the first of them. */
  from: number;
  /** The version of the list. */
  version: number;
}

/** Returns the elements from index `start` up to `end`, pinned. Both are clamped to the list. */
export function elementsOf(list: ListAddress, start = 0, end = Infinity): Elements {
  enter(list + GUARD);
  try {
    const length = i32[list + LENGTH];
    const from = clamp(start, length);
    const first = i32[list + FIRST];
    const elements = Array.from(i32.subarray(first + from, first + clamp(end, length)));
    elements.forEach(pin);
    return { elements, from, version: i32[list + VERSION] };
  } finally {
    leave(list + GUARD);
  }
}

/**
 * Replaces an element.
 *
 * @param stored the new element
 * @param expected an element that is pinned: the new one replaces this one only; 0: it replaces any
 * @returns the replaced element, with the pin of the list; -1 if it was not the expected one; 0 if
 *   there is no element at the index
 */
export function exchangeElement(
  list: ListAddress,
  index: number,
  stored: ElementAddress,
  expected = 0,
): number {
  enter(list + GUARD);
  try {
    const at = resolve(list, index);
    if (at < 0) return 0;
    const word = i32[list + FIRST] + at;
    const found = i32[word];
    if (expected !== 0 && found !== expected) return -1;
    i32[word] = stored;
    incrementVersion(list);
    return found;
  } finally {
    leave(list + GUARD);
  }
}

/**
 * Reorders all elements, if the list has not changed since `version`.
 *
 * @param elements the elements in their new order
 * @returns whether they were reordered
 */
export function reorder(
  list: ListAddress,
  elements: readonly ElementAddress[],
  version: number,
): boolean {
  enter(list + GUARD);
  try {
    if (i32[list + VERSION] !== version) return false;
    i32.set(elements, i32[list + FIRST]);
    incrementVersion(list);
    return true;
  } finally {
    leave(list + GUARD);
  }
}

/** Reverses the order of the elements. */
export function reverseList(list: ListAddress): void {
  enter(list + GUARD);
  const first = i32[list + FIRST];
  i32.subarray(first, first + i32[list + LENGTH]).reverse();
  incrementVersion(list);
  leave(list + GUARD);
}

/**
 * Replaces the elements from index `start` up to `end`. Both are clamped to the list.
 *
 * @param elements the new elements, any number of them
 * @returns the replaced elements, with the pins of the list, and the new length of the list
 * @throws {MemoryError} if the shared heap is full; nothing is changed
 */
export function replaceElements(
  list: ListAddress,
  start: number,
  end: number,
  elements: readonly ElementAddress[],
): { removed: number[]; length: number } {
  enter(list + GUARD);
  try {
    const length = i32[list + LENGTH];
    const from = clamp(start, length);
    const removed = splice(list, from, Math.max(clamp(end, length) - from, 0), elements);
    return { removed, length: i32[list + LENGTH] };
  } finally {
    leave(list + GUARD);
  }
}

/** Removes the element at an index and returns it, with the pin of the list; 0 if there is none. */
export function takeElement(list: ListAddress, index: number): ElementAddress {
  enter(list + GUARD);
  try {
    const at = resolve(list, index);
    return at < 0 ? 0 : splice(list, at, 1, [])[0];
  } finally {
    leave(list + GUARD);
  }
}

/** Removes the element at an index if it is `expected`, which is pinned. Returns whether it did. */
export function takeElementIf(list: ListAddress, index: number, expected: ElementAddress): boolean {
  enter(list + GUARD);
  try {
    const still = index < i32[list + LENGTH] && i32[i32[list + FIRST] + index] === expected;
    if (still) splice(list, index, 1, []);
    return still;
  } finally {
    leave(list + GUARD);
  }
}

// Inside the guard

/** Resolves an index; negative if there is no element. */
function resolve(list: ListAddress, index: number): number {
  const length = i32[list + LENGTH];
  const at = index < 0 ? index + length : index;
  return at < length ? at : -1;
}

/** Resolves an index, clamped to 0..length. */
function clamp(index: number, length: number): number {
  return index < 0 ? Math.max(index + length, 0) : Math.min(index, length);
}

/** Replaces `count` elements from `at` on, and returns them. */
function splice(
  list: ListAddress,
  at: number,
  count: number,
  added: readonly ElementAddress[],
): number[] {
  const length = i32[list + LENGTH];
  const newLength = length - count + added.length;
  if (newLength > i32[list + CAPACITY]) makeRoom(list, newLength);
  const first = i32[list + FIRST];
  const removed: number[] = [];
  for (let index = at; index < at + count; index++) removed.push(i32[first + index]);
  if (at === 0 && added.length === 0) {
    i32[list + FIRST] = first + count;
    i32[list + CAPACITY] -= count;
  } else if (count !== added.length && at + count < length) {
    i32.copyWithin(first + at + added.length, first + at + count, first + length);
  }
  for (let index = 0; index < added.length; index++) i32[first + at + index] = added[index];
  Atomics.store(i32, list + LENGTH, newLength);
  incrementVersion(list);
  return removed;
}

/**
 * Makes room for at least `needed` elements: by moving them to the front of the block, if half of it is free
 * then, or to a larger one.
 */
function makeRoom(list: ListAddress, needed: number): void {
  const [old, first, length] = [i32[list + BLOCK], i32[list + FIRST], i32[list + LENGTH]];
  const size = i32[list + CAPACITY] + first - old;
  const fits = needed * 2 <= size;
  const capacity = fits ? size : Math.max(needed, 2 * size + 2, INITIAL_CAPACITY);
  const block = fits ? old : allocate(capacity * 4);
  i32.copyWithin(block, first, first + length);
  if (!fits && old !== 0) free(old);
  i32[list + BLOCK] = block;
  i32[list + FIRST] = block;
  i32[list + CAPACITY] = capacity;
}

function incrementVersion(list: ListAddress): void {
  i32[list + VERSION] = (i32[list + VERSION] + 1) | 0;
}
