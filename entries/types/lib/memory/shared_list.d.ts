// The declarations of lib/memory/shared_list.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { Frozen } from "./frozen.d.ts";

/**
 * A list in shared memory: what one worker changes, all others see at once.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message, into another
 *   container. All who have it see the same list. Its memory is free when nobody has it.
 * - Each operation is done at one moment, as seen by everybody: nothing is lost, nothing half done,
 *   whoever dies. {@linkcode SharedList.update} changes an element depending on what it was.
 * - No operation waits for another worker, so there is one form of each, for async and blocking code.
 *   In a worker that was told to end all of them throw {@linkcode TerminatedError}.
 * - Elements are reached by {@linkcode SharedList.at} and `get`, not by `list[0]`. A negative index
 *   counts from the end everywhere.
 * - An element is copied when it is put in; what cannot cross is refused there. What is read is a copy
 *   again, its plain objects and arrays frozen, so that `list.at(0).push(1)` fails instead of changing
 *   nothing. To change a part of an element use `update`, or shared containers as elements: these are
 *   not copied. (A list that contains itself, directly or not, is never freed.)
 * - `pop`, `copy` and the functions of `update` and `sort` get copies of their own, not frozen.
 * - Two values are equal here if they are encoded the same: primitives as in `Array.includes`, plain
 *   objects and arrays part by part, their properties in the same order, shared objects if they are
 *   the same object.
 *
 * Follows Python's `list` as `multiprocessing.Manager` shares it, whose proxies lose changes to what
 * is in them, with the names of `Array` besides.
 *
 * @typeParam T type of the elements
 *
 * @example Results of several workers
 * ```ts
 * import { Pool, SharedList } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const squares = new SharedList<number>();
 * await using pool = new Pool(2);
 * await pool.starmap(
 *   (n: number, squares: SharedList<number>) => squares.append(n * n),
 *   [[1, squares], [2, squares], [3, squares]],
 * );
 * squares.sort();
 * assertEquals(squares.copy(), [1, 4, 9]);
 * assertEquals(squares.at(-1), 9);
 * ```
 */
