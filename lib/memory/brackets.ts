/**
 * Errors for `map["a"] = 1` and `list[0]`, which Python programs write. Here they would set and
 * read a property of the handle, which is not shared.
 *
 * A proxy at the end of the prototype chain throws them. It is reached only by names that no member
 * of the class has.
 *
 * @module
 */

/** What to write instead of brackets, for the errors. */
export interface Instead {
  /** For `handle[key] = value`. */
  set: (key: string) => string;
  /** For `handle[index]`; omitted if the class has no elements with an index. */
  get?: (index: string) => string;
}

/**
 * Makes brackets on instances of a class throw an error that says what to write instead. Instances
 * of subclasses may have further properties.
 */
export function rejectBrackets({ prototype }: { prototype: object }, instead: Instead): void {
  const { set: setter, get: getter } = instead;
  const isInstance = (receiver: unknown) => Object.getPrototypeOf(receiver) === prototype;
  const parent = Object.create(Object.getPrototypeOf(prototype));
  Object.setPrototypeOf(
    prototype,
    new Proxy(parent, {
      set(target, key, value, receiver) {
        if (typeof key === "string" && isInstance(receiver)) {
          throw new TypeError(`Cannot set [${key}]: it would not be shared. Write ${setter(key)}`);
        }
        return Reflect.set(target, key, value, receiver);
      },
      get(target, key, receiver) {
        if (getter && typeof key === "string" && /^-?\d+$/.test(key) && isInstance(receiver)) {
          throw new TypeError(
            `Cannot read [${key}]: elements are not properties. Write ${getter(key)}`,
          );
        }
        return Reflect.get(target, key, receiver);
      },
    }),
  );
}
