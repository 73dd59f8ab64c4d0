// The declarations of lib/memory/value.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { GuardOf } from "../sync/condition.d.ts";
import type { RLock, RLockOptions } from "../sync/rlock.d.ts";
import type { SharedLock, SharedOptions } from "./locking.d.ts";
import type {
  DtypeOf,
  ElementOfTypecode,
  IntegerTypecode,
  NumberTypecode,
  NumericTypecode,
  Typecode,
} from "./typecodes.d.ts";

/**
 * A number, flag or character in shared memory, without a lock.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message.
 * - `value.value += 1` is two steps, and another worker may come between. The methods `add`, `sub`,
 *   `and`, `or`, `xor`, `exchange`, `compareExchange` and `update` are atomic. Each returns what the
 *   value was before, as `Atomics` does.
 * - What does not fit is refused and changes nothing: neither a store nor an addition wraps.
 *
 * Follows Python's `multiprocessing.RawValue`, and adds the atomic methods.
 *
 * @typeParam Code its typecode: `"i"`, `"d"`, …, or a name: `"int32"`, `"float64"`, …; any of those
 * whose elements are numbers if it is left out
 *
 * @example A total
 * ```ts
 * import { RawValue } from "@sauropod/multiprocessing";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const total = new RawValue("uint8", 250);
 * assertEquals(total.add(5), 250);
 * assertThrows(() => total.add(1), RangeError);
 * assertEquals(total.value, 255);
 * ```
 */
