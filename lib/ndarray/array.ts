/**
 * Makes ndarrays from their parts, checks them, and makes them cross: data by reference if it is on
 * shared memory, with shape, stride and offset.
 *
 * @module
 */

// Inline, since a bare name does not resolve when this module is imported by URL.
// deno-lint-ignore no-import-prefix
import createNdarray from "npm:ndarray@^1.1.1";
import { isOptionsObject } from "../arguments/options.ts";
import { checkInteger, checkNotTransferred, isArray, wrongType } from "../arguments/values.ts";
import { isTypedArray } from "../memory/sequence.ts";
import { type MemoryOptions, sharedBuffer } from "../memory/shared_buffer.ts";
import { registerOwnReducer } from "../codec/reducers.ts";
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
export function makeZeros(
  shape: readonly number[],
  dtype: DataType | BigDataType,
  options?: MemoryOptions,
): NdArray {
  const arrayClass = arrayClassOf(dtype);
  const size = shape.reduce((product, length) => product * length, 1);
  const buffer = sharedBuffer("make array", size * arrayClass.BYTES_PER_ELEMENT, options);
  return makeView(new arrayClass(buffer, 0, size), shape);
}

/** Returns whether a value is an ndarray. */
export function isNdArray(value: unknown): value is NdArray<AnyNdArrayData> {
  return isOptionsObject(value) && "stride" in value && "shape" in value && "offset" in value &&
    "data" in value;
}

/** Returns whether a value is an ndarray of a typed array. */
export function isOfTypedArray(value: unknown): value is NdArray<AnyNdArrayData> {
  return isNdArray(value) && isTypedArray(value.data) && isArray(value.shape);
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
 * @param call the function that takes the shape first, for advice to write its lengths into an array
 * @param second its second argument
 * @throws {TypeError} if it is not an array
 * @throws {RangeError} if a length is not an integer of at least 0
 */
export function sizeOf(shape: readonly number[], call?: string, second?: unknown): number {
  if (!isArray(shape)) {
    const lengths = [shape, second].filter((it) => typeof it === "number").join(", ");
    const advice = call === undefined || typeof shape !== "number"
      ? undefined
      : `Write ${call}([${lengths}])`;
    throw wrongType("make array", "shape", "an array of integers", shape, advice);
  }
  let size = 1;
  for (const [axis, length] of shape.entries()) {
    checkInteger("make array", `shape[${axis}]`, length, 0);
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
  name = "array",
): NdArray<Data> {
  if (isOfTypedArray(value)) {
    checkNotTransferred(verb, `the data of ${name}`, value.data);
    return value;
  }
  const requirement = "an ndarray with a typed array for data";
  throw wrongType(verb, name, requirement, value, "Make one with fromArray()");
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
  checkInteger(verb, "axis", axis);
  throw new RangeError(
    `Cannot ${verb}: axis ${axis} is out of range for an array of ${dimension} ` +
      (dimension === 1 ? "axis" : "axes"),
  );
}

registerOwnReducer({
  is: isNdArray,
  reduce: ({ data, shape, stride, offset }): Parts => (
    { data, shape: [...shape], stride: [...stride], offset }
  ),
  revive: task(
    import.meta,
    ({ data, shape, stride, offset }: Parts) => makeView(data, shape, stride, offset),
  ),
});
