// The declarations of lib/ndarray/create.ts

import type { MemoryOptions } from "../memory/shared_buffer.d.ts";
import type {
  AnyNdArrayData,
  ArrayOf,
  ArrayTypes,
  BigDataType,
  DataType,
  ElementOf,
  NdArray,
} from "./types.d.ts";

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
export declare function zeros<Type extends DataType | BigDataType = "float64">(
  shape: readonly number[],
  dtype?: Type,
  options?: MemoryOptions,
): NdArray<ArrayOf<Type>>;

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
export declare function empty<Type extends DataType | BigDataType = "float64">(
  shape: readonly number[],
  dtype?: Type,
): NdArray<ArrayOf<Type>>;

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
export declare function ones<Type extends DataType | BigDataType = "float64">(
  shape: readonly number[],
  dtype?: Type,
): NdArray<ArrayOf<Type>>;

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
export declare function full<Type extends BigDataType = "bigint64">(
  shape: readonly number[],
  value: bigint,
  dtype?: Type,
): NdArray<ArrayOf<Type>>;

/** Makes an array of numbers. */
export declare function full<Type extends DataType = "float64">(
  shape: readonly number[],
  value: number,
  dtype?: Type,
): NdArray<ArrayOf<Type>>;

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
export declare function fromArray<Data extends AnyNdArrayData>(
  data: Data,
  shape?: readonly number[],
): NdArray<
  {
    [Type in keyof ArrayTypes]: Data extends ArrayTypes[Type] ? ArrayTypes[Type] : never;
  }[keyof ArrayTypes]
>;

/** Makes an array of bigints. */
export declare function fromArray<Type extends BigDataType = "bigint64">(
  data: ArrayLike<bigint>,
  shape?: readonly number[],
  dtype?: Type,
): NdArray<ArrayOf<Type>>;

/** Makes an array from a list of numbers. */
export declare function fromArray<Type extends DataType = "float64">(
  data: readonly number[],
  shape?: readonly number[],
  dtype?: Type,
): NdArray<ArrayOf<Type>>;

/** Makes an array of numbers. */
export declare function fromArray<Type extends DataType = DataType>(
  data: ArrayLike<number>,
  shape?: readonly number[],
  dtype?: Type,
): NdArray<ArrayOf<Type>>;

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
export declare function fromIter<Type extends DataType | BigDataType = "float64">(
  items: Iterable<ElementOf<ArrayOf<Type>>>,
  dtype?: Type,
  count?: number,
): NdArray<ArrayOf<Type>>;

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
export declare function copy<Data extends AnyNdArrayData>(array: NdArray<Data>): NdArray<Data>;

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
export declare function asShared<Data extends AnyNdArrayData>(array: {
  readonly data: Data;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
}): NdArray<Data>;

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
export declare function tolist<Data extends AnyNdArrayData>(
  array: NdArray<Data>,
): Nested<ElementOf<Data>>;

export {};
