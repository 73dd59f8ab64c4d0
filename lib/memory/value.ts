/**
 * A number, flag or character that isolates share.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `KIND` | the type of the element: its index in {@linkcode kinds} | the creator |
 * | `LOCK` | `RAW` for a `RawValue`, `NO_LOCK`, or the address of the lock, with a reference to it | the creator |
 * | `CELL`, two words | the element | all isolates, by `Atomics` |
 *
 * No isolate sleeps on these words. `CELL` is at an even address, as 64-bit elements require, since
 * the blocks of the heap are.
 *
 * @module
 */

import { checkFunction } from "../arguments/values.ts";
import { i32 } from "../heap/views.ts";
import {
  addRef,
  addressOf,
  createObject,
  defineType,
  handleFor,
  type ObjectAddress,
  objectWord,
  release,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import type { RLock } from "../sync/rlock.ts";
import { Cells, showAs } from "./cells.ts";
import {
  addLockMethods,
  type LockMethods,
  lockOf,
  noLockError,
  type SharedLock,
  type SharedOptions,
} from "./locking.ts";
import {
  type DtypeOf,
  type ElementOfTypecode,
  type ElementTypesOf,
  type IntegerTypecode,
  kindOf,
  kinds,
  type NumberTypecode,
  type NumericTypecode,
  type Typecode,
} from "./typecodes.ts";

/** The number of this type among shared objects. */
const TYPE = 17;

const KIND = objectWord.FIRST;
const LOCK = KIND + 1;
const CELL = LOCK + 1;
const WORDS = CELL + 2;

/** `LOCK` of a `RawValue`. */
const RAW = 0;
/** `LOCK` of a `Value` that was created with `lock: false`. */
const NO_LOCK = -1;

function createValue(typecode: Typecode): ObjectAddress {
  const kind = kinds.indexOf(kindOf(typecode, "value"));
  const address = createObject(TYPE, WORDS);
  i32[address + KIND] = kind;
  return address;
}

function cellsAt(address: ObjectAddress): Cells {
  const buffer = i32.buffer;
  return new Cells(kinds[i32[address + KIND]], () => "value", buffer, (address + CELL) * 4, 1);
}

/**
 * A number, flag or character in shared memory, without a lock.
 *
 * - Can be sent anywhere: as an argument of a process or a task, or in a message. It is shared, not
 *   copied.
 * - `value.value += 1` is a read and a write, and another isolate may write between the two. The
 *   methods `add`, `sub`, `and`, `or`, `xor`, `exchange`, `compareExchange` and `update` are
 *   atomic. Each returns the previous value, as `Atomics` does.
 * - Values that the type cannot represent are rejected, and change nothing: neither a store nor an
 *   addition wraps.
 *
 * Follows Python's `multiprocessing.RawValue`, and adds the atomic methods.
 *
 * @typeParam Code its typecode: `"i"`, `"d"`, …, or a name: `"int32"`, `"float64"`, …; if omitted,
 * any of those whose elements are numbers
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
export class RawValue<Code extends Typecode = NumberTypecode> extends SharedHandle {
  private readonly cells: Cells;
  /** @internal There is none: it lets the compiler compare types of elements, not their names. */
  declare protected readonly elementTypes?: ElementTypesOf<Code>;

  /**
   * Creates a value.
   *
   * @param typecode the type of the element
   * @param initial the element; 0, 0n, false or "\0" if omitted
   * @throws {TypeError} if there is no such type, or `initial` is of another type
   * @throws {RangeError} if `initial` does not fit the type
   */
  constructor(typecode: Code, initial?: ElementOfTypecode<Code>) {
    super(createValue(typecode));
    this.cells = cellsAt(this.address);
    if (initial !== undefined) this.cells.store(0, initial);
  }

  /** The name of its type: `"float64"` for the typecode `"d"`. */
  get dtype(): DtypeOf<Code> {
    return this.cells.kind.name as DtypeOf<Code>;
  }

  /**
   * The value. A read is atomic, and so is a write; a read followed by a write is not.
   *
   * @throws {TypeError} if the new value is of another type
   * @throws {RangeError} if the new value does not fit the type
   */
  get value(): ElementOfTypecode<Code> {
    return this.cells.load(0) as ElementOfTypecode<Code>;
  }

  set value(value: ElementOfTypecode<Code>) {
    this.cells.store(0, value);
  }

  /**
   * Adds to the value, atomically.
   *
   * @returns the previous value
   * @throws {RangeError} if the sum does not fit the type; the value is unchanged
   */
  add(this: RawValue<NumericTypecode>, amount: ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    return this.cells.add(0, amount) as ElementOfTypecode<Code>;
  }

  /**
   * Subtracts from the value, atomically.
   *
   * @returns the previous value
   * @throws {RangeError} if the difference does not fit the type; the value is unchanged
   */
  sub(this: RawValue<NumericTypecode>, amount: ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    return this.cells.sub(0, amount) as ElementOfTypecode<Code>;
  }

  /**
   * Replaces the value by its bitwise AND with `mask`, atomically.
   *
   * @param mask an integer of as many bits as the type has, signed or unsigned
   * @returns the previous value
   * @throws {RangeError} if `mask` has more bits than the type
   */
  and(this: RawValue<IntegerTypecode>, mask: ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    return this.cells.and(0, mask) as ElementOfTypecode<Code>;
  }

  /**
   * Replaces the value by its bitwise OR with `mask`, atomically.
   *
   * @param mask an integer of as many bits as the type has, signed or unsigned
   * @returns the previous value
   * @throws {RangeError} if `mask` has more bits than the type
   */
  or(this: RawValue<IntegerTypecode>, mask: ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    return this.cells.or(0, mask) as ElementOfTypecode<Code>;
  }

  /**
   * Replaces the value by its bitwise XOR with `mask`, atomically.
   *
   * @param mask an integer of as many bits as the type has, signed or unsigned
   * @returns the previous value
   * @throws {RangeError} if `mask` has more bits than the type
   */
  xor(this: RawValue<IntegerTypecode>, mask: ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    return this.cells.xor(0, mask) as ElementOfTypecode<Code>;
  }

  /**
   * Sets the value, atomically.
   *
   * @returns the previous value
   * @throws {RangeError} if `value` does not fit the type
   */
  exchange(value: ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    return this.cells.exchange(0, value) as ElementOfTypecode<Code>;
  }

  /**
   * Sets the value if it is `expected`, atomically. `0` equals `-0`, and `NaN` equals `NaN`.
   *
   * @returns the previous value: `expected` if the value was set
   * @throws {RangeError} if `expected` or `replacement` does not fit the type
   */
  compareExchange(
    expected: ElementOfTypecode<Code>,
    replacement: ElementOfTypecode<Code>,
  ): ElementOfTypecode<Code> {
    return this.cells.compareExchange(0, expected, replacement) as ElementOfTypecode<Code>;
  }

  /**
   * Sets the value to the result of `next`, atomically.
   *
   * @param next called with the previous value, and again if another isolate changes the value
   *   meanwhile, so it should have no side effects
   * @returns the previous value
   * @throws {RangeError} if the result does not fit the type; the value is unchanged
   * @throws what `next` throws; the value is unchanged
   *
   * @example A shared maximum
   * ```ts
   * import { Value } from "@sauropod/multiprocessing";
   * import { assertEquals } from "@std/assert";
   *
   * const largest = new Value("d", -Infinity);
   * for (const found of [2.5, 7.25, 3]) largest.update((old) => Math.max(old, found));
   * assertEquals(largest.value, 7.25);
   * ```
   */
  update(next: (old: ElementOfTypecode<Code>) => ElementOfTypecode<Code>): ElementOfTypecode<Code> {
    checkFunction("update value", "next", next);
    return this.cells.update(0, next as (old: unknown) => unknown) as ElementOfTypecode<Code>;
  }

  /** Creates another value of the same type with the current value of this one. */
  copy(): RawValue<Code> {
    return new RawValue(this.dtype as unknown as Code, this.value);
  }
}

