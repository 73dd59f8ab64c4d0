/**
 * The types of ndarrays and of their elements.
 *
 * @module
 */

import { wrongType } from "../arguments/values.ts";

/** The element types that are bigints: 64-bit integers. */
export type BigDataType = "bigint64" | "biguint64";

/** The element types that are numbers: NumPy's `dtype`, by the names of `npm:ndarray`. */
export type DataType = Exclude<keyof ArrayTypes, BigDataType>;

/** The typed array class of each element type. */
export interface ArrayTypes {
  /** Elements of type `int8`. */
  int8: Int8Array;
  /** Elements of type `uint8`. */
  uint8: Uint8Array;
  /** Elements of type `uint8_clamped`. */
  uint8_clamped: Uint8ClampedArray;
  /** Elements of type `int16`. */
  int16: Int16Array;
  /** Elements of type `uint16`. */
  uint16: Uint16Array;
  /** Elements of type `int32`. */
  int32: Int32Array;
  /** Elements of type `uint32`. */
  uint32: Uint32Array;
  /** Elements of type `float16`. */
  float16: Float16Array;
  /** Elements of type `float32`. */
  float32: Float32Array;
  /** Elements of type `float64`. */
  float64: Float64Array;
  /** Elements of type `bigint64`, NumPy's `int64`. */
  bigint64: BigInt64Array;
  /** Elements of type `biguint64`, NumPy's `uint64`. */
  biguint64: BigUint64Array;
}

/** The typed array for an element type. */
export type ArrayOf<Type extends DataType | BigDataType> = ArrayTypes[Type];

/** The typed array that holds the elements of an ndarray of numbers. */
export type NdArrayData = ArrayOf<DataType>;

/** The typed array that holds the elements of an ndarray of bigints. */
export type BigNdArrayData = ArrayOf<BigDataType>;

/** The typed array that holds the elements of any ndarray. */
export type AnyNdArrayData = NdArrayData | BigNdArrayData;

/** An element of an ndarray: a bigint if its type is a 64-bit integer type, a number otherwise. */
export type ElementOf<Data extends AnyNdArrayData> = Data extends BigNdArrayData ? bigint : number;

/**
 * An array of any dimension: elements in a typed array, located by shape, stride and offset.
 *
 * These are the arrays of `npm:ndarray`, so packages that accept its arrays accept these.
 *
 * @typeParam Data the typed array that holds the elements
 */
export interface NdArray<Data extends AnyNdArrayData = NdArrayData> {
  /** The elements. */
  readonly data: Data;
  /** Length of each axis. */
  readonly shape: number[];
  /** Distance between consecutive elements along each axis, in elements. */
  readonly stride: number[];
  /** Position of the first element in `data`. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
  /** Number of axes. */
  readonly dimension: number;
  /** Type of the elements. */
  readonly dtype: string;
  /** Returns the element at an index. */
  get(...index: number[]): ElementOf<Data>;
  /** Sets the element at an index. */
  set(...indexAndValue: [...index: number[], value: ElementOf<Data>]): ElementOf<Data>;
  /** Returns the position in `data` of the element at an index. */
  index(...index: number[]): number;
  /** Returns a view that starts at this index. */
  lo(...index: (number | null)[]): NdArray<Data>;
  /** Returns a view that ends before this index. */
  hi(...index: (number | null)[]): NdArray<Data>;
  /** Returns a view of every n-th element along each axis. */
  step(...step: (number | null)[]): NdArray<Data>;
  /** Returns a view with the axes in another order. */
  transpose(...axes: number[]): NdArray<Data>;
  /** Returns a view with fixed indices along some axes, which the view lacks. */
  pick(...index: (number | null)[]): NdArray<Data>;
}

/** The positions of the elements of an array. */
export interface Layout {
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** The typed array class of each element type. */
export const arrayClasses = {
  int8: Int8Array,
  uint8: Uint8Array,
  uint8_clamped: Uint8ClampedArray,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float16: Float16Array,
  float32: Float32Array,
  float64: Float64Array,
  bigint64: BigInt64Array,
  biguint64: BigUint64Array,
} as const;

/** Any typed array class, typed as one of them, since all are used in the same way. */
export type ArrayClass = typeof Float64Array;

/**
 * Returns the typed array class for an element type.
 *
 * @throws {TypeError} if `dtype` is unknown
 */
export function arrayClassOf(dtype: DataType | BigDataType): ArrayClass {
  if (typeof dtype === "string" && Object.hasOwn(arrayClasses, dtype)) {
    return arrayClasses[dtype] as unknown as ArrayClass;
  }
  const names = Object.keys(arrayClasses).join(", ");
  const requirement = `one of ${names}, the last two of which are NumPy's int64 and uint64`;
  throw wrongType("make array", "dtype", requirement, dtype);
}

/** Returns the element type of a typed array; `"float64"` for other arrays. */
export function dtypeOf(data: ArrayLike<unknown>): DataType | BigDataType {
  for (const [dtype, arrayClass] of Object.entries(arrayClasses)) {
    if (data instanceof arrayClass) return dtype as DataType;
  }
  return "float64";
}

/** Returns whether elements of the type are bigints. */
export function isBig(dtype: string): dtype is BigDataType {
  return dtype === "bigint64" || dtype === "biguint64";
}
