// The declarations of lib/memory/raw_array.ts

import type {
  DataOf,
  DtypeOf,
  ElementOfTypecode,
  IntegerTypecode,
  NumberTypecode,
  NumericTypecode,
  Typecode,
} from "./typecodes.d.ts";

/** Elements to store: an array, a typed array, a set, …; for the types of characters, a string. */
export type ElementsOf<Code extends Typecode> =
  | Iterable<ElementOfTypecode<Code>>
  | ArrayLike<ElementOfTypecode<Code>>;

/**
 * Elements of one type in shared memory, without a lock.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message. It is never copied
 *   by that, however long it is.
 * - `data` is the typed array on the shared memory, for loops at full speed. `get`, `set` and
 *   `array[at]` check what they are given, and count from the end if the index is negative.
 * - `array[0] += 1` is two steps, and another worker may come between. The methods `add`, `sub`,
 *   `and`, `or`, `xor`, `exchange`, `compareExchange` and `update` change an element atomically. Each
 *   returns what the element was before, as `Atomics` does.
 * - What does not fit is refused and changes nothing: neither a store nor an addition wraps.
 *
 * Follows Python's `multiprocessing.RawArray`, and adds `data` and the atomic methods.
 *
 * @typeParam Code its typecode: `"i"`, `"d"`, …, or a name: `"int32"`, `"float64"`, …; any of those
 * whose elements are numbers if it is left out
 *
 * @example A histogram
 * ```ts
 * import { Pool, RawArray } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const counts = new RawArray("I", 3);
 * await using pool = new Pool(2);
 * await pool.starmap(
 *   (counts: RawArray<"I">, n: number) => counts.add(n % 3, 1),
 *   Array.from({ length: 9 }, (_, n) => [counts, n]),
 * );
 * assertEquals([...counts], [3, 3, 3]);
 * ```
 */
export declare class RawArray<Code extends Typecode = NumberTypecode>
  implements Iterable<ElementOfTypecode<Code>> {
  /**
   * The elements as a typed array on the same memory. Nothing is checked here: it wraps and rounds as
   * every typed array does. Elements of `"bool"`, `"c"` and `"u"` are numbers in it.
   */
  readonly data: DataOf<Code>;
  private readonly cells;
  /** An element; a negative index counts from the end. `get` and `set` are ten times as fast. */
  [at: number]: ElementOfTypecode<Code>;
  /**
   * Makes an array.
   *
   * @param typecode the type of its elements
   * @param sizeOrSequence its length, with all elements 0, 0n, false or "\0"; or its elements
   * @throws {TypeError} if there is no such type, or an element is of another
   * @throws {RangeError} if the length is no whole number from 0, or an element does not fit
   */
  constructor(typecode: Code, sizeOrSequence: number | ElementsOf<Code>);
  /** The name of its type: `"float64"` for the typecode `"d"`. */
  get dtype(): DtypeOf<Code>;
  /** The number of elements. */
  get length(): number;
  /**
   * An element.
   *
   * @param index its place; from the end if it is negative
   * @throws {RangeError} if there is no such element
   */
  get(index: number): ElementOfTypecode<Code>;
  /**
   * Sets an element.
   *
   * @param index its place; from the end if it is negative
   * @throws {RangeError} if there is no such element, or the value does not fit the type
   * @throws {TypeError} if the value is of another type
   */
  set(index: number, value: ElementOfTypecode<Code>): void;
  /**
   * Copies elements out, as a plain array. Others may change some of them meanwhile.
   *
   * @param from the first; from the end if it is negative
   * @param to the one after the last; from the end if it is negative
   */
  slice(from?: number, to?: number): ElementOfTypecode<Code>[];
  /**
   * Sets the elements of a slice. Others may see some of them before the rest.
   *
   * @param from the first; from the end if it is negative
   * @param to the one after the last; from the end if it is negative
   * @param values as many elements
   * @throws {RangeError} if there are more or fewer, or one does not fit; nothing is set
   * @throws {TypeError} if one is of another type; nothing is set
   */
  setSlice(from: number, to: number, values: ElementsOf<Code>): void;
  /** The elements, one after the other, as each is when it comes. */
  [Symbol.iterator](): IterableIterator<ElementOfTypecode<Code>>;
  /**
   * Adds to an element, atomically.
   *
   * @returns what it was before
   * @throws {RangeError} if there is no such element, or the sum does not fit; it is unchanged
   */
  add(
    this: RawArray<NumericTypecode>,
    index: number,
    amount: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Subtracts from an element, atomically.
   *
   * @returns what it was before
   * @throws {RangeError} if there is no such element, or the difference does not fit; it is unchanged
   */
  sub(
    this: RawArray<NumericTypecode>,
    index: number,
    amount: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Keeps only the bits of an element that `mask` has too, atomically.
   *
   * @param mask bits, as many as the type has: as a number with a sign or without
   * @returns what the element was before
   * @throws {RangeError} if there is no such element, or `mask` has more bits than the type
   */
  and(
    this: RawArray<IntegerTypecode>,
    index: number,
    mask: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Sets the bits of an element that `mask` has, atomically.
   *
   * @param mask bits, as many as the type has: as a number with a sign or without
   * @returns what the element was before
   * @throws {RangeError} if there is no such element, or `mask` has more bits than the type
   */
  or(
    this: RawArray<IntegerTypecode>,
    index: number,
    mask: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Flips the bits of an element that `mask` has, atomically.
   *
   * @param mask bits, as many as the type has: as a number with a sign or without
   * @returns what the element was before
   * @throws {RangeError} if there is no such element, or `mask` has more bits than the type
   */
  xor(
    this: RawArray<IntegerTypecode>,
    index: number,
    mask: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Sets an element, atomically.
   *
   * @returns what it was before
   * @throws {RangeError} if there is no such element, or the value does not fit the type
   */
  exchange(index: number, value: ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /**
   * Sets an element if it is `expected`, atomically. `0` is `-0` here, and `NaN` is `NaN`.
   *
   * @returns what it was before: `expected` if it has been set
   * @throws {RangeError} if there is no such element, or a value does not fit the type
   */
  compareExchange(
    index: number,
    expected: ElementOfTypecode<Code>,
    replacement: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Sets an element to what `next` makes of it, atomically.
   *
   * @param next called again if another changes the element meanwhile, so it should do nothing else
   * @returns what the element was before
   * @throws {RangeError} if there is no such element, or the result does not fit; it is unchanged
   * @throws what `next` throws; the element is unchanged
   */
  update(
    index: number,
    next: (old: ElementOfTypecode<Code>) => ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /** Makes another array of the same type and length, with what the elements are now. */
  copy(): RawArray<Code>;
  /** The place of an element in `data`. */
  private place;
  /** First place of a slice, and the one after the last, as `slice` of other arrays counts them. */
  private range;
}

export {};
