// The declarations of lib/threading/local.ts

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
export declare function local<T extends object = Record<string, unknown>>(): Partial<T>;

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
export declare function local<T extends object>(initialize: () => T): T;

export {};