export declare class SharedList<T = unknown> extends SharedHandle implements Iterable<Frozen<T>> {
  /**
   * Makes a list.
   *
   * @param items what it begins with
   * @throws {DataCloneError} if one of the items cannot cross
   */
  constructor(items?: Iterable<T | NoInfer<Frozen<T>>>);
  /** Number of elements at this moment. */
  get length(): number;
  /**
   * The element at an index; `undefined` if there is none.
   *
   * @throws {TypeError} if the index is not a whole number
   * @throws {TaskLookupError} if the element needs a module that this worker has not imported
   */
  at(index: number): Frozen<T> | undefined;
  /**
   * The element at an index.
   *
   * @throws {RangeError} if there is none
   * @throws {TypeError} if the index is not a whole number
   * @throws {TaskLookupError} if the element needs a module that this worker has not imported
   */
  get(index: number): Frozen<T>;
  /**
   * The elements from `start` up to `end`, as they are at the call.
   *
   * @throws {TypeError} if one of the indices is not a whole number
   * @throws {TaskLookupError} if one of them needs a module that this worker has not imported
   */
  slice(start?: number, end?: number): Frozen<T>[];
  /** The elements, as they are at the call: later changes do not change the iteration. */
  [Symbol.iterator](): ArrayIterator<Frozen<T>>;
  /**
   * An array of this isolate's own with copies of everything, as it is at the call. Shared objects in
   * it are themselves.
   *
   * @throws {TaskLookupError} if an element needs a module that this worker has not imported
   */
  copy(): T[];
  /**
   * The first index, from `start` up to `end`, whose element equals the value.
   *
   * @throws {RangeError} if there is none
   * @throws {DataCloneError} if the value cannot cross
   */
  index(value: T | Frozen<T>, start?: number, end?: number): number;
  /**
   * The first index, from `start` on, whose element equals the value; -1 if there is none.
   *
   * @throws {DataCloneError} if the value cannot cross
   */
  indexOf(value: T | Frozen<T>, start?: number): number;
  /**
   * Whether an element equals the value.
   *
   * @throws {DataCloneError} if the value cannot cross
   */
  includes(value: T | Frozen<T>): boolean;
  /**
   * Number of elements that equal the value.
   *
   * @throws {DataCloneError} if the value cannot cross
   */
  count(value: T | Frozen<T>): number;
  /**
   * Replaces the element at an index.
   *
   * @throws {RangeError} if there is none, or the shared heap is used up
   * @throws {TypeError} if the index is not a whole number
   * @throws {DataCloneError} if the value cannot cross; the message names the path to the part
   */
  set(index: number, value: T | Frozen<T>): void;
  /**
   * Sets the element at an index to what `fn` makes of it, at one moment: nobody's change is lost.
   *
   * `fn` gets a copy of its own and may change and return it. It runs while others go on using the
   * list. If the element at this index is another by the time `fn` returns, `fn` is called again with
   * that: so it should be short, have no other effects, and must not change this list itself.
   *
   * @returns the new element
   * @throws {RangeError} if there is no such element, or the shared heap is used up
   * @throws {TypeError} if the index is not a whole number, or `fn` returns `undefined`
   * @throws {DataCloneError} if the new element cannot cross
   * @throws {TaskLookupError} if the element needs a module that this worker has not imported
   * @throws what `fn` throws; nothing is changed then
   */
  update<U extends T | Frozen<T>>(index: number, fn: (value: T) => U): U;
  /**
   * Adds an element at the end.
   *
   * @throws {DataCloneError} if it cannot cross; the message names the path to the part
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  append(item: T | Frozen<T>): void;
  /**
   * Adds elements at the end, all at one moment.
   *
   * @returns the length of the list after that
   * @throws {DataCloneError} if one cannot cross; nothing is changed then
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  push(...items: (T | Frozen<T>)[]): number;
  /**
   * Adds all elements of an iterable at the end, at one moment.
   *
   * @throws {DataCloneError} if one cannot cross; nothing is changed then
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  extend(items: Iterable<T | Frozen<T>>): void;
  /**
   * Puts an element before the one at an index. An index beyond an end means that end.
   *
   * @throws {TypeError} if the index is not a whole number
   * @throws {DataCloneError} if it cannot cross; the message names the path to the part
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  insert(index: number, item: T | Frozen<T>): void;
  /**
   * Puts items in the place of the elements from `start` up to `end`, at one moment: Python's
   * `list[start:end] = items`. Indices beyond an end mean that end.
   *
   * @throws {TypeError} if one of the indices is not a whole number
   * @throws {DataCloneError} if an item cannot cross; nothing is changed then
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  setSlice(start: number, end: number, items: Iterable<T | Frozen<T>>): void;
  /**
   * Removes the element at an index, the last one if none is given, and returns it.
   *
   * @throws {RangeError} if there is none
   * @throws {TypeError} if the index is not a whole number
   * @throws {TaskLookupError} if it needs a module that this worker has not imported; it is lost
   */
  pop(index?: number): T;
  /**
   * Removes the first element that equals the value.
   *
   * @throws {RangeError} if there is none
   * @throws {DataCloneError} if the value cannot cross
   */
  remove(value: T | Frozen<T>): void;
  /**
   * Removes everything.
   */
  clear(): void;
  /**
   * Puts the elements in order. If others change the list meanwhile, it begins again with what there
   * is then.
   *
   * @param compare as in `Array.sort`; without it elements are compared by `<`, numbers as numbers
   * @returns this list
   * @throws {TaskLookupError} if an element needs a module that this worker has not imported
   * @throws what `compare` throws; nothing is changed then
   */
  sort(compare?: (a: T, b: T) => number): this;
  /**
   * Puts the elements in the opposite order.
   *
   * @returns this list
   */
  reverse(): this;
  /** What it holds, in one line. */
  toString(): string;
  /** What `see` makes of each element from `start` up to `end`, all as they are at one moment. */
  private snapshot;
  /** The first `most` indices, from `start` up to `end`, whose element equals the value. */
  private indicesOf;
  /** Puts items in the place of elements; returns the new length. */
  private replace;
  /** Puts records in place of the elements from `start` to `end`; the new length. */
  private put;
  /** The error of an index that no element has. */
  private outOfRange;
}

export {};
