/**
 * Objects that cross as parts and are put together again by a function, as with Python's `copyreg`.
 *
 * @module
 */

import { isOptionsObject } from "../arguments/options.ts";
import { checkFunction, wrongType } from "../arguments/values.ts";
import { handleMark } from "../objects/shared_object.ts";
import { isClass } from "./class_text.ts";
import {
  type AnyClass,
  type AnyFunction,
  isInteractive,
  isRegistered,
  reduceInstances,
} from "./task.ts";
import { defineUnregistered } from "./unregistered.ts";

/**
 * How objects of one kind cross: {@linkcode registerReducer}.
 *
 * @typeParam T the objects
 * @typeParam Parts what is sent in place of one
 */
export interface Reducer<T extends object = object, Parts = unknown> {
  /**
   * The class whose objects they are; those of its subclasses are not, and are refused unless they have a
   * reducer of their own. Or a function that returns whether this reducer is for an object.
   */
  is: ((value: object) => value is T) | (abstract new (...args: never[]) => T);
  /** Takes an object apart. The parts must be able to cross, and must not contain the object. */
  reduce: (value: T) => Parts;
  /** Makes an equal object from the parts: a function registered with `task()`. */
  revive: (parts: Parts) => T;
}

/** A reducer that was registered. */
interface RegisteredReducer extends Pick<Reducer, "reduce" | "revive"> {
  readonly accepts: (value: object) => boolean;
  /** The class, if it is for the objects of one. */
  readonly of: AnyClass | undefined;
  /** Whether it is of this package. */
  readonly isOwn: boolean;
}

const reducers: RegisteredReducer[] = [];

/**
 * Registers how objects of one kind cross: a class with private fields, or of another package, whose
 * own properties are not enough to make a copy.
 *
 * - `reduce` runs where an object is sent, at the call, and `revive` where it is received. The
 *   receiving isolate imports the module of `revive` first, so register `revive` with `task()`.
 * - Call `registerReducer` at the top level of the module of `revive`. Then an isolate that received
 *   such an object can send it on.
 * - An object that occurs several times in a message is revived once.
 * - `is` that uses `instanceof` matches the objects of subclasses too, and these arrive as `revive` makes
 *   them. Name the class, and its subclasses are refused until they have reducers.
 * - If several reducers match an object, the one that was registered first is used.
 * - `task(import.meta, Class)` may be called for the class too: then its static methods cross.
 * - Plain objects, arrays, built-in classes and shared objects have an encoding of their own: reducers are
 *   not asked about them. Instances of a class registered with `task()` have one too, unless `is` is that
 *   class: a function as `is` is not asked about them.
 *
 * Follows Python's `copyreg.pickle`.
 *
 * @typeParam T the objects
 * @typeParam Parts what is sent in place of one
 * @param reducer how they are recognised, taken apart and put together
 * @throws {TypeError} if `is` is not a function or a class, `reduce` or `revive` is not a function, or
 * `revive` is not a task
 *
 * @example A class with private fields
 * ```ts
 * import { Pool, registerReducer, task } from "@sauropod/multiprocessing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * class Money {
 *   readonly #cents: number;
 *   constructor(cents: number) {
 *     this.#cents = cents;
 *   }
 *   get cents(): number {
 *     return this.#cents;
 *   }
 * }
 *
 * registerReducer({
 *   is: Money,
 *   reduce: (money) => money.cents,
 *   revive: task(import.meta, (cents: number) => new Money(cents)),
 * });
 *
 * const double = task(import.meta, (money: Money) => new Money(money.cents * 2));
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(1);
 *   const doubled = await pool.apply(double, [new Money(250)]);
 *   assert(doubled instanceof Money);
 *   assertEquals(doubled.cents, 500);
 * }
 * ```
 */
