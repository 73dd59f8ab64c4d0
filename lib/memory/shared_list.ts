/**
 * A list in shared memory.
 *
 * @module
 */

import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import { describe } from "../arguments/describe.ts";
import {
  checkControlBefore,
  checkControlBeforeChange,
  compute,
  computeNext,
  withMessage,
} from "./container.ts";
import { freeze, type Frozen } from "./frozen.ts";
import { refuseBrackets } from "./brackets.ts";
import { inOneLine, showContents } from "./inspect.ts";
import { isSame, read, store, takeBack } from "./stored_value.ts";
import {
  destroyList,
  elementsOf,
  exchangeElement,
  lengthOf,
  LIST_WORDS,
  pinElement,
  reorder,
  replaceElements,
  reverseList,
  takeElement,
  takeIfStill,
  unpinElement,
} from "./stored_list.ts";

/** The number of this type among shared objects. */
const TYPE = 20;

const LIST = objectWord.FIRST;

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
export class SharedList<T = unknown> extends SharedHandle implements Iterable<Frozen<T>> {
  /**
   * Makes a list.
   *
   * @param items what it begins with
   * @throws {DataCloneError} if one of the items cannot cross
   */
  constructor(items?: Iterable<T | NoInfer<Frozen<T>>>) {
    super(createObject(TYPE, LIST + LIST_WORDS));
    if (items !== undefined) this.extend(items);
  }

  /** Number of elements at this moment. */
  get length(): number {
    return lengthOf(this.address + LIST);
  }

  // Reading

  /**
   * The element at an index; `undefined` if there is none.
   *
   * @throws {TypeError} if the index is not a whole number
   * @throws {TaskLookupError} if the element needs a module that this worker has not imported
   */
  at(index: number): Frozen<T> | undefined {
    checkControlBefore();
    const record = pinElement(this.address + LIST, toIndex(index));
    return record === 0 ? undefined : freeze(readOnce(record) as T);
  }

  /**
   * The element at an index.
   *
   * @throws {RangeError} if there is none
   * @throws {TypeError} if the index is not a whole number
   * @throws {TaskLookupError} if the element needs a module that this worker has not imported
   */
  get(index: number): Frozen<T> {
    checkControlBefore();
    const record = pinElement(this.address + LIST, toIndex(index));
    if (record === 0) throw this.outOfRange("get", index);
    return freeze(readOnce(record) as T);
  }

  /**
   * The elements from `start` up to `end`, as they are at the call.
   *
   * @throws {TypeError} if one of the indices is not a whole number
   * @throws {TaskLookupError} if one of them needs a module that this worker has not imported
   */
  slice(start = 0, end = Infinity): Frozen<T>[] {
    return this.snapshot(freeze<T>, toIndex(start), toIndex(end));
  }

  /** The elements, as they are at the call: later changes do not change the iteration. */
  [Symbol.iterator](): ArrayIterator<Frozen<T>> {
    return this.slice().values();
  }

  /**
   * An array of this isolate's own with copies of everything, as it is at the call. Shared objects in
   * it are themselves.
   *
   * @throws {TaskLookupError} if an element needs a module that this worker has not imported
   */
  copy(): T[] {
    return this.snapshot((value) => value);
  }

  /**
   * The first index, from `start` up to `end`, whose element equals the value.
   *
   * @throws {RangeError} if there is none
   * @throws {DataCloneError} if the value cannot cross
   */
  index(value: T | Frozen<T>, start = 0, end = Infinity): number {
    const [found] = this.indicesOf(value, 1, toIndex(start), toIndex(end));
    if (found === undefined) throw new RangeError("Cannot find value: the list does not have it");
    return found;
  }

  /**
   * The first index, from `start` on, whose element equals the value; -1 if there is none.
   *
   * @throws {DataCloneError} if the value cannot cross
   */
  indexOf(value: T | Frozen<T>, start = 0): number {
    return this.indicesOf(value, 1, toIndex(start))[0] ?? -1;
  }

  /**
   * Whether an element equals the value.
   *
   * @throws {DataCloneError} if the value cannot cross
   */
  includes(value: T | Frozen<T>): boolean {
    return this.indicesOf(value, 1).length > 0;
  }

  /**
   * Number of elements that equal the value.
   *
   * @throws {DataCloneError} if the value cannot cross
   */
  count(value: T | Frozen<T>): number {
    return this.indicesOf(value, Infinity).length;
  }

  // Changing

