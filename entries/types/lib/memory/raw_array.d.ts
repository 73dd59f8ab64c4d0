// The declarations of lib/memory/raw_array.ts

import type { MemoryOptions } from "./shared_buffer.d.ts";
import type {
  DataOf,
  DtypeOf,
  ElementOfTypecode,
  ElementTypesOf,
  IntegerTypecode,
  NumberTypecode,
  NumericTypecode,
  Typecode,
} from "./typecodes.d.ts";

/** Elements to store: an array, a typed array, a set, …; for character types, also a string. */
export type ElementsOf<Code extends Typecode> =
  | Iterable<ElementOfTypecode<Code>>
  | ArrayLike<ElementOfTypecode<Code>>;

/**
 * Elements of one type in shared memory, without a lock.
 *
 * - Can be sent anywhere: as an argument of a process or a task, or in a message. It is shared, not
 *   copied, however long it is.
 * - `data` is the typed array on the shared memory, for loops at full speed. `get`, `set` and
 *   `array[at]` check their arguments, and accept negative indices, which count from the end.
 * - `array[0] += 1` is a read and a write, and another isolate may write between the two. The
 *   methods `add`, `sub`, `and`, `or`, `xor`, `exchange`, `compareExchange` and `update` are
 *   atomic. Each returns the previous element, as `Atomics` does.
 * - Values that the type cannot represent are rejected, and change nothing: neither a store nor an
 *   addition wraps.
 *
 * Follows Python's `multiprocessing.RawArray`, and adds `data` and the atomic methods.
 *
 * @typeParam Code its typecode: `"i"`, `"d"`, …, or a name: `"int32"`, `"float64"`, …; if omitted,
 * any of those whose elements are numbers
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
  /** @internal There is none: it lets the compiler compare types of elements, not their names. */
  protected readonly elementTypes?: ElementTypesOf<Code>;
  /**
   * The elements as a typed array on the same memory. It checks nothing: it wraps and rounds as
   * every typed array does. Elements of the types `"bool"`, `"c"` and `"u"` are numbers in it. Its
   * `buffer` may be longer than the array.
   */
  readonly data: DataOf<Code>;
  private readonly cells;
  /**
   * The element at an index; a negative one counts from the end. `get` and `set` are ten times as
   * fast.
   */
  [at: number]: ElementOfTypecode<Code>;
  /**
   * Creates an array.
   *
   * @param typecode the type of the elements
   * @param sizeOrSequence the length, for elements that are 0, 0n, false or "\0"; or the elements
   * @throws {TypeError} if there is no such type, or an element or an option is of another type
   * @throws {RangeError} if the length is not an integer of at least 0, or an element does not fit
   */
  constructor(typecode: Code, sizeOrSequence: number | ElementsOf<Code>, options?: MemoryOptions);
  /** The name of its type: `"float64"` for the typecode `"d"`. */
  get dtype(): DtypeOf<Code>;
  /** Number of elements. */
  get length(): number;
  /**
   * Returns the element at an index.
   *
   * @param index the index; a negative one counts from the end
   * @throws {RangeError} if there is no such element
   */
  get(index: number): ElementOfTypecode<Code>;
  /**
   * Sets the element at an index.
   *
   * @param index the index; a negative one counts from the end
   * @throws {RangeError} if there is no such element, or the value does not fit the type
   * @throws {TypeError} if the value is of another type
   */
  set(index: number, value: ElementOfTypecode<Code>): void;
  /**
   * Returns a copy of the elements from index `from` up to, but not including, `to`. Other isolates
   * may change some of them during the copy.
   *
   * @param from the first index; a negative one counts from the end
   * @param to the index after the last; a negative one counts from the end
   */
  slice(from?: number, to?: number): ElementOfTypecode<Code>[];
  /**
   * Sets the elements from index `from` up to, but not including, `to`. Other isolates may see some
   * of the new elements before the rest.
   *
   * @param from the first index; a negative one counts from the end
   * @param to the index after the last; a negative one counts from the end
   * @param values the new elements, as many as the slice has
   * @throws {RangeError} if there are more or fewer, or one does not fit; nothing is changed
   * @throws {TypeError} if one is of another type; nothing is changed
   */
  setSlice(from: number, to: number, values: ElementsOf<Code>): void;
  /** Iterates over the elements. Each is read when the iteration reaches it. */
  [Symbol.iterator](): IterableIterator<ElementOfTypecode<Code>>;
  /**
   * Adds to an element, atomically.
   *
   * @returns the previous element
   * @throws {RangeError} if there is no such element, or the sum does not fit; nothing is changed
   */
  add(
    this: RawArray<NumericTypecode>,
    index: number,
    amount: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Subtracts from an element, atomically.
   *
   * @returns the previous element
   * @throws {RangeError} if there is no such element, or the difference does not fit; nothing is
   *   changed
   */
  sub(
    this: RawArray<NumericTypecode>,
    index: number,
    amount: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Replaces an element by its bitwise AND with `mask`, atomically.
   *
   * @param mask an integer of as many bits as the type has, signed or unsigned
   * @returns the previous element
   * @throws {RangeError} if there is no such element, or `mask` has more bits than the type
   */
  and(
    this: RawArray<IntegerTypecode>,
    index: number,
    mask: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Replaces an element by its bitwise OR with `mask`, atomically.
   *
   * @param mask an integer of as many bits as the type has, signed or unsigned
   * @returns the previous element
   * @throws {RangeError} if there is no such element, or `mask` has more bits than the type
   */
  or(
    this: RawArray<IntegerTypecode>,
    index: number,
    mask: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Replaces an element by its bitwise XOR with `mask`, atomically.
   *
   * @param mask an integer of as many bits as the type has, signed or unsigned
   * @returns the previous element
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
   * @returns the previous element
   * @throws {RangeError} if there is no such element, or the value does not fit the type
   */
  exchange(index: number, value: ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /**
   * Sets an element if it is `expected`, atomically. `0` equals `-0`, and `NaN` equals `NaN`.
   *
   * @returns the previous element: `expected` if the element was set
   * @throws {RangeError} if there is no such element, or a value does not fit the type
   */
  compareExchange(
    index: number,
    expected: ElementOfTypecode<Code>,
    replacement: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Sets an element to the result of `next`, atomically.
   *
   * @param next called with the previous element, and again if another isolate changes it
   *   meanwhile, so it should have no side effects
   * @returns the previous element
   * @throws {RangeError} if there is no such element, or the result does not fit; nothing is
   *   changed
   * @throws what `next` throws; nothing is changed
   */
  update(
    index: number,
    next: (old: ElementOfTypecode<Code>) => ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /** Creates another array of the same type and length, with the current elements of this one. */
  copy(): RawArray<Code>;
  /** Returns the index in `data` that an index means. */
  private resolve;
  /** Returns the bounds of a slice in `data`, resolved as those of `Array.slice`. */
  private range;
}

export {};
