/**
 * What is read out of a shared container: a copy, frozen so that nobody takes it for the original.
 *
 * @module
 */

import type { SharedHandle } from "../atomics/shared_object.ts";

/**
 * A value as a shared container gives it: its plain objects and arrays, which are copies, cannot be
 * changed. Shared objects are themselves. Instances of classes, typed arrays, `Map`, `Set` and `Date`
 * cannot be frozen, but are copies all the same.
 *
 * The compiler takes an object for plain if its type is an alias, not an interface or a class.
 *
 * @typeParam T the type of the value that was stored
 */
export type Frozen<T> = T extends SharedHandle ? T
  : T extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { readonly [Part in keyof T]: Frozen<T[Part]> }
  : T;

/** Freezes the plain objects and arrays of a value that was just read, to any depth. */
export function freeze<T>(value: T): Frozen<T> {
  if (typeof value === "object" && value !== null) freezeObject(value);
  return value as Frozen<T>;
}

function freezeObject(value: object): void {
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return;
  if (Object.isFrozen(value)) return; // a part refers back to it
  Object.freeze(value);
  for (const part of Array.isArray(value) ? value : Object.values(value)) freeze(part);
}
