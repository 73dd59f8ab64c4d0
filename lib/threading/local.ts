/**
 * Objects whose properties are local to each thread.
 *
 * @module
 */

import { checkFunction } from "../arguments/values.ts";
import { currentThread } from "./current.ts";
import { refusePromise } from "../sync/settled.ts";
import { threadState } from "./thread.ts";

/**
 * Makes an object whose properties are local to each thread: other threads do not see what a thread
 * sets.
 *
 * The properties of a thread are released when it ends. To make other state local, such as a `Map`,
 * store it in a property.
 *
 * Follows Python's `threading.local`. Instead of a subclass whose `__init__` runs in each thread,
 * pass a function that makes the initial properties; it is called when a thread first uses the
 * object. A property that the thread has not set is `undefined`.
 *
 * @example A counter for each thread
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
 * As above, with initial properties.
 *
 * @typeParam T the properties
 * @param initialize makes the initial properties of a thread, in that thread
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
  const advice = "For initial values write local(() => ({ … }))";
  checkFunction("make local", "initialize", initialize, advice);
  const key = {};
  const properties = (): object => {
    const { locals } = threadState(currentThread());
    let target = locals.get(key);
    if (target === undefined) {
      target = initialize();
      refusePromise(target, "Cannot make local: initialize returned a promise. Await it before");
      locals.set(key, target);
    }
    return target;
  };
  return new Proxy({}, {
    get: (_, name) => Reflect.get(properties(), name),
    set: (_, name, value) => Reflect.set(properties(), name, value),
    has: (_, name) => Reflect.has(properties(), name),
    deleteProperty: (_, name) => Reflect.deleteProperty(properties(), name),
    ownKeys: () => Reflect.ownKeys(properties()),
    getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(properties(), name),
    defineProperty: (_, name, descriptor) => Reflect.defineProperty(properties(), name, descriptor),
    getPrototypeOf: () => Reflect.getPrototypeOf(properties()),
  });
}
