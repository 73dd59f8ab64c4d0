// The declarations of lib/ndarray/types.ts

/** The types of elements that are bigints: whole numbers of 64 bits. */
export type BigDataType = "bigint64" | "biguint64";

/** The types of elements that are numbers: names as npm:ndarray has them, NumPy's `dtype`. */
export type DataType = Exclude<keyof ArrayTypes, BigDataType>;

/** The typed arrays by type of element. */
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

/** The typed array for a type of elements. */
export type ArrayOf<Type extends DataType | BigDataType> = ArrayTypes[Type];

/** What the elements of an ndarray of numbers lie in. */
export type NdArrayData = ArrayOf<DataType>;

/** What the elements of an ndarray of bigints lie in. */
export type BigNdArrayData = ArrayOf<BigDataType>;

/** What the elements of any ndarray lie in. */
export type AnyNdArrayData = NdArrayData | BigNdArrayData;

/** An element of an ndarray: a bigint if its type has 64 bits and is whole, a number otherwise. */
export type ElementOf<Data extends AnyNdArrayData> = Data extends BigNdArrayData ? bigint : number;

/**
 * An array of any dimension: elements in a typed array, found by shape, stride and offset.
 *
 * It is what `npm:ndarray` makes; packages that take its arrays take these.
 *
 * @typeParam Data the typed array that the elements lie in
 */
export interface NdArray<Data extends AnyNdArrayData = NdArrayData> {
  /** The elements. */
  readonly data: Data;
  /** Length of each axis. */
  readonly shape: number[];
  /** Distance between neighbours along each axis, in elements. */
  readonly stride: number[];
  /** Where the first element is. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
  /** Number of axes. */
  readonly dimension: number;
  /** The type of the elements. */
  readonly dtype: string;
  /** The element at an index. */
  get(...index: number[]): ElementOf<Data>;
  /** Sets the element at an index. */
  set(...indexAndValue: [...index: number[], value: ElementOf<Data>]): ElementOf<Data>;
  /** Where the element at an index is in `data`. */
  index(...index: number[]): number;
  /** A view from this index on. */
  lo(...index: (number | null)[]): NdArray<Data>;
  /** A view up to this index. */
  hi(...index: (number | null)[]): NdArray<Data>;
  /** A view of every n-th element along each axis. */
  step(...step: (number | null)[]): NdArray<Data>;
  /** A view with the axes in another order. */
  transpose(...axes: number[]): NdArray<Data>;
  /** A view with fixed indices along some axes, which it no longer has. */
  pick(...index: (number | null)[]): NdArray<Data>;
}

export {};
