// The declarations of lib/threading/local.ts

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
export declare function local<T extends object = Record<string, unknown>>(): Partial<T>;

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
export declare function local<T extends object>(initialize: () => T): T;

export {};
