/**
 * Cells of shared memory, each with one element: what values and arrays have in common.
 *
 * Each method is one atomic instruction, or a loop of compare-and-swap that repeats until no other
 * isolate has changed the cell in between. So no lock is needed: a worker that ends at any moment
 * leaves a complete element, and blocks no isolate. Elements that are not integers are swapped by
 * their bits.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { refusePromise } from "../sync/settled.ts";
import { throwIfStopping } from "../parking/wait.ts";
import { type Cell, type Element, isOfType, type Kind, rangeError } from "./typecodes.ts";

/** Elements of one type, by their index. */
export class Cells {
  /** The type of the elements. */
  readonly kind: Kind;
  /** The elements as a typed array. Typed as one of the classes, since all are used alike here. */
  readonly data: Int32Array<SharedArrayBuffer>;
  /** Number of elements. */
  readonly length: number;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #nameOf: (at: number) => string;

  /**
   * Accesses `length` elements at `byteOffset` of `buffer`.
   *
   * @param nameOf returns the name of the element at an index, for errors
   */
  constructor(
    kind: Kind,
    nameOf: (at: number) => string,
    buffer: SharedArrayBuffer,
    byteOffset?: number,
    length?: number,
  ) {
    this.kind = kind;
    this.#nameOf = nameOf;
    this.data = new kind.dataClass(buffer, byteOffset, length);
    this.length = this.data.length;
    this.#cells = kind.cellClass === kind.dataClass
      ? this.data
      : new kind.cellClass(buffer, byteOffset, length);
  }

  /** Reads an element. */
  load(at: number): Element {
    throwIfStopping();
    return this.kind.fromCell(Atomics.load(this.#cells, at));
  }

  /** Stores an element. */
  store(at: number, element: unknown): void {
    throwIfStopping();
    Atomics.store(this.#cells, at, this.#toCell(at, element, "set") as number);
  }

  /** Stores an element, and returns the previous one. */
  exchange(at: number, element: unknown): Element {
    throwIfStopping();
    const cell = this.#toCell(at, element, "set") as number;
    return this.kind.fromCell(Atomics.exchange(this.#cells, at, cell));
  }

  /** Stores `replacement` if the element is `expected`, and returns the previous element. */
  compareExchange(at: number, expected: unknown, replacement: unknown): Element {
    throwIfStopping();
    const { kind } = this;
    // As if it were stored, so that a float is rounded.
    const wanted = kind.fromCell(this.#toCell(at, expected, "compare"));
    const cell = this.#toCell(at, replacement, "set") as number;
    for (;;) {
      const found = Atomics.load(this.#cells, at);
      const old = kind.fromCell(found);
      // Elements are compared, not bits: 0 equals -0, and NaN equals NaN.
      if (old !== wanted && !(Number.isNaN(old) && Number.isNaN(wanted))) return old;
      if (Atomics.compareExchange(this.#cells, at, found, cell) === found) return old;
    }
  }

  /**
   * Stores the result of `next`, again while other isolates change the element. Returns the
   * previous one.
   */
  update(at: number, next: (old: Element) => unknown, verb = "update"): Element {
    for (;;) {
      throwIfStopping();
      const found = Atomics.load(this.#cells, at);
      const old = this.kind.fromCell(found);
      const element = next(old);
      if (typeof element === "object") {
        const message = `Cannot ${verb} ${this.#nameOf(at)}: the function returned a promise`;
        refusePromise(element, `${message}. Await it before`);
      }
      const cell = this.#toCell(at, element, verb) as number;
      if (Atomics.compareExchange(this.#cells, at, found, cell) === found) return old;
    }
  }

  /** Adds to the element, and returns the previous one. */
  add(at: number, amount: unknown): Element {
    this.#checkAmount(at, amount, "add to");
    return this.update(at, (old) => (old as number) + (amount as number), "add to");
  }

  /** Subtracts from the element, and returns the previous one. */
  sub(at: number, amount: unknown): Element {
    this.#checkAmount(at, amount, "subtract from");
    return this.update(at, (old) => (old as number) - (amount as number), "subtract from");
  }

  /** Replaces the element by its bitwise AND with `mask`, and returns the previous one. */
  and(at: number, mask: unknown): Element {
    throwIfStopping();
    return Atomics.and(this.#cells, at, this.#mask(at, mask));
  }

  /** Replaces the element by its bitwise OR with `mask`, and returns the previous one. */
  or(at: number, mask: unknown): Element {
    throwIfStopping();
    return Atomics.or(this.#cells, at, this.#mask(at, mask));
  }

  /** Replaces the element by its bitwise XOR with `mask`, and returns the previous one. */
  xor(at: number, mask: unknown): Element {
    throwIfStopping();
    return Atomics.xor(this.#cells, at, this.#mask(at, mask));
  }

  #toCell(at: number, element: unknown, verb: string): Cell {
    if (!this.kind.fits(element)) {
      throw rangeError(this.kind, element, `${verb} ${this.#nameOf(at)}`);
    }
    return this.kind.toCell(element as Element);
  }

  #checkAmount(at: number, amount: unknown, verb: string): void {
    const { type, name } = this.kind;
    if (type !== "number" && type !== "bigint") {
      throw new TypeError(
        `Cannot ${verb} ${this.#nameOf(at)}: ${name} is not a numeric type`,
      );
    }
    if (!isOfType(this.kind, amount)) {
      throw rangeError(this.kind, amount, `${verb} ${this.#nameOf(at)}`);
    }
  }

  /** Checks a mask, which may be given as a signed or as an unsigned number. */
  #mask(at: number, mask: unknown): number {
    const bits = this.data.BYTES_PER_ELEMENT * 8;
    if (this.kind.isInteger && isOfType(this.kind, mask) && hasBits(mask as Cell, bits)) {
      return mask as number;
    }
    const { name, isInteger } = this.kind;
    const verb = `change bits of ${this.#nameOf(at)}`;
    if (!isInteger) throw new TypeError(`Cannot ${verb}: ${name} is not an integer type`);
    if (!isOfType(this.kind, mask)) throw rangeError(this.kind, mask, verb);
    throw new RangeError(`Cannot ${verb}: ${describe(mask)} is not an integer of ${bits} bits`);
  }
}

/** Returns whether a number is an integer of `bits` bits, signed or unsigned. */
function hasBits(mask: Cell, bits: number): boolean {
  if (typeof mask === "bigint") return mask >= -(2n ** 63n) && mask < 2n ** 64n;
  return Number.isInteger(mask) && mask >= -(2 ** (bits - 1)) && mask < 2 ** bits;
}

/** Makes `console.log` show objects with this prototype by `show`, not by their private fields. */
export function showAs<T extends object>(
  prototype: T,
  show: (object: T, inspect: (value: unknown) => string) => string,
): void {
  Object.defineProperty(prototype, Symbol.for("Deno.customInspect"), {
    value(this: T, inspect: typeof Deno.inspect, options: Deno.InspectOptions) {
      const name = this.constructor.name;
      // The prototype itself, or that of a subclass, has no cells.
      if (!("cells" in this)) return `${name}.prototype`;
      return `${name} ${show(this, (value) => inspect(value, options))}`;
    },
  });
}
