/**
 * The typed arrays that kernels read and write: their element types and built-in classes.
 *
 * Instances of subclasses, and arrays whose prototype was changed, are asked for neither: what they have under
 * `constructor` or `subarray` may be anything.
 *
 * @module
 */

import type { ElementType } from "./ranges.ts";

/** Typed arrays that kernels read and write. */
export type KernelArray =
  | (Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array)
  | (Int32Array | Uint32Array | Float32Array | Float64Array);

type ArrayClass = new (buffer: ArrayBufferLike, offset: number, length: number) => KernelArray;

/** The element types and the classes, by the names of the classes. */
const types: Readonly<Record<string, readonly [ElementType, ArrayClass]>> = {
  Int8Array: ["int8", Int8Array],
  Uint8Array: ["uint8", Uint8Array],
  Uint8ClampedArray: ["uint8c", Uint8ClampedArray],
  Int16Array: ["int16", Int16Array],
  Uint16Array: ["uint16", Uint16Array],
  Int32Array: ["int32", Int32Array],
  Uint32Array: ["uint32", Uint32Array],
  Float32Array: ["float32", Float32Array],
  Float64Array: ["float64", Float64Array],
};

const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get!;

/** Returns the type of the elements that kernels have for an array; `undefined` for other types. */
export function elementTypeOf(array: ArrayBufferView): ElementType | undefined {
  return types[typedArrayTag.call(array)]?.[0];
}

/** Returns whether a value is a typed array that kernels have, has its buffer, and the methods of its class. */
export function isKernelArray(value: unknown): value is KernelArray {
  const type = ArrayBuffer.isView(value) ? types[typedArrayTag.call(value)] : undefined;
  return type !== undefined && Object.getPrototypeOf(value) === type[1].prototype &&
    !((value as KernelArray).buffer as ArrayBuffer).detached;
}

/** Returns elements of a buffer, of the type of an array. */
export function viewLike(
  array: KernelArray,
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
): KernelArray {
  return new types[typedArrayTag.call(array)][1](buffer, offset, length);
}
