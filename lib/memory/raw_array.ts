/**
 * Elements of one type that workers share, without a lock. How they cross is in `array.ts`.
 *
 * `array[0]` and `array[-1]` work by a `Proxy` in the chain of prototypes. Properties and methods are
 * found before it is asked, so only the index access itself is slow.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { Cells, showAs } from "./cells.ts";
import {
  type DataOf,
  type DtypeOf,
  type Element,
  type ElementOfTypecode,
  type IntegerTypecode,
  type Kind,
  kindOf,
  type NumberTypecode,
  type NumericTypecode,
  rangeError,
  type Typecode,
} from "./typecodes.ts";

/** The cells of an array of this type on the buffer. */
export function cellsOn(buffer: SharedArrayBuffer, kind: Kind): Cells {
  return new Cells(kind, functionNameAt, buffer);
}

function functionNameAt(at: number): string {
  return `element ${at}`;
}

/** The cells of a new array, with the elements in them. */
function newCells(kind: Kind, sizeOrSequence: unknown): Cells {
  if (typeof sizeOrSequence === "number") return cellsOn(zeroed(kind, sizeOrSequence), kind);
  const elements = listOf(sizeOrSequence, "make array", "a length or a sequence of elements");
  const cells = cellsOn(zeroed(kind, elements.length), kind);
  fill(cells, 0, elements);
  return cells;
}

function zeroed(kind: Kind, length: number): SharedArrayBuffer {
  if (!Number.isInteger(length) || length < 0) {
    throw new RangeError(
      `Cannot make array: its length must be a whole number from 0, not ${describe(length)}`,
    );
  }
  const bytes = length * kind.dataClass.BYTES_PER_ELEMENT;
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new RangeError(
      `Cannot make array: this machine does not give it ${bytes} bytes of memory`,
      { cause },
    );
  }
}

function listOf(sequence: unknown, what: string, wanted: string): ArrayLike<unknown> {
  if (ArrayBuffer.isView(sequence) && !(sequence instanceof DataView)) {
    return sequence as unknown as ArrayLike<unknown>;
  }
  const isSequence = typeof sequence === "string" ||
    typeof sequence === "object" && sequence !== null &&
      (Symbol.iterator in sequence || "length" in sequence);
  if (!isSequence) throw new TypeError(`Cannot ${what}: give ${wanted}, not ${describe(sequence)}`);
  return Array.from(sequence as ArrayLike<unknown>);
}

