/**
 * A list in shared memory. (Two thirds of this file are the documentation of its methods.)
 *
 * @module
 */

import {
  addressOf,
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import { checkFunction, checkIterable, isArray, wrongValue } from "../arguments/values.ts";
import { refusePromise } from "../sync/settled.ts";
import { throwIfStopping } from "../parking/wait.ts";
import { compute, computeNext, throwIfNotChangeable } from "./container.ts";
import { freeze, type Frozen } from "./frozen.ts";
import type { Revision } from "./revision.ts";
import { rejectBrackets } from "./brackets.ts";
import { inOneLine, showContents } from "./inspect.ts";
import {
  discardElement,
  indicesOf,
  putElements,
  readAndUnpinElement,
  readElement,
  storeElement,
  storeElements,
} from "./list_elements.ts";
import {
  destroyList,
  elementsOf,
  exchangeElement,
  lengthOf,
  LIST_WORDS,
  pinElement,
  reorder,
  reverseList,
  takeElement,
  takeElementIf,
  unpinElement,
} from "./stored_list.ts";

/** The number of this type among shared objects. */
const TYPE = 20;

const LIST = objectWord.FIRST;

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
export class SharedList<T = unknown> extends SharedHandle implements Iterable<Frozen<T>> {
  /**
   * Creates a list.
   *
   * @param items the initial elements
   * @throws {DataCloneError} if one of the items cannot be copied into shared memory
   */
  constructor(items?: Iterable<T | NoInfer<Frozen<T>>>) {
    if (items !== undefined) checkItems("make list", items);
    super(createObject(TYPE, LIST + LIST_WORDS));
    if (items !== undefined) this.extend(items);
  }

  /** Number of elements at this moment. */
  get length(): number {
    throwIfStopping();
    return lengthOf(this.address + LIST);
  }

  // Reading

  /**
   * Returns the element at an index; `undefined` if there is none.
   *
   * @throws {TypeError} if the index is not an integer
   * @throws {TaskLookupError} if the element needs a module that this isolate has not imported
   */
  at(index: number): Frozen<T> | undefined {
    throwIfStopping();
    const element = pinElement(this.address + LIST, toIndex(index));
    return element === 0 ? undefined : freeze(readAndUnpinElement(element) as T);
  }

  /**
   * Returns the element at an index.
   *
   * @throws {RangeError} if there is none
   * @throws {TypeError} if the index is not an integer
   * @throws {TaskLookupError} if the element needs a module that this isolate has not imported
   */
  get(index: number): Frozen<T> {
    throwIfStopping();
    const element = pinElement(this.address + LIST, toIndex(index));
    if (element === 0) throw this.outOfRange("get", index);
    return freeze(readAndUnpinElement(element) as T);
  }

  /**
   * Returns the elements from index `start` up to `end`, as they are at the time of the call.
   *
   * @throws {TypeError} if one of the indices is not an integer
   * @throws {TaskLookupError} if an element needs a module that this isolate has not imported
   */
  slice(start = 0, end = Infinity): Frozen<T>[] {
    return this.snapshot(freeze<T>, toIndex(start, "start"), toIndex(end, "end"));
  }

  /**
   * Iterates over the elements as they are at the time of the call. Later changes have no effect.
   */
  [Symbol.iterator](): ArrayIterator<Frozen<T>> {
    return this.slice().values();
  }

  /**
   * Returns an array with copies of all elements, as they are at the time of the call. Shared
   * objects in them are not copied.
   *
   * @throws {TaskLookupError} if an element needs a module that this isolate has not imported
   */
  copy(): T[] {
    return this.snapshot((value) => value);
  }

  /**
   * Returns the first index, from `start` up to `end`, whose element equals the value.
   *
   * @throws {RangeError} if there is none
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  index(value: T | Frozen<T>, start = 0, end = Infinity): number {
    throwIfStopping();
    const search = { limit: 1, start: toIndex(start, "start"), end: toIndex(end, "end") };
    const [found] = indicesOf(this.address + LIST, value, search);
    if (found === undefined) {
      throw new RangeError("Cannot find value: the list does not contain it");
    }
    return found;
  }

  /**
   * Returns the first index, from `start` on, whose element equals the value; -1 if there is none.
   *
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  indexOf(value: T | Frozen<T>, start = 0): number {
    throwIfStopping();
    return indicesOf(this.address + LIST, value, { limit: 1, start: toIndex(start, "start") })[0] ??
      -1;
  }

  /**
   * Returns whether an element equals the value.
   *
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  includes(value: T | Frozen<T>): boolean {
    throwIfStopping();
    return indicesOf(this.address + LIST, value, { limit: 1 }).length > 0;
  }

  /**
   * Returns the number of elements that equal the value.
   *
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  count(value: T | Frozen<T>): number {
    throwIfStopping();
    return indicesOf(this.address + LIST, value, { limit: Infinity }).length;
  }

  // Changing

  /**
   * Replaces the element at an index.
   *
   * @throws {RangeError} if there is none
   * @throws {MemoryError} if the shared heap is full
   * @throws {TypeError} if the index is not an integer
   * @throws {DataCloneError} if the value cannot be copied into shared memory; the message names
   *   the part
   */
  set(index: number, value: T | Frozen<T>): void {
    throwIfNotChangeable(this.address);
    toIndex(index);
    const element = storeElement(value, "value");
    const replaced = exchangeElement(this.address + LIST, index, element);
    if (replaced !== 0) return unpinElement(replaced);
    discardElement(element);
    throw this.outOfRange("set", index);
  }

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
  update<U extends T | Frozen<T>>(index: number, fn: (value: T) => U): U {
    throwIfNotChangeable(this.address);
    toIndex(index);
    checkFunction("update element", "fn", fn);
    for (;;) {
      const expected = pinElement(this.address + LIST, index);
      if (expected === 0) throw this.outOfRange("update", index);
      try {
        const next = computeNext(this.address, fn, readElement(expected) as T);
        const element = storeElement(next, "value");
        if (exchangeElement(this.address + LIST, index, element, expected) === expected) {
          unpinElement(expected); // the pin of the list; that of this call is released below
          return next;
        }
        discardElement(element);
      } finally {
        unpinElement(expected);
      }
      throwIfStopping();
    }
  }

  /**
   * Appends an element.
   *
   * @throws {DataCloneError} if it cannot be copied into shared memory; the message names the part
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  append(item: T | Frozen<T>): void {
    this.insert(Infinity, item);
  }

  /**
   * Appends elements, in one atomic step.
   *
   * @returns the new length of the list
   * @throws {DataCloneError} if one cannot be copied into shared memory; nothing is changed
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  push(...items: (T | Frozen<T>)[]): number {
    return this.replace(Infinity, Infinity, items);
  }

  /**
   * Appends all items of an iterable, in one atomic step.
   *
   * @throws {DataCloneError} if one cannot be copied into shared memory; nothing is changed
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  extend(items: Iterable<T | Frozen<T>>): void {
    checkItems("extend list", items);
    this.replace(Infinity, Infinity, items);
  }

  /**
   * Inserts an element before the one at an index. The index is clamped to the list.
   *
   * @throws {TypeError} if the index is not an integer
   * @throws {DataCloneError} if the item cannot be copied into shared memory; the message names the
   *   part
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  insert(index: number, item: T | Frozen<T>): void {
    throwIfNotChangeable(this.address);
    toIndex(index);
    putElements(this.address + LIST, index, index, [storeElement(item, "item")]);
  }

  /**
   * Replaces the elements from index `start` up to `end` by items, in one atomic step, as Python's
   * `list[start:end] = items` does. The indices are clamped to the list.
   *
   * @throws {TypeError} if one of the indices is not an integer
   * @throws {DataCloneError} if an item cannot be copied into shared memory; nothing is changed
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  setSlice(start: number, end: number, items: Iterable<T | Frozen<T>>): void {
    checkItems("set slice", items);
    this.replace(toIndex(start, "start"), toIndex(end, "end"), items);
  }

  /**
   * Removes the element at an index, by default the last one, and returns it.
   *
   * @throws {RangeError} if there is none
   * @throws {TypeError} if the index is not an integer
   * @throws {TaskLookupError} if it needs a module that this isolate has not imported; it is
   *   removed all the same
   */
  pop(index = -1): T {
    throwIfNotChangeable(this.address);
    const element = takeElement(this.address + LIST, toIndex(index));
    if (element === 0) throw this.outOfRange("pop", index);
    return readAndUnpinElement(element) as T;
  }

  /**
   * Removes the first element that equals the value.
   *
   * @throws {RangeError} if there is none
   * @throws {DataCloneError} if the value cannot be copied into shared memory
   */
  remove(value: T | Frozen<T>): void {
    for (;;) {
      throwIfNotChangeable(this.address);
      let taken = 0;
      const onFound = (index: number, element: number) => {
        if (takeElementIf(this.address + LIST, index, element)) taken = element;
      };
      const [found] = indicesOf(this.address + LIST, value, { limit: 1, onFound });
      if (found === undefined) {
        throw new RangeError("Cannot remove value: the list does not contain it");
      }
      if (taken !== 0) return unpinElement(taken);
    }
  }

  /** Removes all elements. */
  clear(): void {
    this.replace(0, Infinity, []);
  }

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
  sort(compare: (a: T, b: T) => number = compareNaturally): this {
    checkFunction("sort list", "compare", compare);
    throwIfNotChangeable(this.address);
    for (;;) {
      const { elements, version } = elementsOf(this.address + LIST);
      try {
        const items = elements.map((element) => ({ element, value: readElement(element) as T }));
        const compareItems = (a: { value: T }, b: { value: T }) =>
          compareBy(compare, a.value, b.value);
        compute(this.address, () => items.sort(compareItems));
        if (reorder(this.address + LIST, items.map(({ element }) => element), version)) return this;
      } finally {
        elements.forEach(unpinElement);
      }
      throwIfStopping();
    }
  }

  /**
   * Reverses the order of the elements.
   *
   * @returns this list
   */
  reverse(): this {
    throwIfNotChangeable(this.address);
    reverseList(this.address + LIST);
    return this;
  }

  /** Returns the contents of the list in one line. */
  override toString(): string {
    return inOneLine(this);
  }

  /** Returns the results of `fn` for the elements from `start` up to `end`, in one snapshot. */
  private snapshot<U>(fn: (value: T) => U, start = 0, end = Infinity): U[] {
    throwIfStopping();
    const { elements } = elementsOf(this.address + LIST, start, end);
    try {
      return elements.map((element) => fn(readElement(element) as T));
    } finally {
      elements.forEach(unpinElement);
    }
  }

  /** Replaces elements by items, and returns the new length. */
  private replace(start: number, end: number, items: Iterable<unknown>): number {
    throwIfNotChangeable(this.address);
    return putElements(this.address + LIST, start, end, storeElements(items));
  }

  /** The error for an index without an element. */
  private outOfRange(verb: string, index: number): RangeError {
    return new RangeError(
      `Cannot ${verb} element ${index}: the list has ${this.length} elements. Check its length first`,
    );
  }
}

/** A function that says in which order two elements are. */
export type Compare<T = unknown> = (a: T, b: T) => number;

/** Compares by a function of the user's. */
export function compareBy<T>(compare: Compare<T>, a: T, b: T): number {
  const order = compare(a, b);
  refusePromise(order, "Cannot sort list: compare returned a promise. Return a number");
  return order;
}

/** Reads an element in order to change it. */
export function reviseElement(list: SharedList, index: unknown): Revision {
  const at = toIndex(index as number);
  const expected = pinElement(addressOf(list)! + LIST, at);
  if (expected === 0) throw list["outOfRange"]("update", at);
  const release = () => unpinElement(expected);
  try {
    return {
      value: readElement(expected),
      store(next) {
        const element = storeElement(next, "value");
        if (exchangeElement(addressOf(list)! + LIST, at, element, expected) !== expected) {
          discardElement(element);
          return false;
        }
        unpinElement(expected); // the pin of the list
        return true;
      },
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Reads all elements in order to sort them. What is stored is their order: the index that each had. */
export function reviseOrder(list: SharedList): Revision {
  const { elements, version } = elementsOf(addressOf(list)! + LIST);
  const release = () => elements.forEach(unpinElement);
  try {
    return {
      value: elements.map((element) => readElement(element)),
      store: (order) =>
        reorder(addressOf(list)! + LIST, inOrder(elements, order as readonly number[]), version),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Returns elements in an order that is given by their indices.
 *
 * @throws {TypeError} if it does not name each of them once
 */
function inOrder<T>(elements: readonly T[], order: readonly number[]): T[] {
  const named = new Set(isArray(order) ? order : []);
  const { length } = elements;
  if (
    order?.length === length && named.size === length && elements.every((_, at) => named.has(at))
  ) {
    return order.map((at) => elements[at]);
  }
  throw new TypeError("Cannot sort list: the order does not have the index of each element once");
}

/** Checks the items of a list, which may be the characters of a string. */
function checkItems(verb: string, items: unknown): void {
  if (typeof items !== "string") checkIterable(verb, "items", items, "For one item write [item]");
}

/** Checks an index. Infinity and -Infinity are valid: they are beyond the ends. */
function toIndex(index: number, name = "index"): number {
  if (typeof index === "number" && Math.trunc(index) === index) return index;
  throw wrongValue("number", "access element", name, "an integer", index);
}

/** Compares by `<`: numbers by value, strings by code units. */
function compareNaturally(a: unknown, b: unknown): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

rejectBrackets(SharedList, {
  set: (key) => `set(${/^-?\d+$/.test(key) ? key : "index"}, value)`,
  get: (index) => `get(${index})`,
});
showContents(SharedList, (list, inspect) => {
  const array = list.copy();
  return `SharedList(${array.length}) ${inspect(array)}`;
});

defineType(TYPE, "SharedList", {
  crosses: true,
  revive: reviveAs<SharedList>(SharedList),
  destroy: (address) => destroyList(address + LIST),
});
