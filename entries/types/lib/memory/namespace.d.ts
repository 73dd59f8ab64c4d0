// The declarations of lib/memory/namespace.ts

import type { SharedHandle } from "../objects/shared_object.d.ts";

/**
 * An object whose attributes are shared: what one worker assigns, all others read at once.
 *
 * @typeParam T the names and types of the attributes
 */
export type Namespace<T extends object = Record<string, unknown>> = SharedHandle & T;

/** The class of {@linkcode Namespace} objects. */
export interface NamespaceConstructor {
  /**
   * Makes a namespace.
   *
   * @param attributes what it begins with
   * @throws {DataCloneError} if one of them cannot cross
   */
  new <T extends object = Record<string, unknown>>(attributes?: Partial<T>): Namespace<T>;
  /**
   * Sets an attribute to what `fn` makes of it, at one moment: see {@linkcode SharedMap.update}.
   * (`namespace.count += 1` reads and writes: what another worker does between the two is lost.)
   *
   * @returns the new value
   * @throws {TypeError} if the first argument is not a namespace, or `fn` returns `undefined`
   * @throws {DataCloneError} if the new value cannot cross
   * @throws what `fn` throws; nothing is changed then
   */
  update<T extends object, Name extends string & keyof T>(
    namespace: Namespace<T>,
    name: Name,
    fn: (value: T[Name]) => T[Name],
  ): T[Name];
}

/**
 * Makes objects whose attributes are shared.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message, into a container.
 * - Assigning, reading and deleting an attribute are done at one moment each.
 * - Attributes are copied as values of a {@linkcode SharedMap} are: what is read is frozen.
 * - Attributes whose names begin with an underscore, and symbols, belong to this worker's handle and
 *   are not shared, as in Python.
 *
 * Follows Python's `multiprocessing.managers.Namespace`; an attribute that there is not is
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
