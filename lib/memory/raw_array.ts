/**
 * Elements of one type that isolates share, without a lock. How they are sent is in `array.ts`.
 *
 * `array[0]` and `array[-1]` are implemented by a `Proxy` at the end of the prototype chain.
 * Properties and methods are found before the chain reaches it, so only the index access itself is
 * slow.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { checkFunction, checkInteger } from "../arguments/values.ts";
import { throwIfStopping } from "../parking/wait.ts";
import { Cells, showAs } from "./cells.ts";
import { listOf } from "./sequence.ts";
import { compactBuffer, memoryNames, type MemoryOptions } from "./shared_buffer.ts";
import {
  type DataOf,
  type DtypeOf,
  type Element,
  type ElementOfTypecode,
  type ElementTypesOf,
  type IntegerTypecode,
  type Kind,
  kindOf,
  type NumberTypecode,
  type NumericTypecode,
  rangeError,
  type Typecode,
} from "./typecodes.ts";

/** Returns the cells of an array of this type and length on the buffer. */
export function cellsOn(buffer: SharedArrayBuffer, kind: Kind, length: number): Cells {
  return new Cells(kind, elementName, buffer, 0, length);
}

function elementName(at: number): string {
  return `element ${at}`;
}

/** Returns the cells of a new array, with its elements. */
function newCells(kind: Kind, sizeOrSequence: unknown, options: MemoryOptions): Cells {
  if (typeof sizeOrSequence === "number") return zeroed(kind, sizeOrSequence, options);
  const elements = listOf(
    "make array",
    "sizeOrSequence",
    sizeOrSequence,
    "a length or a sequence of elements",
  );
  const cells = zeroed(kind, elements.length, options);
  fill(cells, 0, elements);
  return cells;
}

function zeroed(kind: Kind, length: number, options: MemoryOptions): Cells {
  checkInteger("make array", "sizeOrSequence", length, 0);
  const bytes = length * kind.dataClass.BYTES_PER_ELEMENT;
  return cellsOn(compactBuffer("make array", bytes, options), kind, length);
}

