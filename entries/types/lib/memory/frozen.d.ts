// The declarations of lib/memory/frozen.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";

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
  : T extends readonly unknown[] | Readonly<Record<string, unknown>> ? {
      readonly [Part in keyof T]: Frozen<T[Part]>;
    }
  : T;

export {};
