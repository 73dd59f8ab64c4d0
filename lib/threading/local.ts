/**
 * Attributes of which each thread has its own.
 *
 * @module
 */

import { currentThread } from "./current.ts";
import { threadState } from "./thread.ts";

/**
 * Makes an object whose properties each thread has for itself: what one sets, another does not see.
 *
 * A thread's properties are let go when it ends. (What has state of its own, such as a `Map`, goes into
 * a property.)
 *
 * Follows Python's `threading.local`: instead of a subclass whose `__init__` runs in each thread, a
 * function that makes the first properties of a thread, at its first use of the object. A property
 * that the thread has not got is `undefined`.
 *
 * @example Each has its own
 * ```ts
 * import { local, Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * const data = local(() => ({ count: 0 }));
 * data.count = 5;
 * const counts: number[] = [];
 * await using thread = new Thread({ target: () => counts.push(++data.count) });
 * thread.start();
 * await thread.join();
 * assertEquals([data.count, counts], [5, [1]]);
 * ```
 *
 * @typeParam T the properties
 */
export function local<T extends object = Record<string, unknown>>(): Partial<T>;
/**
 * As above, with first properties.
 *
 * @typeParam T the properties
 * @param initialize makes the first properties of a thread, in that thread
 * @throws {TypeError} if `initialize` is not a function
 *
 * @example A random number generator for each thread
 * ```ts
 * import { local } from "@sauropod/multiprocessing/threading";
 * import { assert } from "@std/assert";
 *
 * const data = local(() => ({ next: Math.random() }));
 * assert(data.next === data.next);
 * ```
 */
export function local<T extends object>(initialize: () => T): T;
export function local(initialize: () => object = () => ({})): object {
  if (typeof initialize !== "function") {
    throw new TypeError(
      `Cannot make local: initialize must be a function, not ${typeof initialize}. ` +
        `For first values write local(() => ({ … }))`,
    );
  }
  const key = {};
  const mine = (): object => {
    const { locals } = threadState(currentThread());
    let properties = locals.get(key);
    if (properties === undefined) {
      properties = initialize();
      locals.set(key, properties);
    }
    return properties;
  };
  return new Proxy({}, {
    get: (_, name) => Reflect.get(mine(), name),
    set: (_, name, value) => Reflect.set(mine(), name, value),
    has: (_, name) => Reflect.has(mine(), name),
    deleteProperty: (_, name) => Reflect.deleteProperty(mine(), name),
    ownKeys: () => Reflect.ownKeys(mine()),
    getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(mine(), name),
    defineProperty: (_, name, descriptor) => Reflect.defineProperty(mine(), name, descriptor),
    getPrototypeOf: () => Reflect.getPrototypeOf(mine()),
  });
}