  /**
   * Replaces the element at an index.
   *
   * @throws {RangeError} if there is none, or the shared heap is used up
   * @throws {TypeError} if the index is not a whole number
   * @throws {DataCloneError} if the value cannot cross; the message names the path to the part
   */
  set(index: number, value: T | Frozen<T>): void {
    checkControlBeforeChange(this.address);
    toIndex(index);
    const record = makeRecord(value, "value");
    const found = exchangeElement(this.address + LIST, index, record);
    if (found !== 0) return unpinElement(found);
    takeBack(record, 0);
    throw this.outOfRange("set", index);
  }

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
  update<U extends T | Frozen<T>>(index: number, fn: (value: T) => U): U {
    checkControlBeforeChange(this.address);
    toIndex(index);
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot update element: fn must be a function, not ${typeof fn}`);
    }
    for (;;) {
      const expected = pinElement(this.address + LIST, index);
      if (expected === 0) throw this.outOfRange("update", index);
      try {
        const next = computeNext(this.address, fn, read(expected, 0) as T);
        const record = makeRecord(next, "value");
        if (exchangeElement(this.address + LIST, index, record, expected) === expected) {
          unpinElement(expected); // for the list
          return next;
        }
        takeBack(record, 0);
      } finally {
        unpinElement(expected);
      }
      checkControlBefore();
    }
  }

  /**
   * Adds an element at the end.
   *
   * @throws {DataCloneError} if it cannot cross; the message names the path to the part
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  append(item: T | Frozen<T>): void {
    this.insert(Infinity, item);
  }

  /**
   * Adds elements at the end, all at one moment.
   *
   * @returns the length of the list after that
   * @throws {DataCloneError} if one cannot cross; nothing is changed then
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  push(...items: (T | Frozen<T>)[]): number {
    return this.replace(Infinity, Infinity, items);
  }

  /**
   * Adds all elements of an iterable at the end, at one moment.
   *
   * @throws {DataCloneError} if one cannot cross; nothing is changed then
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  extend(items: Iterable<T | Frozen<T>>): void {
    this.replace(Infinity, Infinity, items);
  }

  /**
   * Puts an element before the one at an index. An index beyond an end means that end.
   *
   * @throws {TypeError} if the index is not a whole number
   * @throws {DataCloneError} if it cannot cross; the message names the path to the part
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  insert(index: number, item: T | Frozen<T>): void {
    checkControlBeforeChange(this.address);
    toIndex(index);
    this.put(index, index, [makeRecord(item, "item")]);
  }

  /**
   * Puts items in the place of the elements from `start` up to `end`, at one moment: Python's
   * `list[start:end] = items`. Indices beyond an end mean that end.
   *
   * @throws {TypeError} if one of the indices is not a whole number
   * @throws {DataCloneError} if an item cannot cross; nothing is changed then
   * @throws {RangeError} if the shared heap is used up; nothing is changed then
   */
  setSlice(start: number, end: number, items: Iterable<T | Frozen<T>>): void {
    this.replace(toIndex(start), toIndex(end), items);
  }

  /**
   * Removes the element at an index, the last one if none is given, and returns it.
   *
   * @throws {RangeError} if there is none
   * @throws {TypeError} if the index is not a whole number
   * @throws {TaskLookupError} if it needs a module that this worker has not imported; it is lost
   */
  pop(index = -1): T {
    checkControlBeforeChange(this.address);
    const record = takeElement(this.address + LIST, toIndex(index));
    if (record === 0) throw this.outOfRange("pop", index);
    return readOnce(record) as T;
  }

  /**
   * Removes the first element that equals the value.
   *
   * @throws {RangeError} if there is none
   * @throws {DataCloneError} if the value cannot cross
   */
  remove(value: T | Frozen<T>): void {
    for (;;) {
      checkControlBeforeChange(this.address);
      let taken = 0;
      const [found] = this.indicesOf(value, 1, 0, Infinity, (index, record) => {
        if (takeIfStill(this.address + LIST, index, record)) taken = record;
      });
      if (found === undefined) {
        throw new RangeError("Cannot remove value: the list does not have it");
      }
      if (taken !== 0) return unpinElement(taken);
    }
  }

  /**
   * Removes everything.
   */
  clear(): void {
    this.replace(0, Infinity, []);
  }

  /**
   * Puts the elements in order. If others change the list meanwhile, it begins again with what there
   * is then.
   *
   * @param compare as in `Array.sort`; without it elements are compared by `<`, numbers as numbers
   * @returns this list
   * @throws {TaskLookupError} if an element needs a module that this worker has not imported
   * @throws what `compare` throws; nothing is changed then
   */
  sort(compare: (a: T, b: T) => number = naturally): this {
    checkControlBeforeChange(this.address);
    for (;;) {
      const { records, version } = elementsOf(this.address + LIST);
      try {
        const items = records.map((record) => ({ record, value: read(record, 0) as T }));
        compute(this.address, () => items.sort((a, b) => compare(a.value, b.value)));
        if (reorder(this.address + LIST, items.map(({ record }) => record), version)) return this;
      } finally {
        records.forEach(unpinElement);
      }
      checkControlBefore();
    }
  }

  /**
   * Puts the elements in the opposite order.
   *
   * @returns this list
   */
  reverse(): this {
    checkControlBeforeChange(this.address);
    reverseList(this.address + LIST);
    return this;
  }

  /** What it holds, in one line. */
  override toString(): string {
    return inOneLine(this);
  }

  /** What `see` makes of each element from `start` up to `end`, all as they are at one moment. */
  private snapshot<U>(see: (value: T) => U, start = 0, end = Infinity): U[] {
    checkControlBefore();
    const { records } = elementsOf(this.address + LIST, start, end);
    try {
      return records.map((record) => see(read(record, 0) as T));
    } finally {
      records.forEach(unpinElement);
    }
  }

  /** The first `most` indices, from `start` up to `end`, whose element equals the value. */
  private indicesOf(
    value: unknown,
    most: number,
    start = 0,
    end = Infinity,
    visit?: (index: number, record: number) => void,
  ): number[] {
    checkControlBefore();
    const found: number[] = [];
    const search = (isEqual: (record: number) => boolean) => {
      const { records, from } = elementsOf(this.address + LIST, start, end);
      for (let at = 0; at < records.length && found.length < most; at++) {
        if (!isEqual(records[at])) continue;
        found.push(from + at);
        visit?.(from + at, records[at]);
      }
      records.forEach(unpinElement);
    };
    withMessage(value === 0 ? 0 : value, "value", (message) => {
      if (value === 0) { // of which there are two
        withMessage(-0, "value", (other) => {
          search((record) => isSame(record, message) || isSame(record, other));
        });
      } else {
        search((record) => isSame(record, message));
      }
      message.discard();
    });
    return found;
  }

  /** Puts items in the place of elements; returns the new length. */
  private replace(start: number, end: number, items: Iterable<unknown>): number {
    checkControlBeforeChange(this.address);
    const records: number[] = [];
    try {
      for (const item of items) records.push(makeRecord(item, `items[${records.length}]`));
    } catch (error) {
      for (const record of records) takeBack(record, 0);
      throw error;
    }
    return this.put(start, end, records);
  }

  /** Puts records in place of the elements from `start` to `end`; the new length. */
  private put(start: number, end: number, records: number[]): number {
    let done: ReturnType<typeof replaceElements>;
    try {
      done = replaceElements(this.address + LIST, start, end, records);
    } catch (error) {
      for (const record of records) takeBack(record, 0);
      throw error;
    }
    done.removed.forEach(unpinElement);
    return done.length;
  }

  /** The error of an index that no element has. */
  private outOfRange(verb: string, index: number): RangeError {
    return new RangeError(
      `Cannot ${verb} element ${index}: the list has ${this.length} elements`,
    );
  }
}

function makeRecord(value: unknown, name: string): number {
  return withMessage(value, name, (message) => store(message, 0));
}

/** Reads an element that is pinned, and takes back the pin. */
function readOnce(record: number): unknown {
  try {
    return read(record, 0);
  } finally {
    unpinElement(record);
  }
}

/** Infinity and -Infinity are indices too: beyond the ends. */
function toIndex(index: number): number {
  if (typeof index === "number" && Math.trunc(index) === index) return index;
  throw new TypeError(`Cannot use ${describe(index)} as an index: it must be a whole number`);
}

/** The order of `<`: numbers by size, strings by their units. */
function naturally(a: unknown, b: unknown): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

refuseBrackets(SharedList, {
  set: (key) => `set(${/^-?\d+$/.test(key) ? key : "index"}, value)`,
  get: (index) => `get(${index})`,
});
showContents(SharedList, (list, inspect) => {
  const array = list.copy();
  return `SharedList(${array.length}) ${inspect(array)}`;
});

defineType(TYPE, "SharedList", {
  revive: reviveAs<SharedList>(SharedList),
  destroy: (address) => destroyList(address + LIST),
});
