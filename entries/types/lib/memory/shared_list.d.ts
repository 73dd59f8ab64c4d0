// The declarations of lib/memory/shared_list.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { Frozen } from "./frozen.d.ts";

/**
 * A list in shared memory: a change by one isolate is visible to all others at once.
 *
 * - Can be sent anywhere: as an argument of a process or a task, in a message, or in another
 *   container. All isolates that have it see the same list. Its memory is freed when no isolate has
 *   it.
 * - Each operation is atomic: no change is lost and none is seen half done, even if a worker dies.
 *   {@linkcode SharedList.update} changes an element depending on its current value.
 * - An operation blocks only briefly, for another operation on the same list, so no method has a
 *   `…Sync` form. In a worker that is terminated all operations except `length` throw
 *   {@linkcode TerminatedError}.
 * - Elements are accessed by {@linkcode SharedList.at} and `get`, not by `list[0]`. Negative
 *   indices count from the end everywhere.
 * - An element is copied when it is stored; a value that cannot be copied is rejected. Reads return
 *   copies too, whose plain objects and arrays are frozen, so that `list.at(0).push(1)` throws
 *   instead of changing only the copy. To change a part of an element, use `update`, or a shared
 *   container as the element: these are not copied. (A list that contains itself, directly or not,
 *   is never freed.)
 * - `pop` and `copy` return copies that are not frozen. The functions passed to `update` and `sort`
 *   get such copies, too.
 * - Two values are equal if their encodings are equal: primitives as by `Array.includes`, plain
 *   objects and arrays part by part, with properties in the same order, and shared objects if they
 *   are the same object.
 *
 * Follows Python's `list` as `multiprocessing.Manager` shares it, whose proxies lose changes to the
 * parts of elements, and adds the names of `Array`.
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
   * Creates a list.
   *
   * @param items the initial elements
   * @throws {DataCloneError} if one of the items cannot be copied into shared memory
   */
  constructor(items?: Iterable<T | NoInfer<Frozen<T>>>);
  /** Number of elements at this moment. */
  get length(): number;
  /**
   * Returns the element at an index; `undefined` if there is none.
   *
   * @throws {TypeError} if the index is not an integer
   * @throws {TaskLookupError} if the element needs a module that this isolate has not imported
   */
  at(index: number): Frozen<T> | undefined;
  /**
   * Returns the element at an index.
   *
   * @throws {RangeError} if there is none
   * @throws {TypeError} if the index is not an integer
   * @throws {TaskLookupError} if the element needs a module that this isolate has not imported
   */
  get(index: number): Frozen<T>;
  /**
   * Returns the elements from index `start` up to `end`, as they are at the time of the call.
   *
   * @throws {TypeError} if one of the indices is not an integer
   * @throws {TaskLookupError} if an element needs a module that this isolate has not imported
   */
  slice(start?: number, end?: number): Frozen<T>[];
  /**
   * Iterates over the elements as they are at the time of the call. Later changes have no effect.
   */
  [Symbol.iterator](): ArrayIterator<Frozen<T>>;
  /**
   * Returns an array with copies of all elements, as they are at the time of the call. Shared
   * objects in them are not copied.
   *
   * @throws {TaskLookupError} if an element needs a module that this isolate has not imported
   */
  copy(): T[];
  /**
   * Returns the first index, from `start` up to `end`, whose element equals the value.
   *
   * @throws {RangeError} if there is none
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  index(value: T | Frozen<T>, start?: number, end?: number): number;
  /**
   * Returns the first index, from `start` on, whose element equals the value; -1 if there is none.
   *
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  indexOf(value: T | Frozen<T>, start?: number): number;
  /**
   * Returns whether an element equals the value.
   *
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  includes(value: T | Frozen<T>): boolean;
  /**
   * Returns the number of elements that equal the value.
   *
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  count(value: T | Frozen<T>): number;
  /**
   * Replaces the element at an index.
   *
   * @throws {RangeError} if there is none
   * @throws {MemoryError} if the shared heap is full
   * @throws {TypeError} if the index is not an integer
   * @throws {DataCloneError} if the value cannot be copied into shared memory; the message names
   *   the part
   */
  set(index: number, value: T | Frozen<T>): void;
  /**
   * Sets the element at an index to the result of `fn`, atomically: no concurrent change is lost.
   *
   * `fn` gets a copy of the element, which it may change and return. Other isolates use the list
   * while it runs. If one of them has replaced the element by the time `fn` returns, `fn` is called
   * again with the new one. So it should be short and have no side effects, and it must not change
   * this list.
   *
   * @returns the new element
   * @throws {RangeError} if there is no such element
   * @throws {MemoryError} if the shared heap is full
   * @throws {TypeError} if the index is not an integer, or `fn` returns `undefined`
   * @throws {DataCloneError} if the new element cannot be copied into shared memory
   * @throws {TaskLookupError} if the element needs a module that this isolate has not imported
   * @throws what `fn` throws; nothing is changed
   */
  update<U extends T | Frozen<T>>(index: number, fn: (value: T) => U): U;
  /**
   * Appends an element.
   *
   * @throws {DataCloneError} if it cannot be copied into shared memory; the message names the part
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  append(item: T | Frozen<T>): void;
  /**
   * Appends elements, in one atomic step.
   *
   * @returns the new length of the list
   * @throws {DataCloneError} if one cannot be copied into shared memory; nothing is changed
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  push(...items: (T | Frozen<T>)[]): number;
  /**
   * Appends all items of an iterable, in one atomic step.
   *
   * @throws {DataCloneError} if one cannot be copied into shared memory; nothing is changed
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  extend(items: Iterable<T | Frozen<T>>): void;
  /**
   * Inserts an element before the one at an index. The index is clamped to the list.
   *
   * @throws {TypeError} if the index is not an integer
   * @throws {DataCloneError} if the item cannot be copied into shared memory; the message names the
   *   part
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  insert(index: number, item: T | Frozen<T>): void;
  /**
   * Replaces the elements from index `start` up to `end` by items, in one atomic step, as Python's
   * `list[start:end] = items` does. The indices are clamped to the list.
   *
   * @throws {TypeError} if one of the indices is not an integer
   * @throws {DataCloneError} if an item cannot be copied into shared memory; nothing is changed
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  setSlice(start: number, end: number, items: Iterable<T | Frozen<T>>): void;
  /**
   * Removes the element at an index, by default the last one, and returns it.
   *
   * @throws {RangeError} if there is none
   * @throws {TypeError} if the index is not an integer
   * @throws {TaskLookupError} if it needs a module that this isolate has not imported; it is
   *   removed all the same
   */
  pop(index?: number): T;
  /**
   * Removes the first element that equals the value.
   *
   * @throws {RangeError} if there is none
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  remove(value: T | Frozen<T>): void;
  /** Removes all elements. */
  clear(): void;
  /**
   * Sorts the elements. If another isolate changes the list meanwhile, the sort starts again with
   * the changed list.
   *
   * @param compare as for `Array.sort`; if omitted, elements are compared by `<`, numbers as
   *   numbers
   * @returns this list
   * @throws {TaskLookupError} if an element needs a module that this isolate has not imported
   * @throws what `compare` throws; nothing is changed
   */
  sort(compare?: (a: T, b: T) => number): this;
  /**
   * Reverses the order of the elements.
   *
   * @returns this list
   */
  reverse(): this;
  /** Returns the contents of the list in one line. */
  toString(): string;
  /** Returns the results of `fn` for the elements from `start` up to `end`, in one snapshot. */
  private snapshot;
  /** Replaces elements by items, and returns the new length. */
  private replace;
  /** The error for an index without an element. */
  private outOfRange;
}

export {};
