/**
 * What is read out of a shared container: a copy, frozen so that nobody takes it for the original.
 *
 * @module
 */

import type { SharedHandle } from "../objects/shared_object.ts";

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
  if (isObject(value)) freezeObject(value);
  return value as Frozen<T>;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function freezeObject(value: object): void {
  const isArray = Array.isArray(value);
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) return;
  if (Object.isFrozen(value)) return; // a part refers back to it
  const parts: unknown[] = isArray ? value : Object.values(value);
  const nested = parts.some(isObject); // looked for before: a frozen array is slow to read
  Object.freeze(value);
  if (nested) { for (const part of parts) freeze(part); }
}
