/**
 * Values that are read from a shared container: copies, frozen so that an attempt to change the
 * original through them throws an error.
 *
 * @module
 */

import type { SharedHandle } from "../objects/shared_object.ts";

/**
 * The type of a value that is read from a shared container. It is a copy whose plain objects and
 * arrays are frozen. Shared objects in it are not copied. Instances of classes, typed arrays,
 * `Map`, `Set` and `Date` are copies that are not frozen.
 *
 * For the compiler an object is plain if its type is a type alias, not an interface or a class.
 *
 * @typeParam T the type of the value that was stored
 */
export type Frozen<T> = T extends SharedHandle ? T
  : T extends readonly unknown[] | Readonly<Record<string, unknown>>
    ? { readonly [Part in keyof T]: Frozen<T[Part]> }
  : T;

/** Freezes the plain objects and arrays of a value that was just read, recursively. */
export function freeze<T>(value: T): Frozen<T> {
  if (isObject(value)) freezeObject(value);
  return value as Frozen<T>;
}

/** Whether a value is an object, and no function. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function freezeObject(value: object): void {
  const isArray = Array.isArray(value);
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) return;
  if (Object.isFrozen(value)) return; // a cycle
  const parts: unknown[] = isArray ? value : Object.values(value);
  const nested = parts.some(isObject); // checked first, since a frozen array is slow to read
  Object.freeze(value);
  if (nested) { for (const part of parts) freeze(part); }
}
