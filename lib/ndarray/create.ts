/**
 * Functions that make arrays on shared memory.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { checkInteger, checkIterable, isArray, wrongType } from "../arguments/values.ts";
import { isTypedArray, listOf } from "../memory/sequence.ts";
import { memoryNames, type MemoryOptions } from "../memory/shared_buffer.ts";
import { checkArray, isShared, makeZeros, sizeOf } from "./array.ts";
import {
  type AnyNdArrayData,
  type ArrayOf,
  type ArrayTypes,
  type BigDataType,
  type DataType,
  dtypeOf,
  type ElementOf,
  isBig,
  type NdArray,
  type NdArrayData,
} from "./types.ts";
import { assign, inOrder } from "./walk.ts";

/** Number of elements that are set one by one; the others are copied from these. */
const FILLED = 4096;

/**
 * Makes an array of zeros on shared memory.
 *
 * Follows `numpy.zeros`. As in all arrays that this module makes, `data.buffer` has whole pages of 64 KiB, of
 * which those that are touched take memory, and may be longer than `data`.
 *
 * @param shape length of each axis
 * @param dtype type of the elements
 * @throws {RangeError} if a length is not an integer of at least 0
 * @throws {TypeError} if `dtype` or an option is unknown
 *
 * @example Two rows
 * ```ts
 * import { tolist, zeros } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = zeros([2, 3], "int32");
 * array.set(1, 2, 7);
 * assertEquals(tolist(array), [[0, 0, 0], [0, 0, 7]]);
 * ```
 */
export function zeros<Type extends DataType | BigDataType = "float64">(
  shape: readonly number[],
  dtype: Type = "float64" as Type,
  options?: MemoryOptions,
): NdArray<ArrayOf<Type>> {
  checkOptions("make array", options, memoryNames);
  sizeOf(shape, "zeros", dtype);
  return makeZeros(shape, dtype, options) as unknown as NdArray<ArrayOf<Type>>;
}

/**
 * Makes an array on shared memory, for elements that will be set.
 *
 * Follows `numpy.empty`; the elements are 0, since new memory is zeroed.
 *
 * @throws as {@linkcode zeros}
 *
 * @example Room for six numbers
 * ```ts
 * import { empty } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(empty([2, 3]).size, 6);
 * ```
 */
export function empty<Type extends DataType | BigDataType = "float64">(
  shape: readonly number[],
  dtype: Type = "float64" as Type,
): NdArray<ArrayOf<Type>> {
  sizeOf(shape, "empty", dtype);
  return zeros(shape, dtype);
}

/**
 * Makes an array of ones on shared memory.
 *
 * Follows `numpy.ones`.
 *
 * @throws as {@linkcode zeros}
 *
 * @example Three of them
 * ```ts
 * import { ones, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(ones([3], "uint8")), [1, 1, 1]);
 * ```
 */
export function ones<Type extends DataType | BigDataType = "float64">(
  shape: readonly number[],
  dtype: Type = "float64" as Type,
): NdArray<ArrayOf<Type>> {
  sizeOf(shape, "ones", dtype);
  return (isBig(dtype) ? full(shape, 1n, dtype) : full(shape, 1, dtype)) as unknown as NdArray<
    ArrayOf<Type>
  >;
}

/**
 * Makes an array on shared memory with one value for all elements.
 *
 * Follows `numpy.full`. Without `dtype`, a bigint makes a `"bigint64"` array, a number a `"float64"`
 * one.
 *
 * @param shape length of each axis
 * @param value every element
 * @param dtype type of the elements
 * @throws {TypeError} if only one of `value` and the element type is a bigint
 * @throws as {@linkcode zeros}
 *
 * @example Sevens
 * ```ts
 * import { full, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(full([2, 2], 7)), [[7, 7], [7, 7]]);
 * ```
 */
