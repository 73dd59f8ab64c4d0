/**
 * Sequences of elements, from which arrays are made.
 *
 * @module
 */

import { isOptionsObject } from "../arguments/options.ts";
import { checkNotTransferred, isIterable, wrongType } from "../arguments/values.ts";

/**
 * Returns a sequence as an object with a length: typed arrays and array-likes are not copied.
 *
 * @param requirement what it must be, for the error message
 * @throws {TypeError} if it is not a sequence, or its memory was transferred
 */
export function listOf(
  verb: string,
  name: string,
  sequence: unknown,
  requirement: string,
): ArrayLike<unknown> {
  checkNotTransferred(verb, name, sequence);
  if (isTypedArray(sequence)) return sequence;
  if (typeof sequence === "string" || isIterable(sequence)) return Array.from(sequence);
  // Its length may be any number: whether there are as many elements is seen when they are read.
  if (isArrayLike(sequence)) return sequence;
  throw wrongType(verb, name, requirement, sequence);
}

/** Whether a value is a typed array. */
export function isTypedArray(value: unknown): value is Int32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  if (!isOptionsObject(value)) return false;
  const length: unknown = Reflect.get(value, "length");
  return typeof length === "number" && Number.isInteger(length) && length >= 0;
}
