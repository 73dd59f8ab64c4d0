/**
 * The types of elements in shared memory: Python's typecodes, and names.
 *
 * An element is stored in a cell, a number of fixed width. A JavaScript value is checked before it
 * is stored: no value is silently wrapped, truncated or rounded to another integer.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";
import { wrongType } from "../arguments/values.ts";

/** The element types by their names, each with the type of its elements and its typed array. */
export interface ElementTypes {
  /** Signed integers of 8 bits. */
  int8: { element: number; data: Int8Array<SharedArrayBuffer> };
  /** Unsigned integers of 8 bits. */
  uint8: { element: number; data: Uint8Array<SharedArrayBuffer> };
  /** Signed integers of 16 bits. */
  int16: { element: number; data: Int16Array<SharedArrayBuffer> };
  /** Unsigned integers of 16 bits. */
  uint16: { element: number; data: Uint16Array<SharedArrayBuffer> };
  /** Signed integers of 32 bits. */
  int32: { element: number; data: Int32Array<SharedArrayBuffer> };
  /** Unsigned integers of 32 bits. */
  uint32: { element: number; data: Uint32Array<SharedArrayBuffer> };
  /** Signed integers of 64 bits. */
  int64: { element: bigint; data: BigInt64Array<SharedArrayBuffer> };
  /** Unsigned integers of 64 bits. */
  uint64: { element: bigint; data: BigUint64Array<SharedArrayBuffer> };
  /** Half-precision numbers. */
  float16: { element: number; data: Float16Array<SharedArrayBuffer> };
  /** Single-precision numbers. */
  float32: { element: number; data: Float32Array<SharedArrayBuffer> };
  /** Double-precision numbers: all numbers of JavaScript. */
  float64: { element: number; data: Float64Array<SharedArrayBuffer> };
  /** True or false, in a byte. */
  bool: { element: boolean; data: Uint8Array<SharedArrayBuffer> };
  /** A character below U+0100, in a byte. */
  char: { element: string; data: Uint8Array<SharedArrayBuffer> };
  /** Any character, in 32 bits. */
  wchar: { element: string; data: Uint32Array<SharedArrayBuffer> };
}

/**
 * The types by Python's typecodes. `l` and `L` have 32 bits on every platform, as C's `long` has on
 * Windows; `q` and `Q` have 64, and their elements are bigints.
 */
export interface PythonTypecodes {
  /** A byte, as a character. */
  c: "char";
  /** A character. */
  u: "wchar";
  /** C's `signed char`. */
  b: "int8";
  /** C's `unsigned char`. */
  B: "uint8";
  /** C's `short`. */
  h: "int16";
  /** C's `unsigned short`. */
  H: "uint16";
  /** C's `int`. */
  i: "int32";
  /** C's `unsigned int`. */
  I: "uint32";
  /** C's `long`, of 32 bits. */
  l: "int32";
  /** C's `unsigned long`, of 32 bits. */
  L: "uint32";
  /** C's `long long`. */
  q: "int64";
  /** C's `unsigned long long`. */
  Q: "uint64";
  /** C's `float`. */
  f: "float32";
  /** C's `double`. */
  d: "float64";
}

/** The type of an element: one of Python's typecodes, or a name. */
export type Typecode = keyof PythonTypecodes | keyof ElementTypes;

/** The name of the type that a typecode stands for. */
export type DtypeOf<Code extends Typecode> = Code extends keyof PythonTypecodes
  ? PythonTypecodes[Code]
  : Code extends keyof ElementTypes ? Code
  : never;

/** The JavaScript type of an element: number, bigint, boolean or string. */
export type ElementOfTypecode<Code extends Typecode> = ElementTypes[DtypeOf<Code>]["element"];

/**
 * The JavaScript types of elements by the names of their types. As the type of a member, it makes the
 * compiler compare classes by their members, so that those of `"i"` and of `"int32"` are one.
 */