export declare class RawValue<Code extends Typecode = NumberTypecode> extends SharedHandle {
  private readonly cells;
  /**
   * Makes a value.
   *
   * @param typecode the type of its element
   * @param initial the element; 0, 0n, false or "\0" if it is left out
   * @throws {TypeError} if there is no such type, or `initial` is of another
   * @throws {RangeError} if `initial` does not fit the type
   */
  constructor(typecode: Code, initial?: ElementOfTypecode<Code>);
  /** The name of its type: `"float64"` for the typecode `"d"`. */
  get dtype(): DtypeOf<Code>;
  /**
   * What is stored. Reading is atomic, and so is setting; one after the other is not.
   *
   * @throws {TypeError} if it is set to something of another type
   * @throws {RangeError} if it is set to what does not fit the type
   */
  get value(): ElementOfTypecode<Code>;
  set value(value: ElementOfTypecode<Code>);
  /**
   * Adds to the value, atomically.
   *
   * @returns what it was before
   * @throws {RangeError} if the sum does not fit the type; the value is unchanged
   */
  add(this: RawValue<NumericTypecode>, amount: ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /**
   * Subtracts from the value, atomically.
   *
   * @returns what it was before
   * @throws {RangeError} if the difference does not fit the type; the value is unchanged
   */
  sub(this: RawValue<NumericTypecode>, amount: ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /**
   * Keeps only the bits that `mask` has too, atomically.
   *
   * @param mask bits, as many as the type has: as a number with a sign or without
   * @returns what the value was before
   * @throws {RangeError} if `mask` has more bits than the type
   */
  and(this: RawValue<IntegerTypecode>, mask: ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /**
   * Sets the bits that `mask` has, atomically.
   *
   * @param mask bits, as many as the type has: as a number with a sign or without
   * @returns what the value was before
   * @throws {RangeError} if `mask` has more bits than the type
   */
  or(this: RawValue<IntegerTypecode>, mask: ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /**
   * Flips the bits that `mask` has, atomically.
   *
   * @param mask bits, as many as the type has: as a number with a sign or without
   * @returns what the value was before
   * @throws {RangeError} if `mask` has more bits than the type
   */
  xor(this: RawValue<IntegerTypecode>, mask: ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /**
   * Sets the value, atomically.
   *
   * @returns what it was before
   * @throws {RangeError} if `value` does not fit the type
   */
  exchange(value: ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /**
   * Sets the value if it is `expected`, atomically. `0` is `-0` here, and `NaN` is `NaN`.
   *
   * @returns what it was before: `expected` if it has been set
   * @throws {RangeError} if `expected` or `replacement` does not fit the type
   */
  compareExchange(
    expected: ElementOfTypecode<Code>,
    replacement: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code>;
  /**
   * Sets the value to what `next` makes of it, atomically.
   *
   * @param next called again if another changes the value meanwhile, so it should do nothing else
   * @returns what the value was before
   * @throws {RangeError} if the result does not fit the type; the value is unchanged
   * @throws what `next` throws; the value is unchanged
   *
   * @example The largest that any worker has found
   * ```ts
   * import { Value } from "@sauropod/multiprocessing";
   * import { assertEquals } from "@std/assert";
   *
   * const largest = new Value("d", -Infinity);
   * for (const found of [2.5, 7.25, 3]) largest.update((old) => Math.max(old, found));
   * assertEquals(largest.value, 7.25);
   * ```
   */
  update(next: (old: ElementOfTypecode<Code>) => ElementOfTypecode<Code>): ElementOfTypecode<Code>;
  /** Makes another value of the same type that is now equal to this one. */
  copy(): RawValue<Code>;
}

/**
 * A number, flag or character in shared memory, with a lock.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message.
 * - `value.value += 1` is two steps, and another worker may come between. The methods `add`, `sub`,
 *   `and`, `or`, `xor`, `exchange`, `compareExchange` and `update` are atomic and need no lock. Each
 *   returns what the value was before, as `Atomics` does.
 * - The lock is for whoever makes several steps. Nothing here takes it on its own, not even `value`:
 *   those who use the value by lock must all do so.
 * - What does not fit is refused and changes nothing: neither a store nor an addition wraps.
 *
 * Follows Python's `multiprocessing.Value`. There reading and setting `value` take the lock, and
 * overflow wraps.
 *
 * @typeParam Code its typecode: `"i"`, `"d"`, …, or a name: `"int32"`, `"float64"`, …; any of those
 * whose elements are numbers if it is left out
 * @typeParam L the class of its lock; `false` if it has none
 *
 * @example Counting in all workers
 * ```ts
 * import { Pool, Value } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const counter = new Value("i");
 * await using pool = new Pool(2);
 * await pool.map((counter: Value<"i">) => counter.add(1), Array(100).fill(counter));
 * assertEquals(counter.value, 100);
 * ```
 *
 * @example Several steps under the lock
 * ```ts
 * import { Value } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const balance = new Value("q", 100n);
 * {
 *   using _ = await balance.acquire();
 *   if (balance.value >= 70n) balance.value -= 70n;
 * }
 * assertEquals(balance.value, 30n);
 * ```
 */
export declare class Value<
  Code extends Typecode = NumberTypecode,
  L extends SharedLock | false = RLock,
> extends RawValue<Code> {
  /**
   * Makes a value.
   *
   * @param typecode the type of its element
   * @param initial the element; 0, 0n, false or "\0" if it is left out
   * @throws {TypeError} if there is no such type, or `initial` is of another, or `lock` is no lock
   * @throws {RangeError} if `initial` does not fit the type
   */
  constructor(typecode: Code, initial?: ElementOfTypecode<Code>, options?: SharedOptions<L>);
  /**
   * The lock that came with the value.
   *
   * @throws {TypeError} if it was made with `lock: false`
   */
  getLock(): Exclude<L, false>;
  /** The value without its lock. It is this one, since the lock is not taken on its own here. */
  getObj(): RawValue<Code>;
  /**
   * Acquires the value's lock: see {@linkcode RLock.acquire}, {@linkcode Lock.acquire}.
   *
   * @returns a guard that releases it at the end of its scope
   * @throws {TypeError} if it was made with `lock: false`
   */
  acquire(options?: RLockOptions): Promise<GuardOf<Exclude<L, false>>>;
  /**
   * Acquires the value's lock, blocking the thread.
   *
   * @returns a guard that releases it at the end of its scope
   * @throws {TypeError} if it was made with `lock: false`
   */
  acquireSync(options?: RLockOptions): GuardOf<Exclude<L, false>>;
  /**
   * Acquires the value's lock if that is possible at once.
   *
   * @returns a guard that releases it at the end of its scope, or `undefined`
   * @throws {TypeError} if it was made with `lock: false`
   */
  tryAcquire(options?: Pick<RLockOptions, "owner">): GuardOf<Exclude<L, false>> | undefined;
  /**
   * Releases the value's lock.
   *
   * @throws {Error} if nobody holds it
   * @throws {TypeError} if it was made with `lock: false`
   */
  release(options?: Pick<RLockOptions, "owner">): void;
  /**
   * Makes another value of the same type that is now equal to this one, with a lock of its own.
   *
   * Follows Python's `multiprocessing.sharedctypes.copy`, whose copy has no lock.
   */
  copy<M extends SharedLock | false = RLock>(options?: SharedOptions<M>): Value<Code, M>;
}

export {};
