/**
 * Objects that cross as parts and are put together again by a function, as with Python's `copyreg`.
 *
 * @module
 */

import { DataCloneError } from "../errors.ts";
import { isOptionsObject } from "../arguments/options.ts";
import { checkFunction, wrongType } from "../arguments/values.ts";
import { isClass } from "./class_text.ts";
import { type AnyFunction, isInteractive, isRegistered } from "./task.ts";
import { defineUnregistered } from "./unregistered.ts";

/**
 * How objects of one kind cross: {@linkcode registerReducer}.
 *
 * @typeParam T the objects
 * @typeParam Parts what is sent in place of one
 */
export interface Reducer<T extends object = object, Parts = unknown> {
  /** Whether this reducer is for the object. */
  is: (value: object) => value is T;
  /** Takes an object apart. The parts must be able to cross, and must not contain the object. */
  reduce: (value: T) => Parts;
  /** Makes an equal object from the parts: a function registered with `task()`. */
  revive: (parts: Parts) => T;
}

const reducers: Reducer[] = [];

/**
 * Registers how objects of one kind cross: a class with private fields, or of another package, whose
 * own properties are not enough to make a copy.
 *
 * - `reduce` runs where an object is sent, at the call, and `revive` where it is received. The
 *   receiving isolate imports the module of `revive` first, so register `revive` with `task()`.
 * - Call `registerReducer` at the top level of the module of `revive`. Then an isolate that received
 *   such an object can send it on.
 * - An object that occurs several times in a message is revived once.
 * - If several reducers match an object, the one that was registered first is used.
 * - Plain objects, arrays, built-in classes, shared objects and instances of classes registered with
 *   `task()` have an encoding of their own: reducers are not asked about them.
 *
 * Follows Python's `copyreg.pickle`.
 *
 * @typeParam T the objects
 * @typeParam Parts what is sent in place of one
 * @param reducer how they are recognised, taken apart and put together
 * @throws {TypeError} if `is`, `reduce` or `revive` is not a function, or `revive` is not a task
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
 *   is: (value) => value instanceof Money,
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
  if (isClass(reducer.is)) {
    const name = reducer.is.name || "Class";
    const advice = `Write is: (value) => value instanceof ${name}`;
    throw wrongType("register reducer", "is", "a function that can be called", reducer.is, advice);
  }
  checkSendable(reducer.revive);
  reducers.push(reducer as unknown as Reducer);
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
    if (!(error instanceof DataCloneError)) throw error;
    cause = error;
  }
  throw new TypeError(
    "Cannot register reducer: revive must be a task, not a function that is not registered. " +
      "Write revive: task(import.meta, fn), at the top level of its module",
    cause === undefined ? {} : { cause },
  );
}

/** Returns the first registered reducer for the object, if any. */
export function reducerFor(value: object): Reducer<object, unknown> | undefined {
  if (reducers.length === 0) return undefined;
  return reducers.find((reducer) => reducer.is(value));
}
