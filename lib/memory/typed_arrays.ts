/**
 * Typed arrays on shared memory.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { checkInteger } from "../arguments/values.ts";
import { isTypedArray, listOf } from "./sequence.ts";
import { memoryNames, type MemoryOptions, sharedBuffer } from "./shared_buffer.ts";
import {
  type DataOf,
  isOfType,
  type Kind,
  kindOf,
  type NumericTypecode,
  rangeError,
} from "./typecodes.ts";

/**
 * Creates a typed array on shared memory: isolates that it is sent to see the same elements.
 *
 * Its `buffer` has whole pages of 64 KiB, of which those that are touched take memory, and may be longer than the
 * array. Use the array, or `new Uint8Array(array.buffer, 0, array.byteLength)` for its bytes.
 *
 * @param dtype the type of the elements: `"float64"`, `"int32"`, …, or one of Python's typecodes
 * @param from the number of elements, which are then 0, or the elements
 * @throws {TypeError} if there is no such type, an element is not a number of the kind it holds, or an
 *   option is unknown or has the wrong type
 * @throws {RangeError} if the number of elements is not an integer of at least 0, or too large
 * @throws {Deno.errors.NotCapable} if `processes` is true and the program has not the permission
 * @throws {Deno.errors.NotSupported} if `processes` is true on another system than Linux
 *
 * @example An array that a worker changes
 * ```ts
 * import { Pool } from "@sauropod/multiprocessing";
 * import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
 * import { assertEquals } from "@std/assert";
 *
 * const numbers = sharedArray("float64", 100);
 * await using pool = new Pool(1);
 * await pool.apply((numbers: Float64Array) => {
 *   numbers[9] = 81;
 * }, [numbers]);
 * assertEquals(numbers[9], 81);
 * assertEquals([...sharedArray("uint8", [1, 2, 3])], [1, 2, 3]);
 * ```
 */
export function sharedArray<Code extends NumericTypecode>(
  dtype: Code,
  from: number | Iterable<number | bigint> | ArrayLike<number | bigint>,
  options: MemoryOptions = {},
): DataOf<Code> {
  checkOptions("make array", options, memoryNames);
  const kind = kindOf(dtype, "array", "dtype");
  const { dataClass } = kind;
  const elements = typeof from === "number"
    ? undefined
    : listOf("make array", "from", from, "a number of elements or a sequence of them");
  const length = elements?.length ?? from;
  checkInteger("make array", "from", length, 0);
  const bytes = length * dataClass.BYTES_PER_ELEMENT;
  const buffer = sharedBuffer("make array", bytes, options);
  const array = new dataClass(buffer, 0, length);
  if (elements !== undefined && length > 0) { // none has a type
    // The elements of a typed array are all of one type.
    checkElements(kind, elements, isTypedArray(elements) ? 1 : Infinity);
    array.set(elements as ArrayLike<number>);
  }
  return array as unknown as DataOf<Code>;
}

/** Checks the types of elements, which the assignment to a typed array would convert. */
function checkElements(kind: Kind, elements: ArrayLike<unknown>, max: number): void {
  for (let at = 0; at < elements.length && at < max; at++) {
    if (!isOfType(kind, elements[at])) throw rangeError(kind, elements[at], `set element ${at}`);
  }
}
