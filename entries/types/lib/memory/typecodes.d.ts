// The declarations of lib/memory/typecodes.ts

/** The element types by their names, each with the type of its elements and its typed array. */
export interface ElementTypes {
  /** Signed integers of 8 bits. */
  int8: {
    element: number;
    data: Int8Array<SharedArrayBuffer>;
  };
  /** Unsigned integers of 8 bits. */
  uint8: {
    element: number;
    data: Uint8Array<SharedArrayBuffer>;
  };
  /** Signed integers of 16 bits. */
  int16: {
    element: number;
    data: Int16Array<SharedArrayBuffer>;
  };
  /** Unsigned integers of 16 bits. */
  uint16: {
    element: number;
    data: Uint16Array<SharedArrayBuffer>;
  };
  /** Signed integers of 32 bits. */
  int32: {
    element: number;
    data: Int32Array<SharedArrayBuffer>;
  };
  /** Unsigned integers of 32 bits. */
  uint32: {
    element: number;
    data: Uint32Array<SharedArrayBuffer>;
  };
  /** Signed integers of 64 bits. */
  int64: {
    element: bigint;
    data: BigInt64Array<SharedArrayBuffer>;
  };
  /** Unsigned integers of 64 bits. */
  uint64: {
    element: bigint;
    data: BigUint64Array<SharedArrayBuffer>;
  };
  /** Half-precision numbers. */
  float16: {
    element: number;
    data: Float16Array<SharedArrayBuffer>;
  };
  /** Single-precision numbers. */
  float32: {
    element: number;
    data: Float32Array<SharedArrayBuffer>;
  };
  /** Double-precision numbers: all numbers of JavaScript. */
  float64: {
    element: number;
    data: Float64Array<SharedArrayBuffer>;
  };
  /** True or false, in a byte. */
  bool: {
    element: boolean;
    data: Uint8Array<SharedArrayBuffer>;
  };
  /** A character below U+0100, in a byte. */
  char: {
    element: string;
    data: Uint8Array<SharedArrayBuffer>;
  };
  /** Any character, in 32 bits. */
  wchar: {
    element: string;
    data: Uint32Array<SharedArrayBuffer>;
  };
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

export {};
