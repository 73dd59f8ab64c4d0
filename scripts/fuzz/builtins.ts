/**
 * The built-in objects, which reading a message must not change.
 *
 * @module
 */

const classes = [
  ...[Object, Array, Function, String, Number, Boolean, BigInt, Symbol, Date, RegExp, Map, Set],
  ...[Promise, Error, TypeError, RangeError, AggregateError, ArrayBuffer, Uint8Array, DataView],
];
/** The objects that are watched. */
const objects: readonly object[] = [
  ...classes.flatMap((it) => [it, it.prototype as object]),
  ...[Math, JSON, Reflect, Number.isInteger],
];

/** Returns a number that changes when a property is added to what most objects inherit from. */
export function countBuiltins(): number {
  let count = 0;
  for (const { prototype } of [Object, Array, Function]) count += Reflect.ownKeys(prototype).length;
  return count;
}

/** Returns all properties of the objects, their prototypes, and whether they can be extended. */
function describeBuiltins(): unknown[] {
  return objects.flatMap((object) => [
    Object.getPrototypeOf(object),
    Object.isExtensible(object),
    ...Reflect.ownKeys(object).flatMap((key) => {
      const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(object, key)!;
      return [key, value, get, set, Object.values(flags).join()];
    }),
  ]);
}

const before = describeBuiltins();

/** Returns whether all is as it was when this module was imported. */
export function areBuiltinsIntact(): boolean {
  const after = describeBuiltins();
  return after.length === before.length && after.every((part, at) => Object.is(part, before[at]));
}