/**
 * A number, flag or character in shared memory, with a lock.
 *
 * - Can be sent anywhere: as an argument of a process or a task, or in a message. It is shared, not
 *   copied.
 * - `value.value += 1` is a read and a write, and another isolate may write between the two. The
 *   methods `add`, `sub`, `and`, `or`, `xor`, `exchange`, `compareExchange` and `update` are atomic
 *   and need no lock. Each returns the previous value, as `Atomics` does.
 * - The lock is for operations of several steps. No member acquires it implicitly, not even
 *   `value`: it protects the value only if all users of the value acquire it.
 * - Values that the type cannot represent are rejected, and change nothing: neither a store nor an
 *   addition wraps.
 *
 * Follows Python's `multiprocessing.Value`, where reading and setting `value` acquire the lock, and
 * overflow wraps.
 *
 * @typeParam Code its typecode: `"i"`, `"d"`, …, or a name: `"int32"`, `"float64"`, …; if omitted,
 * any of those whose elements are numbers
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
export class Value<
  Code extends Typecode = NumberTypecode,
  L extends SharedLock | false = RLock,
> extends RawValue<Code> {
  /**
   * Creates a value.
   *
   * @param typecode the type of the element
   * @param initial the element; 0, 0n, false or "\0" if omitted
   * @throws {TypeError} if there is no such type, `initial` is of another type, or `lock` is not a
   *   lock
   * @throws {RangeError} if `initial` does not fit the type
   */
  constructor(typecode: Code, initial?: ElementOfTypecode<Code>, options: SharedOptions<L> = {}) {
    const lock = lockOf(options, "value");
    super(typecode, initial);
    if (lock === false) {
      i32[this.address + LOCK] = NO_LOCK;
    } else {
      const address = addressOf(lock)!;
      addRef(address);
      i32[this.address + LOCK] = address;
    }
  }

  /**
   * Returns the lock of the value.
   *
   * @throws {TypeError} if it was created with `lock: false`
   */
  getLock(): Exclude<L, false> {
    const lock = i32[this.address + LOCK];
    if (lock === NO_LOCK) throw noLockError("value");
    return handleFor(lock) as Exclude<L, false>;
  }

  /**
   * Returns the value without its lock: this object, since no member acquires the lock implicitly.
   */
  getObj(): RawValue<Code> {
    return this;
  }

  /**
   * Creates another value of the same type with the current value of this one, and a lock of its
   * own.
   *
   * Follows Python's `multiprocessing.sharedctypes.copy`, whose copy has no lock.
   */
  override copy<M extends SharedLock | false = RLock>(
    options?: SharedOptions<M>,
  ): Value<Code, M> {
    return new Value<Code, M>(this.dtype as unknown as Code, this.value, options);
  }
}

/** The methods of a {@linkcode Value} for its lock. */
export interface Value<
  Code extends Typecode = NumberTypecode,
  L extends SharedLock | false = RLock,
> extends LockMethods<L> {}
addLockMethods(Value);

showAs(RawValue.prototype, ({ dtype, value }, inspect) => `${dtype} ${inspect(value)}`);

defineType(TYPE, "Value", {
  crosses: true,
  revive(address) {
    const valueClass = i32[address + LOCK] === RAW ? RawValue : Value;
    return Object.assign(reviveAs(valueClass)(address), { cells: cellsAt(address) });
  },
  destroy(address) {
    if (i32[address + LOCK] > 0) release(i32[address + LOCK]);
  },
});
