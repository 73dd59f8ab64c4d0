/**
 * The types that elements of shared memory can have: Python's typecodes, and names.
 *
 * An element lies in a cell, a number of fixed width. What JavaScript sees of it is checked before it
 * is stored: nothing wraps, is cut off or is rounded to another whole number in silence.
 *
 * @module
 */

import { describe } from "../arguments/describe.ts";

/** What each type of element is here, by its name. */
export interface ElementTypes {
  /** Whole numbers of 8 bits. */
  int8: { element: number; data: Int8Array<SharedArrayBuffer> };
  /** Whole numbers of 8 bits, from 0. */
  uint8: { element: number; data: Uint8Array<SharedArrayBuffer> };
  /** Whole numbers of 16 bits. */
  int16: { element: number; data: Int16Array<SharedArrayBuffer> };
  /** Whole numbers of 16 bits, from 0. */
  uint16: { element: number; data: Uint16Array<SharedArrayBuffer> };
  /** Whole numbers of 32 bits. */
  int32: { element: number; data: Int32Array<SharedArrayBuffer> };
  /** Whole numbers of 32 bits, from 0. */
  uint32: { element: number; data: Uint32Array<SharedArrayBuffer> };
  /** Whole numbers of 64 bits. */
  int64: { element: bigint; data: BigInt64Array<SharedArrayBuffer> };
  /** Whole numbers of 64 bits, from 0. */
  uint64: { element: bigint; data: BigUint64Array<SharedArrayBuffer> };
  /** Numbers of half precision. */
  float16: { element: number; data: Float16Array<SharedArrayBuffer> };
  /** Numbers of single precision. */
  float32: { element: number; data: Float32Array<SharedArrayBuffer> };
  /** Numbers of double precision: any number of JavaScript's. */
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

/** The type of an element: a typecode of Python's, or a name. */
export type Typecode = keyof PythonTypecodes | keyof ElementTypes;

/** The name of the type that a typecode stands for. */
export type DtypeOf<Code extends Typecode> = Code extends keyof PythonTypecodes
  ? PythonTypecodes[Code]
  : Code extends keyof ElementTypes ? Code
  : never;

/** What JavaScript sees of an element: a number, a bigint, a boolean or a string. */
export type ElementOfTypecode<Code extends Typecode> = ElementTypes[DtypeOf<Code>]["element"];

/** The typed array that elements lie in. */
export type DataOf<Code extends Typecode> = ElementTypes[DtypeOf<Code>]["data"];

/** The types whose elements are numbers. */
export type NumberTypecode = Exclude<
  Typecode,
  "q" | "Q" | "int64" | "uint64" | "bool" | "c" | "char" | "u" | "wchar"
>;

/** The types whose elements can be added: numbers and bigints. */
export type NumericTypecode = NumberTypecode | "q" | "Q" | "int64" | "uint64";

/** The types whose elements have bits: whole numbers. */
export type IntegerTypecode = Exclude<
  NumericTypecode,
  "f" | "d" | "float16" | "float32" | "float64"
>;

/** What JavaScript sees of an element, of whatever type. */
export type Element = number | bigint | boolean | string;
/** What is stored for an element: the number in its cell. */
export type Cell = number | bigint;
/** A class of typed arrays; seen as one of them, since all are used in the same way here. */
export type CellArrayClass = typeof Int32Array;

/** A type of elements, as this isolate works with it. */
export interface Kind {
  /** Its name. */
  readonly name: keyof ElementTypes;
  /** `typeof` its elements. */
  readonly type: "number" | "bigint" | "boolean" | "string";
  /** Which of those it holds, in words. */
  readonly domain: string;
  /** Whether its elements are whole numbers, and so have bits. */
  readonly isInteger: boolean;
  /** The typed arrays that elements lie in. */
  readonly dataClass: CellArrayClass;
  /** The typed arrays by which `Atomics` reaches the same cells. */
  readonly cellClass: CellArrayClass;
  /** Whether it holds the element. */
  fits(element: unknown): boolean;
  /** What to store for an element that fits. */
  toCell(element: Element): Cell;
  /** The element that a cell holds. */
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
    domain: `whole numbers from ${low} to ${high}`,
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
  highest: number,
): Kind {
  // A number and its bits, on the same memory.
  const number = new (dataClass as CellArrayClass)(1);
  const bits = new (cellClass as CellArrayClass)(number.buffer);
  return {
    name,
    type: "number",
    domain: `numbers up to ${highest}`,
    isInteger: false,
    dataClass: dataClass as CellArrayClass,
    cellClass: cellClass as CellArrayClass,
    fits(it) {
      if (typeof it !== "number") return false;
      number[0] = it;
      return Number.isFinite(number[0]) || !Number.isFinite(it); // rounds, not to infinity
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

function characters(name: keyof ElementTypes, arrayClass: unknown, highest: number): Kind {
  return {
    name,
    type: "string",
    domain: `single characters up to U+${highest.toString(16).toUpperCase()}`,
    isInteger: false,
    dataClass: arrayClass as CellArrayClass,
    cellClass: arrayClass as CellArrayClass,
    fits(it) {
      if (typeof it !== "string" || it === "") return false;
      const code = it.codePointAt(0)!;
      return code <= highest && it.length === (code > 0xffff ? 2 : 1);
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

/** The types of elements. The place of one in this list is its number in shared memory. */
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
 * The type that a typecode stands for.
 *
 * @param thing what is made of it, for the error
 * @throws {TypeError} if there is no such type
 */
export function kindOf(typecode: Typecode, thing: string): Kind {
  const name = Object.hasOwn(typecodes, typecode)
    ? typecodes[typecode as keyof PythonTypecodes]
    : typecode;
  const kind = kinds.find((kind) => kind.name === name);
  if (kind !== undefined) return kind;
  throw new TypeError(
    `Cannot make ${thing}: ${describe(typecode)} is no typecode. Use one of Python's, ` +
      `${Object.keys(typecodes).join(" ")}, or a name: ${kinds.map((it) => it.name).join(", ")}`,
  );
}

/** Whether a value is of the JavaScript type that the elements are of. */
export function isOfType(kind: Kind, value: unknown): boolean {
  const type = typeof value;
  return type === kind.type;
}

/** The error for an element that does not fit: `Cannot ${what}: …`. */
export function rangeError(kind: Kind, element: unknown, what: string): Error {
  const { name, type, domain } = kind;
  if (isOfType(kind, element)) {
    return new RangeError(
      `Cannot ${what}: ${describe(element)} does not fit ${name}, which holds ${domain}`,
    );
  }
  let advice = "";
  if (type === "bigint" && Number.isInteger(element)) {
    advice = `. Write ${describe(BigInt(element as number))}`;
  } else if (type === "number" && typeof element === "bigint") {
    advice = `. Convert it by Number(), or use "int64"`;
  }
  return new TypeError(
    `Cannot ${what}: ${name} takes a ${type}, not ${describe(element)}${advice}`,
  );
}
