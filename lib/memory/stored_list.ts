/**
 * An array in the shared heap, whose elements are records.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `GUARD` | guards all the others | `enter`, `leave` |
 * | `LENGTH` | number of elements; read without the guard | inside `GUARD` |
 * | `CAPACITY` | number of elements for which `ELEMENTS` has room | inside `GUARD` |
 * | `ELEMENTS` | address of the block with the addresses of the records; 0: no room yet | inside `GUARD` |
 * | `VERSION` | counts changes, modulo 2^32 | inside `GUARD` |
 *
 * What is inside the guard moves addresses, never values (see `record.ts`): a million elements are
 * moved on, to make room at the front, in about a millisecond. Room for more is made before anything
 * is changed, so nothing can fail half-way.
 *
 * Positions are counted from the end if they are negative. They are resolved inside the guard, where
 * the length is what it is.
 *
 * @module
 */

import { enter, leave } from "../heap/guard.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { pin, unpin } from "./stored_value.ts";

const GUARD = 0;
const LENGTH = 1;
const CAPACITY = 2;
const ELEMENTS = 3;
const VERSION = 4;

/** Words that a list takes in its owner's block. */
export const LIST_WORDS = 5;

const FIRST_CAPACITY = 14;

/** Number of elements at this moment. */
export function lengthOf(list: number): number {
  return Atomics.load(i32, list + LENGTH);
}

/** Lets go of a list that nobody can reach. */
export function destroyList(list: number): void {
  const elements = i32[list + ELEMENTS];
  if (elements === 0) return;
  for (let at = 0; at < i32[list + LENGTH]; at++) unpinElement(i32[elements + at]);
  free(elements);
}

/** Takes back a pin of an element: see {@linkcode unpin}. */
export function unpinElement(record: number): void {
  unpin(record, 0);
}

/** The element at a position, pinned; 0 if there is none. */
export function pinElement(list: number, index: number): number {
  enter(list + GUARD);
  try {
    const at = resolve(list, index);
    if (at < 0) return 0;
    const record = i32[i32[list + ELEMENTS] + at];
    pin(record);
    return record;
  } finally {
    leave(list + GUARD);
  }
}

/** Elements of a list at one moment. */
export interface Elements {
  /** The elements, pinned. */
  records: number[];
  /** Index of the first of them. */
  from: number;
  /** The version of the list. */
  version: number;
}

/** The elements from `start` up to `end`, both brought into the list. */
export function elementsOf(list: number, start = 0, end = Infinity): Elements {
  enter(list + GUARD);
  try {
    const length = i32[list + LENGTH];
    const from = clamp(start, length);
    const elements = i32[list + ELEMENTS];
    const records = Array.from(i32.subarray(elements + from, elements + clamp(end, length)));
    records.forEach(pin);
    return { records, from, version: i32[list + VERSION] };
  } finally {
    leave(list + GUARD);
  }
}

/**
 * Puts a record in the place of an element.
 *
 * @param expected put it only if this element, which is pinned, is still there; 0: whichever is
 * @returns the element that was there, with the list's pin; -1 if it is another; 0 if there is none
 */
export function exchangeElement(
  list: number,
  index: number,
  record: number,
  expected = 0,
): number {
  enter(list + GUARD);
  try {
    const at = resolve(list, index);
    if (at < 0) return 0;
    const word = i32[list + ELEMENTS] + at;
    const found = i32[word];
    if (expected !== 0 && found !== expected) return -1;
    i32[word] = record;
    changed(list);
    return found;
  } finally {
    leave(list + GUARD);
  }
}

/**
 * Puts all elements into another order, if the list has not changed since `version`.
 *
 * @returns whether it has not
 */
export function reorder(list: number, records: readonly number[], version: number): boolean {
  enter(list + GUARD);
  try {
    if (i32[list + VERSION] !== version) return false;
    i32.set(records, i32[list + ELEMENTS]);
    changed(list);
    return true;
  } finally {
    leave(list + GUARD);
  }
}

/** Puts the elements into the opposite order. */
export function reverseList(list: number): void {
  enter(list + GUARD);
  const elements = i32[list + ELEMENTS];
  i32.subarray(elements, elements + i32[list + LENGTH]).reverse();
  changed(list);
  leave(list + GUARD);
}

/**
 * Puts records in the place of the elements from `start` up to `end`, both brought into the list.
 *
 * @returns the elements that were there, with the list's pins, and the new length of the list
 * @throws {RangeError} if the shared heap is used up; nothing is changed then
 */
export function replaceElements(
  list: number,
  start: number,
  end: number,
  records: readonly number[],
): { removed: number[]; length: number } {
  enter(list + GUARD);
  try {
    const length = i32[list + LENGTH];
    const from = clamp(start, length);
    const removed = splice(list, from, Math.max(clamp(end, length) - from, 0), records);
    return { removed, length: i32[list + LENGTH] };
  } finally {
    leave(list + GUARD);
  }
}

/** Takes out the element at a position; its pin is the caller's. 0: there is none. */
export function takeElement(list: number, index: number): number {
  enter(list + GUARD);
  try {
    const at = resolve(list, index);
    return at < 0 ? 0 : splice(list, at, 1, [])[0];
  } finally {
    leave(list + GUARD);
  }
}

/** Takes out the element at `index` if it is `expected`, which is pinned. */
export function takeIfStill(list: number, index: number, expected: number): boolean {
  enter(list + GUARD);
  try {
    const still = index < i32[list + LENGTH] && i32[i32[list + ELEMENTS] + index] === expected;
    if (still) splice(list, index, 1, []);
    return still;
  } finally {
    leave(list + GUARD);
  }
}

// Inside the guard

/** The index that a position means; negative if there is no element. */
function resolve(list: number, index: number): number {
  const length = i32[list + LENGTH];
  const at = index < 0 ? index + length : index;
  return at < length ? at : -1;
}

/** The index that a position means, brought into 0..length. */
function clamp(index: number, length: number): number {
  return index < 0 ? Math.max(index + length, 0) : Math.min(index, length);
}

function splice(list: number, at: number, count: number, records: readonly number[]): number[] {
  const length = i32[list + LENGTH];
  const newLength = length - count + records.length;
  if (newLength > i32[list + CAPACITY]) makeRoom(list, newLength);
  const elements = i32[list + ELEMENTS];
  const removed = Array.from(i32.subarray(elements + at, elements + at + count));
  if (count !== records.length) {
    i32.copyWithin(elements + at + records.length, elements + at + count, elements + length);
  }
  for (let index = 0; index < records.length; index++) i32[elements + at + index] = records[index];
  Atomics.store(i32, list + LENGTH, newLength);
  changed(list);
  return removed;
}

function makeRoom(list: number, needed: number): void {
  const old = i32[list + ELEMENTS];
  const capacity = Math.max(needed, 2 * i32[list + CAPACITY] + 2, FIRST_CAPACITY);
  const elements = allocate(capacity * 4);
  if (old !== 0) {
    i32.copyWithin(elements, old, old + i32[list + LENGTH]);
    free(old);
  }
  i32[list + ELEMENTS] = elements;
  i32[list + CAPACITY] = capacity;
}

function changed(list: number): void {
  i32[list + VERSION] = (i32[list + VERSION] + 1) | 0;
}
