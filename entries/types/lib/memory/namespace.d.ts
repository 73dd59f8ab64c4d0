// The declarations of lib/memory/namespace.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";

/**
 * An object whose attributes are shared: an assignment by one isolate is visible to all others at
 * once.
 *
 * @typeParam T the names and types of the attributes
 */
export type Namespace<T extends object = Record<string, unknown>> = SharedHandle & T;

/** The class of {@linkcode Namespace} objects. */
export interface NamespaceConstructor {
  /**
   * Creates a namespace.
   *
   * @param attributes the initial attributes
   * @throws {DataCloneError} if one of them cannot be copied into shared memory
   */
  new <T extends object = Record<string, unknown>>(attributes?: Partial<T>): Namespace<T>;
  /**
   * Sets an attribute to the result of `fn`, atomically: see {@linkcode SharedMap.update}.
   * (`namespace.count += 1` is a read and a write: an assignment by another isolate between the two
   * is lost.)
   *
   * @returns the new value
   * @throws {TypeError} if the first argument is not a namespace, or `fn` returns `undefined`
   * @throws {DataCloneError} if the new value cannot be copied into shared memory
   * @throws what `fn` throws; nothing is changed
   */
  update<T extends object, Name extends string & keyof T>(
    namespace: Namespace<T>,
    name: Name,
    fn: (value: T[Name]) => T[Name],
  ): T[Name];
}

/**
 * The class of objects whose attributes are shared.
 *
 * - Can be sent anywhere: as an argument of a process or a task, in a message, or in a container.
 *   It is shared, not copied.
 * - Assigning, reading and deleting an attribute are atomic.
 * - Attributes are copied as the values of a {@linkcode SharedMap} are: reads return frozen copies.
 * - In a process of the operating system, each read and each write is a call to the program, for which
 *   the process blocks: it takes about half a millisecond.
 * - Attributes whose names begin with an underscore, and symbols, are properties of the handle and
 *   are not shared, as in Python.
 *
 * Follows Python's `multiprocessing.managers.Namespace`, but an attribute that does not exist is
 * `undefined`.
 *
 * @example Attributes
 * ```ts
 * import { Namespace, Process } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const shared = new Namespace<{ name: string; count: number }>({ count: 0 });
 * const process = new Process({
 *   target: (it: typeof shared) => {
 *     it.name = "Bob";
 *   },
 *   args: [shared],
 * });
 * process.start();
 * await process.join();
 * Namespace.update(shared, "count", (count) => count + 1);
 * assertEquals(`${shared}`, 'Namespace(count=1, name="Bob")');
 * ```
 */
export declare const Namespace: NamespaceConstructor;

export {};
