// The declarations of lib/memory/typed_arrays.ts

import type { DataOf, NumericTypecode } from "./typecodes.d.ts";

/**
 * Makes a typed array on shared memory: workers that it is sent to see the same elements.
 *
 * @param dtype the type of the elements: `"float64"`, `"int32"`, …, or a typecode of Python's
 * @param from the number of elements, which are 0, or the elements themselves
 * @throws {TypeError} if there is no such type
 * @throws {RangeError} if the number is not a whole number of at least 0
 *
 * @example Seen by a worker
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
): DataOf<Code>;

export {};