/** Stores elements from `start` on, if all of them fit. */
function fill({ data, kind }: Cells, start: number, elements: ArrayLike<unknown>): void {
  const isNumeric = kind.type === "number" || kind.type === "bigint";
  if (isNumeric && elements instanceof kind.dataClass) return data.set(elements, start);
  for (let at = 0; at < elements.length; at++) {
    if (!kind.fits(elements[at])) {
      throw rangeError(kind, elements[at], `set ${functionNameAt(start + at)}`);
    }
  }
  for (let at = 0; at < elements.length; at++) {
    const element = elements[at] as Element;
    data[start + at] = (isNumeric ? element : kind.toCell(element)) as number;
  }
}

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
export class RawArray<Code extends Typecode = NumberTypecode>
  implements Iterable<ElementOfTypecode<Code>> {
  /**
   * The elements as a typed array on the same memory. Nothing is checked here: it wraps and rounds as
   * every typed array does. Elements of `"bool"`, `"c"` and `"u"` are numbers in it.
   */
  readonly data: DataOf<Code>;
  private readonly cells: Cells;

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
  constructor(typecode: Code, sizeOrSequence: number | ElementsOf<Code>) {
    this.cells = newCells(kindOf(typecode, "array"), sizeOrSequence);
    this.data = this.cells.data as unknown as DataOf<Code>;
  }

  /** The name of its type: `"float64"` for the typecode `"d"`. */
  get dtype(): DtypeOf<Code> {
    return this.cells.kind.name as DtypeOf<Code>;
  }

  /** The number of elements. */
  get length(): number {
    return this.cells.length;
  }

  /**
   * An element.
   *
   * @param index its place; from the end if it is negative
   * @throws {RangeError} if there is no such element
   */
  get(index: number): ElementOfTypecode<Code> {
    return this.cells.load(this.place(index)) as ElementOfTypecode<Code>;
  }

  /**
   * Sets an element.
   *
   * @param index its place; from the end if it is negative
   * @throws {RangeError} if there is no such element, or the value does not fit the type
   * @throws {TypeError} if the value is of another type
   */
  set(index: number, value: ElementOfTypecode<Code>): void {
    this.cells.store(this.place(index), value);
  }

  /**
   * Copies elements out, as a plain array. Others may change some of them meanwhile.
   *
   * @param from the first; from the end if it is negative
   * @param to the one after the last; from the end if it is negative
   */
  slice(from?: number, to?: number): ElementOfTypecode<Code>[] {
    const [start, end] = this.range(from, to);
    const elements = new Array<ElementOfTypecode<Code>>(end - start);
    for (let at = start; at < end; at++) {
      elements[at - start] = this.cells.load(at) as ElementOfTypecode<Code>;
    }
    return elements;
  }

  /**
   * Sets the elements of a slice. Others may see some of them before the rest.
   *
   * @param from the first; from the end if it is negative
   * @param to the one after the last; from the end if it is negative
   * @param values as many elements
   * @throws {RangeError} if there are more or fewer, or one does not fit; nothing is set
   * @throws {TypeError} if one is of another type; nothing is set
   */
  setSlice(from: number, to: number, values: ElementsOf<Code>): void {
    const [start, end] = this.range(from, to);
    const elements = listOf(values, "set slice", "a sequence of elements");
    if (elements.length !== end - start) {
      throw new RangeError(
        `Cannot set ${end - start} elements to a sequence of ${elements.length}. ` +
          "Can only assign a sequence of the same length",
      );
    }
    fill(this.cells, start, elements);
  }

  /** The elements, one after the other, as each is when it comes. */
  *[Symbol.iterator](): IterableIterator<ElementOfTypecode<Code>> {
    for (let at = 0; at < this.length; at++) yield this.cells.load(at) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.add(this.place(index), amount) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.sub(this.place(index), amount) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.and(this.place(index), mask) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.or(this.place(index), mask) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.xor(this.place(index), mask) as ElementOfTypecode<Code>;
  }

  /**
   * Sets an element, atomically.
   *
   * @returns what it was before
   * @throws {RangeError} if there is no such element, or the value does not fit the type
   */
  exchange(index: number, value: ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    return this.cells.exchange(this.place(index), value) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    const place = this.place(index);
    return this.cells.compareExchange(place, expected, replacement) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    const place = this.place(index);
    return this.cells.update(place, next as (old: unknown) => unknown) as ElementOfTypecode<Code>;
  }

  /** Makes another array of the same type and length, with what the elements are now. */
  copy(): RawArray<Code> {
    const copy = new RawArray(this.dtype as unknown as Code, this.length);
    copy.cells.data.set(this.cells.data);
    return copy;
  }

  /** The place of an element in `data`. */
  private place(index: number): number {
    const { length } = this.cells;
    const place = index < 0 ? index + length : index;
    if (Number.isInteger(place) && place >= 0 && place < length) return place;
    if (typeof index !== "number") {
      throw new TypeError(`Cannot reach element ${describe(index)}: an index is a number`);
    }
    throw new RangeError(`Cannot reach element ${index} of an array of length ${length}`);
  }

  /** First place of a slice, and the one after the last, as `slice` of other arrays counts them. */
  private range(from = 0, to = this.length): [start: number, end: number] {
    const { length } = this;
    const [start, end] = [from, to].map((index) => {
      if (!Number.isInteger(index)) {
        throw new RangeError(
          `Cannot slice array: an index is a whole number, not ${describe(index)}`,
        );
      }
      return Math.min(Math.max(index < 0 ? index + length : index, 0), length);
    });
    return [start, Math.max(start, end)];
  }
}

/** Whether the name of a property is an index: `"0"` or `"-1"`. */
function isIndex(key: string | symbol): key is string {
  if (typeof key === "symbol") return false;
  const code = key.charCodeAt(key.startsWith("-") ? 1 : 0);
  return code >= 48 && code <= 57; // a digit
}

const indexing: ProxyHandler<object> = {
  get: (target, key, array) =>
    isIndex(key) ? array.get(Number(key)) : Reflect.get(target, key, array),
  set(target, key, value, array) {
    if (!isIndex(key)) return Reflect.set(target, key, value, array);
    array.set(Number(key), value);
    return true;
  },
};
Object.setPrototypeOf(RawArray.prototype, new Proxy({}, indexing));
showAs(RawArray.prototype, ({ data }, inspect) => inspect(data));
