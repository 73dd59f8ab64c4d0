/**
 * Makes ndarrays from their parts, checks them, and makes them cross: data by reference if it is on
 * shared memory, with shape, stride and offset.
 *
 * @module
 */

// Inline, since a bare name does not resolve when this module is imported by URL.
// deno-lint-ignore no-import-prefix
import createNdarray from "npm:ndarray@^1.1.1";
import { describe } from "../arguments/describe.ts";
import { registerReducer } from "../codec/reducers.ts";
import { task } from "../codec/task.ts";
import {
  type AnyNdArrayData,
  arrayClassOf,
  type BigDataType,
  type DataType,
  type NdArray,
} from "./types.ts";

interface Parts {
  data: AnyNdArrayData;
  shape: number[];
  stride: number[];
  offset: number;
}

/** Makes an array over `data`: by default over all of it, in C order. */
export function makeView<Data extends AnyNdArrayData>(
  data: Data,
  shape: readonly number[],
  stride?: readonly number[],
  offset?: number,
): NdArray<Data> {
  const array = createNdarray(
    data as never,
    [...shape],
    stride && [...stride],
    offset,
  );
  return array as unknown as NdArray<Data>;
}

/** Makes an array of zeros on shared memory, of a shape that has been checked. */
export function makeZeros(shape: readonly number[], dtype: DataType | BigDataType): NdArray {
  const arrayClass = arrayClassOf(dtype);
  const size = shape.reduce((product, length) => product * length, 1);
  const buffer = new SharedArrayBuffer(size * arrayClass.BYTES_PER_ELEMENT);
  return makeView(new arrayClass(buffer), shape);
}

/** Returns whether a value is an ndarray. */
export function isNdArray(value: unknown): value is NdArray<AnyNdArrayData> {
  return typeof value === "object" && value !== null && "stride" in value && "shape" in value &&
    "offset" in value && "data" in value;
}

/** Returns whether two arrays have the same shape. */
export function haveSameShape(a: NdArray<AnyNdArrayData>, b: NdArray<AnyNdArrayData>): boolean {
  return a.shape.length === b.shape.length &&
    a.shape.every((length, axis) => length === b.shape[axis]);
}

/** Returns whether the elements are on shared memory. */
export function isShared({ data }: NdArray<AnyNdArrayData>): boolean {
  return data.buffer instanceof SharedArrayBuffer;
}

/**
 * Returns the number of elements of a shape.
 *
 * @throws {TypeError} if it is not an array
 * @throws {RangeError} if a length is not an integer of at least 0
 */
export function sizeOf(shape: readonly number[]): number {
  if (!Array.isArray(shape)) throw new TypeError("Cannot make array: shape must be an array");
  let size = 1;
  for (const [axis, length] of shape.entries()) {
    if (!Number.isInteger(length) || length < 0) {
      throw new RangeError(
        `Cannot make array: shape[${axis}] must be an integer of at least 0, not ${
          describe(length)
        }`,
      );
    }
    size *= length;
  }
  return size;
}

/**
 * Returns the value if it is an ndarray of a typed array.
 *
 * @throws {TypeError} if it is anything else
 */
export function checkArray<Data extends AnyNdArrayData>(
  value: NdArray<Data>,
  verb: string,
): NdArray<Data> {
  if (isNdArray(value) && ArrayBuffer.isView(value.data)) return value;
  throw new TypeError(
    `Cannot ${verb}: the array must be an ndarray with a typed array for data, not ${
      isNdArray(value) ? "one with other data" : value === null ? "null" : `a ${typeof value}`
    }. Make it with fromArray()`,
  );
}

/**
 * Returns an axis as an index from the first; negative ones count from the last.
 *
 * @throws {RangeError} if `axis` is out of range
 */
export function checkAxis(axis: number, dimension: number, verb: string): number {
  if (Number.isInteger(axis) && axis >= -dimension && axis < dimension) {
    return axis < 0 ? axis + dimension : axis;
  }
  throw new RangeError(
    `Cannot ${verb}: axis ${describe(axis)} is out of range for an array of ${dimension} ` +
      (dimension === 1 ? "axis" : "axes"),
  );
}

registerReducer({
  is: isNdArray,
  reduce: ({ data, shape, stride, offset }): Parts => (
    { data, shape: [...shape], stride: [...stride], offset }
  ),
  revive: task(
    import.meta,
    ({ data, shape, stride, offset }: Parts) => makeView(data, shape, stride, offset),
  ),
});