/** Stores elements from index `start` on, if all of them fit. */
function fill({ data, kind }: Cells, start: number, elements: ArrayLike<unknown>): void {
  throwIfStopping();
  const isNumeric = kind.type === "number" || kind.type === "bigint";
  if (isNumeric && elements instanceof kind.dataClass) return data.set(elements, start);
  for (let at = 0; at < elements.length; at++) {
    if (!kind.fits(elements[at])) {
      throw rangeError(kind, elements[at], `set ${elementName(start + at)}`);
    }
  }
  for (let at = 0; at < elements.length; at++) {
    const element = elements[at] as Element;
    data[start + at] = (isNumeric ? element : kind.toCell(element)) as number;
  }
}

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
export class RawArray<Code extends Typecode = NumberTypecode>
  implements Iterable<ElementOfTypecode<Code>> {
  /** @internal There is none: it lets the compiler compare types of elements, not their names. */
  declare protected readonly elementTypes?: ElementTypesOf<Code>;
  /**
   * The elements as a typed array on the same memory. It checks nothing: it wraps and rounds as
   * every typed array does. Elements of the types `"bool"`, `"c"` and `"u"` are numbers in it. Its
   * `buffer` may be longer than the array.
   */
  readonly data: DataOf<Code>;
  private readonly cells: Cells;

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
  constructor(
    typecode: Code,
    sizeOrSequence: number | ElementsOf<Code>,
    options: MemoryOptions = {},
  ) {
    checkOptions("make array", options, memoryNames);
    this.cells = newCells(kindOf(typecode, "array"), sizeOrSequence, options);
    this.data = this.cells.data as unknown as DataOf<Code>;
  }

  /** The name of its type: `"float64"` for the typecode `"d"`. */
  get dtype(): DtypeOf<Code> {
    return this.cells.kind.name as DtypeOf<Code>;
  }

  /** Number of elements. */
  get length(): number {
    return this.cells.length;
  }

  /**
   * Returns the element at an index.
   *
   * @param index the index; a negative one counts from the end
   * @throws {RangeError} if there is no such element
   */
  get(index: number): ElementOfTypecode<Code> {
    return this.cells.load(this.resolve(index)) as ElementOfTypecode<Code>;
  }

  /**
   * Sets the element at an index.
   *
   * @param index the index; a negative one counts from the end
   * @throws {RangeError} if there is no such element, or the value does not fit the type
   * @throws {TypeError} if the value is of another type
   */
  set(index: number, value: ElementOfTypecode<Code>): void {
    this.cells.store(this.resolve(index), value);
  }

  /**
   * Returns a copy of the elements from index `from` up to, but not including, `to`. Other isolates
   * may change some of them during the copy.
   *
   * @param from the first index; a negative one counts from the end
   * @param to the index after the last; a negative one counts from the end
   */
  slice(from = 0, to: number = this.length): ElementOfTypecode<Code>[] {
    const [start, end] = this.range("slice array", from, to);
    const elements = new Array<ElementOfTypecode<Code>>(end - start);
    for (let at = start; at < end; at++) {
      elements[at - start] = this.cells.load(at) as ElementOfTypecode<Code>;
    }
    return elements;
  }

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
  setSlice(from: number, to: number, values: ElementsOf<Code>): void {
    const [start, end] = this.range("set slice", from, to);
    const elements = listOf("set slice", "values", values, "a sequence of elements");
    if (elements.length !== end - start) {
      throw new RangeError(
        `Cannot set slice: it has ${end - start} elements, and the sequence has ` +
          `${elements.length}. Assign a sequence of the same length`,
      );
    }
    fill(this.cells, start, elements);
  }

  /** Iterates over the elements. Each is read when the iteration reaches it. */
  *[Symbol.iterator](): IterableIterator<ElementOfTypecode<Code>> {
    for (let at = 0; at < this.length; at++) yield this.cells.load(at) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.add(this.resolve(index), amount) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.sub(this.resolve(index), amount) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.and(this.resolve(index), mask) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.or(this.resolve(index), mask) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    return this.cells.xor(this.resolve(index), mask) as ElementOfTypecode<Code>;
  }

  /**
   * Sets an element, atomically.
   *
   * @returns the previous element
   * @throws {RangeError} if there is no such element, or the value does not fit the type
   */
  exchange(index: number, value: ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    return this.cells.exchange(this.resolve(index), value) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    const at = this.resolve(index);
    return this.cells.compareExchange(at, expected, replacement) as ElementOfTypecode<Code>;
  }

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
  ): ElementOfTypecode<Code> {
    const at = this.resolve(index);
    checkFunction("update element", "next", next);
    return this.cells.update(at, next as (old: unknown) => unknown) as ElementOfTypecode<Code>;
  }

  /** Creates another array of the same type and length, with the current elements of this one. */
  copy(): RawArray<Code> {
    const copy = new RawArray(this.dtype as unknown as Code, this.length);
    copy.cells.data.set(this.cells.data);
    return copy;
  }

  /** Returns the index in `data` that an index means. */
  private resolve(index: number): number {
    const { length } = this.cells;
    const at = typeof index === "number" && index < 0 ? index + length : index;
    if (Number.isInteger(at) && at >= 0 && at < length) return at;
    checkInteger("access element", "index", index);
    throw new RangeError(`Cannot access element ${index}: the array has ${length} elements`);
  }

  /** Returns the bounds of a slice in `data`, resolved as those of `Array.slice`. */
  private range(verb: string, from: number, to: number): [start: number, end: number] {
    const { length } = this;
    checkInteger(verb, "from", from);
    checkInteger(verb, "to", to);
    const [start, end] = [from, to].map((index) =>
      Math.min(Math.max(index < 0 ? index + length : index, 0), length)
    );
    return [start, Math.max(start, end)];
  }
}

/** Returns whether the name of a property is an index, such as `"0"` or `"-1"`. */
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