export function full<Type extends BigDataType = "bigint64">(
  shape: readonly number[],
  value: bigint,
  dtype?: Type,
): NdArray<ArrayOf<Type>>;
/** Makes an array of numbers. */
export function full<Type extends DataType = "float64">(
  shape: readonly number[],
  value: number,
  dtype?: Type,
): NdArray<ArrayOf<Type>>;
export function full(
  shape: readonly number[],
  value: number | bigint,
  dtype: DataType | BigDataType = typeof value === "bigint" ? "bigint64" : "float64",
): NdArray<AnyNdArrayData> {
  sizeOf(shape, "full");
  checkElement("value", value, dtype);
  const array = zeros(shape, dtype);
  // fill() of a large shared array is many times slower than copying.
  const data = array.data as NdArrayData;
  data.fill(value as number, 0, FILLED);
  for (let done = FILLED; done < data.length; done *= 2) {
    data.set(data.subarray(0, Math.min(done, data.length - done)), done);
  }
  return array;
}

/**
 * Makes an array on shared memory with the given elements, in C order: the last axis varies fastest.
 *
 * Follows `numpy.array`.
 *
 * @param data the elements
 * @param shape length of each axis
 * @param dtype type of the elements; by default that of `data`, if it is a typed array
 * @throws {RangeError} if the shape and `data` differ in their number of elements
 * @throws {TypeError} if `dtype` is unknown
 *
 * @example Two rows of three
 * ```ts
 * import { fromArray } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fromArray([1, 2, 3, 4, 5, 6], [2, 3]).get(1, 0), 4);
 * ```
 */
export function fromArray<Data extends AnyNdArrayData>(
  data: Data,
  shape?: readonly number[],
): NdArray<
  { [Type in keyof ArrayTypes]: Data extends ArrayTypes[Type] ? ArrayTypes[Type] : never }[
    keyof ArrayTypes
  ]
>;
/** Makes an array of bigints. */
export function fromArray<Type extends BigDataType = "bigint64">(
  data: ArrayLike<bigint>,
  shape?: readonly number[],
  dtype?: Type,
): NdArray<ArrayOf<Type>>;
/** Makes an array from a list of numbers. */
export function fromArray<Type extends DataType = "float64">(
  data: readonly number[],
  shape?: readonly number[],
  dtype?: Type,
): NdArray<ArrayOf<Type>>;
/** Makes an array of numbers. */
export function fromArray<Type extends DataType = DataType>(
  data: ArrayLike<number>,
  shape?: readonly number[],
  dtype?: Type,
): NdArray<ArrayOf<Type>>;
export function fromArray(
  data: ArrayLike<number> | ArrayLike<bigint>,
  shape?: readonly number[],
  dtype?: DataType | BigDataType,
): NdArray<AnyNdArrayData> {
  const list = listOf("make array", "data", data, "an array or a typed array");
  const elements = list as typeof data;
  const ofBigints = typeof elements[0] === "bigint" && !isTypedArray(elements);
  return arrayFrom(elements, shape, dtype === undefined && ofBigints ? "bigint64" : dtype);
}

function arrayFrom(
  data: ArrayLike<number> | ArrayLike<bigint>,
  shape: readonly number[] = [data.length],
  dtype: DataType | BigDataType = dtypeOf(data),
): NdArray<AnyNdArrayData> {
  if (sizeOf(shape) !== data.length) {
    throw new RangeError(
      `Cannot make array: shape [${shape}] has ${sizeOf(shape)} elements and data ${data.length}`,
    );
  }
  const array = makeZeros(shape, dtype);
  checkElements("data", data, dtype);
  array.data.set(data as ArrayLike<number>);
  return array;
}

/** Checks the types of elements, which the assignment to a typed array would convert. */
function checkElements(
  name: string,
  elements: ArrayLike<unknown>,
  dtype: DataType | BigDataType,
): void {
  // The elements of a typed array are all of one type.
  const count = isTypedArray(elements) ? Math.min(elements.length, 1) : elements.length;
  for (let at = 0; at < count; at++) {
    const element = elements[at];
    const advice = isArray(element)
      ? `For lists in lists write fromArray(data.flat(), [${elements.length}, ${element.length}])`
      : undefined;
    checkElement(`${name}[${at}]`, element, dtype, advice);
  }
}

function checkElement(
  name: string,
  value: unknown,
  dtype: DataType | BigDataType,
  advice?: string,
): void {
  const type = typeof value;
  const elementType = isBig(dtype) ? "bigint" : "number";
  if (type === elementType) return;
  const requirement = `a ${elementType}, since the elements are ${dtype}`;
  throw wrongType("make array", name, requirement, value, advice);
}