export type ElementTypesOf<Code extends Typecode> = {
  readonly [C in Code as DtypeOf<C>]?: ElementOfTypecode<C>;
};

/** The typed array in which the elements are stored. */
export type DataOf<Code extends Typecode> = ElementTypes[DtypeOf<Code>]["data"];

/** The types whose elements are numbers. */
export type NumberTypecode = Exclude<
  Typecode,
  "q" | "Q" | "int64" | "uint64" | "bool" | "c" | "char" | "u" | "wchar"
>;

/** The types whose elements can be added: numbers and bigints. */
export type NumericTypecode = NumberTypecode | "q" | "Q" | "int64" | "uint64";

/** The types whose elements are integers, and so have bit operations. */
export type IntegerTypecode = Exclude<
  NumericTypecode,
  "f" | "d" | "float16" | "float32" | "float64"
>;

/** An element of any type, as a JavaScript value. */
export type Element = number | bigint | boolean | string;
/** The number that is stored for an element. */
export type Cell = number | bigint;
/** A class of typed arrays. Typed as one of them, since all are used alike here. */
export type CellArrayClass = typeof Int32Array;

/** An element type, with the functions that check and convert its elements. */
export interface Kind {
  /** Its name. */
  readonly name: keyof ElementTypes;
  /** `typeof` its elements. */
  readonly type: "number" | "bigint" | "boolean" | "string";
  /** Which of those it can represent, in words. */
  readonly domain: string;
  /** Whether its elements are integers, and so have bit operations. */
  readonly isInteger: boolean;
  /** The typed arrays in which the elements are stored. */
  readonly dataClass: CellArrayClass;
  /** The typed arrays by which `Atomics` accesses the same cells. */
  readonly cellClass: CellArrayClass;
  /** Returns whether the type can represent the element. */
  fits(element: unknown): boolean;
  /** Converts an element that fits to the number to store. */
  toCell(element: Element): Cell;
  /** Converts a stored number to the element. */
  fromCell(cell: Cell): Element;
}

function integers<T extends number | bigint>(
  name: keyof ElementTypes,
  arrayClass: unknown,
  low: T,
  high: T,
): Kind {
  const type = typeof low as "number" | "bigint";
  return {
    name,
    type,
    domain: `integers from ${low} to ${high}`,
    isInteger: true,
    dataClass: arrayClass as CellArrayClass,
    cellClass: arrayClass as CellArrayClass,
    fits: type === "bigint"
      ? (it) => typeof it === "bigint" && it >= low && it <= high
      : (it) => typeof it === "number" && it >= low && it <= high && Number.isInteger(it),
    toCell: (element) => element as T,
    fromCell: (cell) => cell,
  };
}

function floats(
  name: keyof ElementTypes,
  dataClass: unknown,
  cellClass: unknown,
  max: number,
): Kind {
  // A number and its bits, in the same memory.
  const number = new (dataClass as CellArrayClass)(1);
  const bits = new (cellClass as CellArrayClass)(number.buffer);
  return {
    name,
    type: "number",
    domain: `numbers up to ${max}`,
    isInteger: false,
    dataClass: dataClass as CellArrayClass,
    cellClass: cellClass as CellArrayClass,
    fits(it) {
      if (typeof it !== "number") return false;
      number[0] = it;
      // It may be rounded, but not to infinity.
      return Number.isFinite(number[0]) || !Number.isFinite(it);
    },
    toCell(element) {
      number[0] = element as number;
      return bits[0];
    },
    fromCell(cell) {
      bits[0] = cell as number;
      return number[0];
    },
  };
}

function characters(name: keyof ElementTypes, arrayClass: unknown, max: number): Kind {
  return {
    name,
    type: "string",
    domain: `single characters up to U+${max.toString(16).toUpperCase()}`,
    isInteger: false,
    dataClass: arrayClass as CellArrayClass,
    cellClass: arrayClass as CellArrayClass,
    fits(it) {
      if (typeof it !== "string" || it === "") return false;
      const code = it.codePointAt(0)!;
      return code <= max && it.length === (code > 0xffff ? 2 : 1);
    },
    toCell: (element) => (element as string).codePointAt(0)!,
    fromCell: (cell) => String.fromCodePoint(cell as number),
  };
}