export function registerReducer<T extends object, Parts>(reducer: Reducer<T, Parts>): void {
  if (!isOptionsObject(reducer)) {
    const parts = "an object with the functions is, reduce and revive";
    throw wrongType("register reducer", "reducer", parts, reducer);
  }
  for (const key of ["is", "reduce", "revive"] as const) {
    checkFunction("register reducer", key, reducer[key]);
  }
  checkSendable(reducer.revive);
  addReducer(reducer, false);
}

/** As {@linkcode registerReducer}, for classes of this package: `task()` refuses these. */
export function registerOwnReducer<T extends object, Parts>(reducer: Reducer<T, Parts>): void {
  addReducer(reducer, true);
}

function addReducer<T extends object, Parts>(
  { is, reduce, revive }: Reducer<T, Parts>,
  isOwn: boolean,
): void {
  const of = isConstructor(is) ? is as AnyClass : undefined;
  if (of !== undefined) {
    if (!isOwn) checkReducible(of);
    reduceInstances(of);
  }
  const accepts = of === undefined
    ? is as (value: object) => boolean
    : (value: object) => Object.getPrototypeOf(value) === of.prototype;
  const common = { reduce, revive } as unknown as Pick<Reducer, "reduce" | "revive">;
  reducers.push({ ...common, accepts, of, isOwn });
}

/**
 * Rejects a function that cannot be named, before the first object is to be sent. The source of a
 * function is no name: it would lack what it uses of its module, and be missed only where it is called.
 */
function checkSendable(revive: AnyFunction): void {
  if (isRegistered(revive)) return;
  let cause: unknown;
  try {
    if (defineUnregistered(revive).kind !== "source" || isInteractive()) return;
  } catch (error) {
    cause = error;
  }
  throw new TypeError(
    "Cannot register reducer: revive must be a task, not a function that is not registered. " +
      "Write revive: task(import.meta, fn), at the top level of its module",
    cause === undefined ? {} : { cause },
  );
}

/**
 * Whether `is` of a reducer is a class rather than a function that tells: also one that is built in, or is
 * written as a function with methods or the name of a class.
 */
function isConstructor(is: Reducer["is"]): boolean {
  if (isClass(is)) return true;
  const { name, prototype } = is as { name: string; prototype?: unknown };
  if (typeof prototype !== "object" || prototype === null) return false;
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(is)) ||
    Reflect.ownKeys(prototype).length > 1 || /^\p{Lu}/u.test(name);
}

/** Built-in classes with an encoding of their own. */
const ENCODED: readonly AnyClass[] = [
  ...[Array, Map, Set, Date, RegExp, Error, ArrayBuffer, SharedArrayBuffer, DataView],
  ...[Boolean, Number, String, BigInt as unknown as AnyClass, Object.getPrototypeOf(Int8Array)],
];

/** Refuses a class whose instances have an encoding of their own, so that no reducer is asked about them. */
function checkReducible({ name, prototype }: AnyClass): void {
  const builtin = ENCODED.find((it) =>
    prototype === it.prototype || isPrototypeOf(it.prototype, prototype)
  );
  if (builtin === undefined && !(handleMark in prototype)) return;
  throw new TypeError(
    `Cannot register reducer: objects of ${name || "the class"}, which is or extends ${
      builtin?.name ?? "a class of shared objects"
    }, cross in a way of their own. For a subclass write task(import.meta, ${name || "Class"})`,
  );
}

const isPrototypeOf = Function.prototype.call.bind(Object.prototype.isPrototypeOf) as (
  prototype: object,
  value: object,
) => boolean;

/** Returns the first registered reducer for the object, if any. */
export function reducerFor(value: object): RegisteredReducer | undefined {
  if (reducers.length === 0) return undefined;
  return reducers.find((reducer) => reducer.accepts(value));
}

/** Returns the class with a reducer of its own that the class of an object extends, if any. */
export function reducedBaseOf(value: object): AnyClass | undefined {
  return reducers.find(({ of }) => of !== undefined && isPrototypeOf(of.prototype, value))?.of;
}
