// The declarations of lib/memory/array.ts

import type { RLock } from "../sync/rlock.d.ts";
import type { LockMethods, SharedLock, SharedOptions } from "./locking.d.ts";
import type { ElementsOf, RawArray } from "./raw_array.d.ts";
import type { MemoryOptions } from "./shared_buffer.d.ts";
import type { NumberTypecode, Typecode } from "./typecodes.d.ts";

/**
 * Options of a {@linkcode SharedArray}.
 *
 * @typeParam L the class of its lock; `false` if it has none
 */
export interface SharedArrayOptions<L extends SharedLock | false = RLock>
  extends SharedOptions<L>, MemoryOptions {
}

/**
 * Elements of one type in shared memory, with a lock.
 *
 * - Can be sent anywhere: as an argument of a process or a task, or in a message. It is shared, not
 *   copied, however long it is.
 * - `data` is the typed array on the shared memory, for loops at full speed. `get`, `set` and
 *   `array[at]` check their arguments, and accept negative indices, which count from the end.
 * - `array[0] += 1` is a read and a write, and another isolate may write between the two. The
 *   methods `add`, `sub`, `and`, `or`, `xor`, `exchange`, `compareExchange` and `update` are atomic
 *   and need no lock. Each returns the previous element, as `Atomics` does.
 * - The lock is for operations of several steps. No member acquires it implicitly: it protects the
 *   array only if all users of the array acquire it.
 * - Values that the type cannot represent are rejected, and change nothing: neither a store nor an
 *   addition wraps.
 *
 * Follows Python's `multiprocessing.Array`, where each access acquires the lock, and overflow
 * wraps.
 *
 * @typeParam Code its typecode: `"i"`, `"d"`, …, or a name: `"int32"`, `"float64"`, …; if omitted,
 * any of those whose elements are numbers
 * @typeParam L the class of its lock; `false` if it has none
 *
 * @example Filled by a process
 * ```ts
 * import { Process, SharedArray } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const squares = new SharedArray("i", 4);
 * const process = new Process({
 *   target: (squares: SharedArray<"i">) => {
 *     for (let i = 0; i < squares.length; i++) squares.data[i] = i * i;
 *   },
 *   args: [squares],
 * });
 * process.start();
 * await process.join();
 * assertEquals([...squares], [0, 1, 4, 9]);
 * assertEquals(squares[-1], 9);
 * assertEquals(squares.slice(1, 3), [1, 4]);
 * ```
 *
 * @example Several elements under the lock
 * ```ts
 * import { SharedArray } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const pair = new SharedArray("d", [1.5, 2.5]);
 * {
 *   using _ = await pair.acquire();
 *   pair.setSlice(0, 2, pair.slice().reverse());
 * }
 * assertEquals([...pair], [2.5, 1.5]);
 * ```
 */
export declare class SharedArray<
  Code extends Typecode = NumberTypecode,
  L extends SharedLock | false = RLock,
> extends RawArray<Code> {
  private readonly lock;
  /**
   * Creates an array.
   *
   * @param typecode the type of the elements
   * @param sizeOrSequence the length, for elements that are 0, 0n, false or "\0"; or the elements
   * @throws {TypeError} if there is no such type, an element is of another type, or `lock` is not a
   *   lock
   * @throws {RangeError} if the length is not an integer of at least 0, or an element does not fit
   */
  constructor(
    typecode: Code,
    sizeOrSequence: number | ElementsOf<Code>,
    options?: SharedArrayOptions<L>,
  );
  /**
   * Returns the lock of the array.
   *
   * @throws {TypeError} if it was created with `lock: false`
   */
  getLock(): Exclude<L, false>;
  /**
   * Returns the array without its lock: this object, since no member acquires the lock implicitly.
   */
  getObj(): RawArray<Code>;
  /**
   * Creates another array of the same type and length, with the current elements of this one, and a
   * lock of its own.
   *
   * Follows Python's `multiprocessing.sharedctypes.copy`, whose copy has no lock.
   */
  copy<M extends SharedLock | false = RLock>(options?: SharedArrayOptions<M>): SharedArray<Code, M>;
}

/** The methods of a {@linkcode SharedArray} for its lock. */
export interface SharedArray<
  Code extends Typecode = NumberTypecode,
  L extends SharedLock | false = RLock,
> extends LockMethods<L> {
}

export {};
