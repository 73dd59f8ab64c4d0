/**
 * What `map["a"] = 1` and `list[0]` mean in Python and cannot mean here: an error instead of a
 * property of the handle, which nobody else would see.
 *
 * A proxy stands behind the prototype of the class, where only names come that no member has.
 *
 * @module
 */

/** What to write instead of brackets. */
export interface Instead {
  /** For `handle[key] = value`. */
  set: (key: string) => string;
  /** For `handle[index]`, where it is an element; nothing if other names are meant. */
  get?: (index: string) => string;
}

/** Has brackets on instances of a class say what to write instead. Subclasses may have properties. */
export function refuseBrackets({ prototype }: { prototype: object }, instead: Instead): void {
  const { set: setter, get: getter } = instead;
  const isMeant = (receiver: unknown) => Object.getPrototypeOf(receiver) === prototype;
  const behind = Object.create(Object.getPrototypeOf(prototype));
  Object.setPrototypeOf(
    prototype,
    new Proxy(behind, {
      set(target, key, value, receiver) {
        if (typeof key === "string" && isMeant(receiver)) {
          throw new TypeError(`Cannot set [${key}]: it would not be shared. Write ${setter(key)}`);
        }
        return Reflect.set(target, key, value, receiver);
      },
      get(target, key, receiver) {
        if (getter && typeof key === "string" && /^-?\d+$/.test(key) && isMeant(receiver)) {
          throw new TypeError(
            `Cannot read [${key}]: elements are no properties. Write ${getter(key)}`,
          );
        }
        return Reflect.get(target, key, receiver);
      },
    }),
  );
}
