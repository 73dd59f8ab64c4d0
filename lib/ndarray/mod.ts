/**
 * npm:ndarray on shared memory: arrays of any dimension that workers share without copying.
 *
 * Importing this module lets every ndarray cross to other workers: one on shared memory by
 * reference, its views (`pick`, `lo`, `hi`, `step`, `transpose`) too; one on other memory as a copy.
 *
 * @example A slice in a worker
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const volume = zeros([4, 3, 2], "float32");
 * await using pool = new Pool(1);
 * await pool.apply((row: NdArray) => row.set(2, 7), [volume.pick(1, null, 0)]);
 * assertEquals(volume.get(1, 2, 0), 7);
 * ```
 *
 * @module
 */

// Inline, since a bare name does not resolve when this module is imported by URL.
// deno-lint-ignore no-import-prefix
import createNdarray from "npm:ndarray@^1.1.1";
import { registerReducer } from "../codec/reducers.ts";
import { task } from "../codec/functions.ts";

/** Names of element types, as NumPy's `dtype`. */
export type DataType =
  | "int8"
  | "uint8"
  | "uint8_clamped"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "float32"
  | "float64";

const arrayClasses = {
  int8: Int8Array,
  uint8: Uint8Array,
  uint8_clamped: Uint8ClampedArray,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

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
  /** Elements of type `float32`. */
  float32: Float32Array;
  /** Elements of type `float64`. */
  float64: Float64Array;
}

/** The typed array for a type of elements. */
export type ArrayOf<Type extends DataType> = ArrayTypes[Type];

/** What the elements of an ndarray lie in. */
export type NdArrayData = ArrayOf<DataType>;

/**
 * An array of any dimension: elements in a typed array, found by shape, stride and offset.
 *
 * @typeParam Data the typed array that the elements lie in
 */
export interface NdArray<Data extends NdArrayData = NdArrayData> {
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
  get(...index: number[]): number;
  /** Sets the element at an index. */
  set(...indexAndValue: number[]): number;
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

/**
 * Makes an array of zeros on shared memory.
 *
 * @param shape length of each axis
 * @param dtype type of the elements
 * @throws {RangeError} if a length is not a whole number of at least 0
 * @throws {TypeError} if there is no such type
 */
export function zeros<Type extends DataType = "float64">(
  shape: readonly number[],
  dtype: Type = "float64" as Type,
): NdArray<ArrayOf<Type>> {
  const size = sizeOf(shape);
  const arrayClass = arrayClassOf(dtype);
  const buffer = new SharedArrayBuffer(size * arrayClass.BYTES_PER_ELEMENT);
  return wrap(new (arrayClass as typeof Float64Array)(buffer), shape) as NdArray<never>;
}

/**
 * Makes an array on shared memory with the given elements, the last axis running fastest.
 *
 * @param data the elements
 * @param shape length of each axis
 * @param dtype type of the elements
 * @throws {RangeError} if the shape does not have as many elements as `data`
 * @throws {TypeError} if there is no such type
 */
export function fromArray<Type extends DataType = DataType>(
  data: ArrayLike<number>,
  shape: readonly number[] = [data.length],
  dtype: Type = dtypeOf(data) as Type,
): NdArray<ArrayOf<Type>> {
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(
      `Cannot make array: shape [${shape}] has ${sizeOf(shape)} elements and data ${data.length}`,
    );
  }
  const array = zeros(shape, dtype);
  (array.data as NdArrayData).set(data);
  return array;
}

function wrap(data: NdArrayData, shape: readonly number[]): NdArray {
  return createNdarray(data, [...shape]) as unknown as NdArray;
}

function sizeOf(shape: readonly number[]): number {
  if (!Array.isArray(shape)) throw new TypeError("Cannot make array: shape must be an array");
  let size = 1;
  for (const [axis, length] of shape.entries()) {
    if (!Number.isInteger(length) || length < 0) {
      throw new RangeError(
        `Cannot make array: shape[${axis}] must be a whole number of at least 0, not ${
          String(length)
        }`,
      );
    }
    size *= length;
  }
  return size;
}

function arrayClassOf(dtype: DataType) {
  if (Object.hasOwn(arrayClasses, dtype)) return arrayClasses[dtype];
  throw new TypeError(
    `Cannot make array: dtype must be one of ${Object.keys(arrayClasses).join(", ")}, not ${
      String(dtype)
    }`,
  );
}

function dtypeOf(data: ArrayLike<number>): DataType {
  for (const [dtype, arrayClass] of Object.entries(arrayClasses)) {
    if (data instanceof arrayClass) return dtype as DataType;
  }
  return "float64";
}

interface Parts {
  data: NdArrayData;
  shape: number[];
  stride: number[];
  offset: number;
}

registerReducer({
  is: (value) => "stride" in value && "shape" in value && "offset" in value && "data" in value,
  reduce: (value) => {
    const { data, shape, stride, offset } = value as NdArray;
    return { data, shape: [...shape], stride: [...stride], offset };
  },
  revive: task(
    import.meta,
    ({ data, shape, stride, offset }: Parts) =>
      createNdarray(data, shape, stride, offset) as unknown as NdArray,
  ),
});
