// The declarations of lib/memory/typed_arrays.ts

import type { MemoryOptions } from "./shared_buffer.d.ts";
import type { DataOf, NumericTypecode } from "./typecodes.d.ts";

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
export declare function sharedArray<Code extends NumericTypecode>(
  dtype: Code,
  from: number | Iterable<number | bigint> | ArrayLike<number | bigint>,
  options?: MemoryOptions,
): DataOf<Code>;

export {};
