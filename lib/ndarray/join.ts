/**
 * Functions that join arrays, such as the results of workers.
 *
 * @module
 */

import { isArray, wrongType } from "../arguments/values.ts";
import { checkArray, checkAxis, haveSameShape, isNdArray, makeView, makeZeros } from "./array.ts";
import {
  type AnyNdArrayData,
  type BigDataType,
  type DataType,
  dtypeOf,
  isBig,
  type NdArray,
} from "./types.ts";
import { assign } from "./walk.ts";

/**
 * Joins arrays along an existing axis, into a new array on shared memory.
 *
 * Follows `numpy.concatenate`. Elements of different types are converted to a type that holds both.
 * Where that is `int64` in NumPy, as for `int32` and `uint32`, it is `float64` here.
 *
 * @param arrays at least one; their shapes may differ in the length of the axis only
 * @param axis the axis; negative ones count from the last
 * @throws {RangeError} if the shapes do not match, `axis` is out of range, or there is no array
 * @throws {TypeError} if only some of the arrays have bigints
 *
 * @example Two rows and one
 * ```ts
 * import { concatenate, fromArray, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const two = fromArray([1, 2, 3, 4], [2, 2]);
 * const one = fromArray([5, 6], [1, 2]);
 * assertEquals(tolist(concatenate([two, one])), [[1, 2], [3, 4], [5, 6]]);
 * ```
 */
export function concatenate<Data extends AnyNdArrayData>(
  arrays: readonly NdArray<Data>[],
  axis = 0,
): NdArray<Data> {
  const [first] = checkArrays(arrays, "concatenate arrays");
  const at = checkAxis(axis, first.dimension, "concatenate arrays");
  for (const [index, { shape }] of arrays.entries()) {
    const fits = shape.length === first.dimension &&
      shape.every((length, axis) => axis === at || length === first.shape[axis]);
    if (fits) continue;
    throw new RangeError(
      `Cannot concatenate arrays: shapes [${first.shape}] of arrays[0] and [${shape}] of ` +
        `arrays[${index}] do not match other than along axis ${at}`,
    );
  }
  const length = arrays.reduce((sum, { shape }) => sum + shape[at], 0);
  const whole = makeZeros(first.shape.with(at, length), commonType(arrays));
  let start = 0;
  for (const array of arrays) {
    const { data, stride, offset } = whole;
    assign(makeView(data, array.shape, stride, offset + start * stride[at]), array);
    start += array.shape[at];
  }
  return whole as unknown as NdArray<Data>;
}

/**
 * Joins arrays of one shape along a new axis, into a new array on shared memory.
 *
 * Follows `numpy.stack`. For elements of different types see {@linkcode concatenate}.
 *
 * @param arrays at least one
 * @param axis index of the new axis in the result; negative ones count from the last
 * @throws {RangeError} if the shapes differ, `axis` is out of range, or there is no array
 * @throws {TypeError} if only some of the arrays have bigints
 *
 * @example Rows
 * ```ts
 * import { arange, ones, stack, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(stack([arange(2), ones([2])])), [[0, 1], [1, 1]]);
 * assertEquals(tolist(stack([arange(2), ones([2])], 1)), [[0, 1], [1, 1]]);
 * ```
 */
export function stack<Data extends AnyNdArrayData>(
  arrays: readonly NdArray<Data>[],
  axis = 0,
): NdArray<Data> {
  const [first] = checkArrays(arrays, "stack arrays");
  const at = checkAxis(axis, first.dimension + 1, "stack arrays");
  for (const [index, array] of arrays.entries()) {
    if (haveSameShape(array, first)) continue;
    throw new RangeError(
      `Cannot stack arrays: shapes [${first.shape}] of arrays[0] and [${array.shape}] of ` +
        `arrays[${index}] differ`,
    );
  }
  return concatenate(
    arrays.map(({ data, shape, stride, offset }) =>
      makeView(data, shape.toSpliced(at, 0, 1), stride.toSpliced(at, 0, 0), offset)
    ),
    at,
  );
}

function checkArrays<Data extends AnyNdArrayData>(
  arrays: readonly NdArray<Data>[],
  verb: string,
): readonly NdArray<Data>[] {
  if (!isArray(arrays)) {
    const advice = isNdArray(arrays) ? `Write ${verb.split(" ")[0]}([a, b])` : undefined;
    throw wrongType(verb, "arrays", "an array of ndarrays", arrays, advice);
  }
  if (arrays.length === 0) throw new RangeError(`Cannot ${verb}: there must be at least one`);
  arrays.forEach((array, at) => checkArray(array, verb, `arrays[${at}]`));
  return arrays;
}

/** Returns the type that holds the elements of all arrays, after NumPy's `result_type`. */
function commonType(arrays: readonly NdArray<AnyNdArrayData>[]): DataType | BigDataType {
  return arrays.map(({ data }) => dtypeOf(data)).reduce(widerType);
}

function widerType(left: DataType | BigDataType, right: DataType | BigDataType) {
  if (left === right) return left;
  if (isBig(left) || isBig(right)) {
    throw new TypeError(
      `Cannot concatenate arrays: no type holds both ${left} and ${right}. Convert one of them`,
    );
  }
  const [a, b] = [traitsOf(left), traitsOf(right)];
  let bits = Math.max(a.bits, b.bits);
  if (a.kind === b.kind) return nameOf(a.kind, bits);
  if (a.kind === "float" || b.kind === "float") {
    const [float, integer] = a.kind === "float" ? [a, b] : [b, a];
    bits = Math.max(float.bits, 2 * integer.bits); // represents each integer exactly
    return nameOf("float", bits);
  }
  const [signed, unsigned] = a.kind === "int" ? [a, b] : [b, a];
  bits = Math.max(signed.bits, 2 * unsigned.bits);
  return bits > 32 ? "float64" : nameOf("int", bits);
}

function traitsOf(dtype: DataType): { kind: "int" | "uint" | "float"; bits: number } {
  const [, kind, bits] = dtype.match(/^(u?int|float)(\d+)/)!;
  return { kind: kind as "int", bits: Number(bits) };
}

function nameOf(kind: "int" | "uint" | "float", bits: number): DataType {
  return `${kind}${Math.min(bits, 64)}` as DataType;
}
