// The declarations of lib/memory/frozen.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";

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
  : T extends readonly unknown[] | Readonly<Record<string, unknown>> ? {
      readonly [Part in keyof T]: Frozen<T[Part]>;
    }
  : T;

export {};