const booleans: Kind = {
  name: "bool",
  type: "boolean",
  domain: "true and false",
  isInteger: false,
  dataClass: Uint8Array as unknown as CellArrayClass,
  cellClass: Uint8Array as unknown as CellArrayClass,
  fits: (it) => typeof it === "boolean",
  toCell: (element) => element ? 1 : 0,
  fromCell: (cell) => cell !== 0,
};

/** The element types. Shared memory names a type by its index in this list. */
export const kinds: readonly Kind[] = [
  integers("int8", Int8Array, -(2 ** 7), 2 ** 7 - 1),
  integers("uint8", Uint8Array, 0, 2 ** 8 - 1),
  integers("int16", Int16Array, -(2 ** 15), 2 ** 15 - 1),
  integers("uint16", Uint16Array, 0, 2 ** 16 - 1),
  integers("int32", Int32Array, -(2 ** 31), 2 ** 31 - 1),
  integers("uint32", Uint32Array, 0, 2 ** 32 - 1),
  integers("int64", BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n),
  integers("uint64", BigUint64Array, 0n, 2n ** 64n - 1n),
  floats("float16", Float16Array, Int16Array, 65504),
  floats("float32", Float32Array, Int32Array, 3.4028234663852886e38),
  floats("float64", Float64Array, BigInt64Array, Number.MAX_VALUE),
  booleans,
  characters("char", Uint8Array, 0xff),
  characters("wchar", Uint32Array, 0x10ffff),
];

const typecodes: PythonTypecodes = {
  c: "char",
  u: "wchar",
  b: "int8",
  B: "uint8",
  h: "int16",
  H: "uint16",
  i: "int32",
  I: "uint32",
  l: "int32",
  L: "uint32",
  q: "int64",
  Q: "uint64",
  f: "float32",
  d: "float64",
};

/**
 * Returns the type that a typecode stands for.
 *
 * @param thing what is created with it, for the error
 * @param argument the name of the argument, for the error
 * @throws {TypeError} if there is no such type
 */
export function kindOf(typecode: Typecode, thing: string, argument = "typecode"): Kind {
  if (typeof typecode === "string") {
    const name = Object.hasOwn(typecodes, typecode)
      ? typecodes[typecode as keyof PythonTypecodes]
      : typecode;
    const kind = kinds.find((kind) => kind.name === name);
    if (kind !== undefined) return kind;
  }
  throw wrongType(
    `make ${thing}`,
    argument,
    "a typecode of Python or the name of a type",
    typecode,
    `Typecodes are ${Object.keys(typecodes).join(" ")}; names are ${
      kinds.map((it) => it.name).join(", ")
    }`,
  );
}

/** Returns whether a value has the JavaScript type of the elements. */
export function isOfType(kind: Kind, value: unknown): boolean {
  const type = typeof value;
  return type === kind.type;
}

/**
 * The error for an element that does not fit: `Cannot ${verb}: …`. It is a `TypeError` if the
 * element has another JavaScript type.
 */
export function rangeError(kind: Kind, element: unknown, verb: string): Error {
  const { name, type, domain } = kind;
  if (isOfType(kind, element)) {
    return new RangeError(
      `Cannot ${verb}: ${describe(element)} does not fit ${name}, which holds ${domain}`,
    );
  }
  let advice = "";
  if (type === "bigint" && Number.isInteger(element)) {
    advice = `. Write ${describe(BigInt(element as number))}`;
  } else if (type === "number" && typeof element === "bigint") {
    advice = `. Convert it by Number(), or use "int64"`;
  }
  return new TypeError(
    `Cannot ${verb}: ${name} takes a ${type}, not ${describe(element)}${advice}`,
  );
}
