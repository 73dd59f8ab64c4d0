// The declarations of lib/memory/array.ts

import type { GuardOf } from "../sync/condition.d.ts";
import type { RLock, RLockOptions } from "../sync/rlock.d.ts";
import type { SharedLock, SharedOptions } from "./locking.d.ts";
import type { ElementsOf, RawArray } from "./raw_array.d.ts";
import type { NumberTypecode, Typecode } from "./typecodes.d.ts";

/**
 * Elements of one type in shared memory, with a lock. Exported as `Array` and as `SharedArray`.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message. It is never copied
 *   by that, however long it is.
 * - `data` is the typed array on the shared memory, for loops at full speed. `get`, `set` and
 *   `array[at]` check what they are given, and count from the end if the index is negative.
 * - `array[0] += 1` is two steps, and another worker may come between. The methods `add`, `sub`,
 *   `and`, `or`, `xor`, `exchange`, `compareExchange` and `update` change an element atomically and
 *   need no lock. Each returns what the element was before, as `Atomics` does.
 * - The lock is for whoever makes several steps. Nothing here takes it on its own: those who use the
 *   array by lock must all do so.
 * - What does not fit is refused and changes nothing: neither a store nor an addition wraps.
 *
 * Follows Python's `multiprocessing.Array`. There every access takes the lock, and overflow wraps.
 *
 * @typeParam Code its typecode: `"i"`, `"d"`, …, or a name: `"int32"`, `"float64"`, …; any of those
 * whose elements are numbers if it is left out
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
   * Makes an array.
   *
   * @param typecode the type of its elements
   * @param sizeOrSequence its length, with all elements 0, 0n, false or "\0"; or its elements
   * @throws {TypeError} if there is no such type, or an element is of another, or `lock` is no lock
   * @throws {RangeError} if the length is no whole number from 0, or an element does not fit
   */
  constructor(
    typecode: Code,
    sizeOrSequence: number | ElementsOf<Code>,
    options?: SharedOptions<L>,
  );
  /**
   * The lock that came with the array.
   *
   * @throws {TypeError} if it was made with `lock: false`
   */
  getLock(): Exclude<L, false>;
  /** The array without its lock. It is this one, since the lock is not taken on its own here. */
  getObj(): RawArray<Code>;
  /**
   * Acquires the array's lock: see {@linkcode RLock.acquire}, {@linkcode Lock.acquire}.
   *
   * @returns a guard that releases it at the end of its scope
   * @throws {TypeError} if it was made with `lock: false`
   */
  acquire(options?: RLockOptions): Promise<GuardOf<Exclude<L, false>>>;
  /**
   * Acquires the array's lock, blocking the thread.
   *
   * @returns a guard that releases it at the end of its scope
   * @throws {TypeError} if it was made with `lock: false`
   */
  acquireSync(options?: RLockOptions): GuardOf<Exclude<L, false>>;
  /**
   * Acquires the array's lock if that is possible at once.
   *
   * @returns a guard that releases it at the end of its scope, or `undefined`
   * @throws {TypeError} if it was made with `lock: false`
   */
  tryAcquire(options?: Pick<RLockOptions, "owner">): GuardOf<Exclude<L, false>> | undefined;
  /**
   * Releases the array's lock.
   *
   * @throws {Error} if nobody holds it
   * @throws {TypeError} if it was made with `lock: false`
   */
  release(options?: Pick<RLockOptions, "owner">): void;
  /**
   * Makes another array of the same type and length, with what the elements are now and a lock of its
   * own.
   *
   * Follows Python's `multiprocessing.sharedctypes.copy`, whose copy has no lock.
   */
  copy<M extends SharedLock | false = RLock>(options?: SharedOptions<M>): SharedArray<Code, M>;
}

export {};
