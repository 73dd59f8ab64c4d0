/**
 * Cells of shared memory, each with an element: what values and arrays have in common.
 *
 * Every method is one atomic step, or a loop that tries one until nobody else came between (compare
 * and swap), so no lock is needed: a worker that ends at any moment leaves a whole element behind and
 * holds up nobody. Elements that are no whole numbers are swapped by their bits.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { type Cell, type Element, isOfType, type Kind, rangeError } from "./typecodes.ts";

/** Elements of one type, by their place. */
export class Cells {
  /** The type of the elements. */
  readonly kind: Kind;
  /** The elements as a typed array. Seen as one of the classes, since all are used alike here. */
  readonly data: Int32Array<SharedArrayBuffer>;
  /** How many there are. */
  readonly length: number;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #functionNameAt: (at: number) => string;

  /**
   * Reaches `length` elements at `byteOffset` of `buffer`.
   *
   * @param functionNameAt what the user calls the element at a place, for errors
   */
  constructor(
    kind: Kind,
    functionNameAt: (at: number) => string,
    buffer: SharedArrayBuffer,
    byteOffset?: number,
    length?: number,
  ) {
    this.kind = kind;
    this.#functionNameAt = functionNameAt;
    this.data = new kind.dataClass(buffer, byteOffset, length);
    this.length = this.data.length;
    this.#cells = kind.cellClass === kind.dataClass
      ? this.data
      : new kind.cellClass(buffer, byteOffset, length);
  }

  /** Reads an element. */
  load(at: number): Element {
    return this.kind.fromCell(Atomics.load(this.#cells, at));
  }

  /** Stores an element. */
  store(at: number, element: unknown): void {
    Atomics.store(this.#cells, at, this.#toCell(at, element, "set") as number);
  }

  /** Stores an element, and returns the one that was there. */
  exchange(at: number, element: unknown): Element {
    const cell = this.#toCell(at, element, "set") as number;
    return this.kind.fromCell(Atomics.exchange(this.#cells, at, cell));
  }

  /** Stores `replacement` if the element is `expected`, and returns the one that was there. */
  compareExchange(at: number, expected: unknown, replacement: unknown): Element {
    const { kind } = this;
    // What it would be if it were stored: a float is rounded.
    const sought = kind.fromCell(this.#toCell(at, expected, "compare"));
    const cell = this.#toCell(at, replacement, "set") as number;
    for (;;) {
      const found = Atomics.load(this.#cells, at);
      const old = kind.fromCell(found);
      // By the element, not by its bits: 0 is -0, and NaN is NaN.
      if (old !== sought && !(Number.isNaN(old) && Number.isNaN(sought))) return old;
      if (Atomics.compareExchange(this.#cells, at, found, cell) === found) return old;
    }
  }

  /** Stores what `next` makes of the element, trying again while others change it. */
  update(at: number, next: (old: Element) => unknown, verb = "update"): Element {
    for (;;) {
      const found = Atomics.load(this.#cells, at);
      const old = this.kind.fromCell(found);
      const cell = this.#toCell(at, next(old), verb) as number;
      if (Atomics.compareExchange(this.#cells, at, found, cell) === found) return old;
    }
  }

  /** Adds to the element. */
  add(at: number, amount: unknown): Element {
    this.#checkAmount(at, amount, "add to");
    return this.update(at, (old) => (old as number) + (amount as number), "add to");
  }

  /** Subtracts from the element. */
  sub(at: number, amount: unknown): Element {
    this.#checkAmount(at, amount, "subtract from");
    return this.update(at, (old) => (old as number) - (amount as number), "subtract from");
  }

  /** Keeps the bits that `mask` has too. */
  and(at: number, mask: unknown): Element {
    return Atomics.and(this.#cells, at, this.#mask(at, mask));
  }

  /** Sets the bits that `mask` has. */
  or(at: number, mask: unknown): Element {
    return Atomics.or(this.#cells, at, this.#mask(at, mask));
  }

  /** Flips the bits that `mask` has. */
  xor(at: number, mask: unknown): Element {
    return Atomics.xor(this.#cells, at, this.#mask(at, mask));
  }

  #toCell(at: number, element: unknown, verb: string): Cell {
    if (!this.kind.fits(element)) {
      throw rangeError(this.kind, element, `${verb} ${this.#functionNameAt(at)}`);
    }
    return this.kind.toCell(element as Element);
  }

  #checkAmount(at: number, amount: unknown, verb: string): void {
    const { type, name } = this.kind;
    if (type !== "number" && type !== "bigint") {
      throw new TypeError(
        `Cannot ${verb} ${this.#functionNameAt(at)}: ${name} is no type of numbers`,
      );
    }
    if (!isOfType(this.kind, amount)) {
      throw rangeError(this.kind, amount, `${verb} ${this.#functionNameAt(at)}`);
    }
  }

  /** Bits may be given as the number that they are with a sign, or as the one without. */
  #mask(at: number, mask: unknown): number {
    const bits = this.data.BYTES_PER_ELEMENT * 8;
    if (this.kind.isInteger && isOfType(this.kind, mask) && hasBits(mask as Cell, bits)) {
      return mask as number;
    }
    const { name, isInteger } = this.kind;
    const what = `change bits of ${this.#functionNameAt(at)}`;
    if (!isInteger) throw new TypeError(`Cannot ${what}: ${name} is no type of whole numbers`);
    if (!isOfType(this.kind, mask)) throw rangeError(this.kind, mask, what);
    throw new RangeError(`Cannot ${what}: ${describe(mask)} is no whole number of ${bits} bits`);
  }
}

/** Whether a number is a whole one that `bits` bits can hold, with a sign or without. */
function hasBits(mask: Cell, bits: number): boolean {
  if (typeof mask === "bigint") return mask >= -(2n ** 63n) && mask < 2n ** 64n;
  return Number.isInteger(mask) && mask >= -(2 ** (bits - 1)) && mask < 2 ** bits;
}

/** Has `console.log` show objects with this prototype as `show` says, not by their inner parts. */
export function showAs<T extends object>(
  prototype: T,
  show: (object: T, inspect: (value: unknown) => string) => string,
): void {
  Object.defineProperty(prototype, Symbol.for("Deno.customInspect"), {
    value(this: T, inspect: typeof Deno.inspect, options: Deno.InspectOptions) {
      const name = this.constructor.name;
      // A prototype, or one of a class derived from it, has no cells to show.
      if (!("cells" in this)) return `${name}.prototype`;
      return `${name} ${show(this, (value) => inspect(value, options))}`;
    },
  });
}