/**
 * Makes an array of one axis on shared memory from the items of an iterable.
 *
 * Follows `numpy.fromiter` and `sharedmem.fromiter`.
 *
 * @param items the elements; an endless iterable needs a `count`
 * @param dtype type of the elements
 * @param count number of elements to take; by default all
 * @throws {RangeError} if there are fewer than `count`, or `count` is not an integer of at least 0
 * @throws {TypeError} if `dtype` is unknown
 *
 * @example The first squares
 * ```ts
 * import { fromIter, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * function* squares() {
 *   for (let x = 0;; x++) yield x * x;
 * }
 *
 * assertEquals(tolist(fromIter(squares(), "int32", 4)), [0, 1, 4, 9]);
 * ```
 */
export function fromIter<Type extends DataType | BigDataType = "float64">(
  items: Iterable<ElementOf<ArrayOf<Type>>>,
  dtype: Type = "float64" as Type,
  count?: number,
): NdArray<ArrayOf<Type>> {
  if (count !== undefined) checkInteger("make array", "count", count, 0);
  if (typeof items !== "string") checkIterable("make array", "items", items);
  const elements: ElementOf<ArrayOf<Type>>[] = [];
  if (count !== 0) {
    for (const item of items) {
      elements.push(item);
      if (elements.length === count) break;
    }
  }
  if (count !== undefined && elements.length < count) {
    throw new RangeError(
      `Cannot make array: the iterable gave ${elements.length} elements, and count is ${count}`,
    );
  }
  const array = zeros([elements.length], dtype);
  checkElements("items", elements, dtype);
  (array.data as { set(from: unknown): void }).set(elements);
  return array;
}

/**
 * Makes a copy of an array on shared memory, in C order, whatever the strides of the original.
 *
 * Follows `numpy.copy`.
 *
 * @throws {TypeError} if `array` is not an ndarray of a typed array
 *
 * @example A copy of a column
 * ```ts
 * import { copy, fromArray, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * const array = fromArray([1, 2, 3, 4], [2, 2]);
 * const column = copy(array.pick(null, 1));
 * array.set(0, 1, 9);
 * assertEquals(tolist(column), [2, 4]);
 * ```
 */
export function copy<Data extends AnyNdArrayData>(array: NdArray<Data>): NdArray<Data> {
  const { data, shape } = checkArray(array, "copy array");
  const copied = makeZeros(shape, dtypeOf(data)) as unknown as NdArray<Data>;
  assign(copied, array);
  return copied;
}

/**
 * Returns the array itself if it is on shared memory, otherwise a copy on shared memory.
 *
 * @throws {TypeError} if `array` is not an ndarray of a typed array
 *
 * @example An array of another package
 * ```ts
 * import { asShared } from "@sauropod/multiprocessing/ndarray";
 * import { assert } from "@std/assert";
 * import ndarray from "ndarray";
 *
 * const array = asShared(ndarray(Float64Array.of(1, 2, 3)));
 * assert(array.data.buffer instanceof SharedArrayBuffer);
 * assert(asShared(array) === array);
 * ```
 */
export function asShared<Data extends AnyNdArrayData>(array: {
  readonly data: Data;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
}): NdArray<Data> {
  const checked = checkArray(array as NdArray<Data>, "share array");
  return isShared(checked) ? checked : copy(checked);
}

/** Elements in nested lists, one level for each axis. */
export type Nested<Element> = Element | Nested<Element>[];

/**
 * Returns the elements of an array in nested lists, one level for each axis; the element of an array
 * without axes.
 *
 * Follows `numpy.ndarray.tolist`.
 *
 * @throws {TypeError} if `array` is not an ndarray of a typed array
 *
 * @example A transposed view
 * ```ts
 * import { fromArray, tolist } from "@sauropod/multiprocessing/ndarray";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(tolist(fromArray([1, 2, 3, 4], [2, 2]).transpose(1, 0)), [[1, 3], [2, 4]]);
 * ```
 */
export function tolist<Data extends AnyNdArrayData>(array: NdArray<Data>): Nested<ElementOf<Data>> {
  const elements = inOrder(checkArray(array, "list array"));
  const { shape } = array;
  let at = 0;
  const listOf = (axis: number): Nested<ElementOf<Data>> =>
    axis === shape.length
      ? elements[at++] as ElementOf<Data>
      : Array.from({ length: shape[axis] }, () => listOf(axis + 1));
  return listOf(0);
}
