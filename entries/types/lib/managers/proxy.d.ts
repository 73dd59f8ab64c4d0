// The declarations of lib/managers/proxy.ts

import type { AnyFunction } from "../codec/task.d.ts";
import type { Referent } from "./protocol.d.ts";

/**
 * A proxy of an object that lives in a manager's server.
 *
 * - For each public method of the object, the proxy has a method of the same name that calls it in
 *   the server and returns a promise. Public methods are those that `exposed` lists, or else those
 *   whose names do not begin with an underscore.
 * - Arguments and results are copied, shared objects are shared, and functions must be able to
 *   cross.
 * - An error that the method throws is thrown by the proxy.
 * - A proxy can be sent to any isolate. Once no proxy of an object is left, the server releases the
 *   object.
 *
 * Follows Python's `multiprocessing.managers.BaseProxy`.
 */
export declare class BaseProxy {
  /** Called by managers. */
  constructor(referent: Referent, kind?: "object" | "iterator");
  /** Returns a description with the type and number of the object. */
  toString(): string;
}

/**
 * Calls a method of a proxy's object by name.
 *
 * Follows Python's `BaseProxy._callmethod`.
 *
 * @throws {TypeError} if the method is not exposed
 * @throws {DataCloneError} if an argument or the result cannot cross
 * @throws {ClosedError} if the manager is shut down
 * @throws {WorkerDiedError} if the server ended before it replied
 * @throws the error that the method throws
 */
export declare function callMethod(
  proxy: BaseProxy,
  name: string,
  args?: readonly unknown[],
): Promise<unknown>;

/** The result of a method as its proxy returns it: an iterator becomes an async iterator. */
export type Replied<R> = R extends Iterator<infer Item> | AsyncIterator<infer Item>
  ? AsyncIterableIterator<Item>
  : R;

/**
 * The methods of an object as its proxy has them.
 *
 * @typeParam T the type of the object
 */
export type Proxied<T> =
  & BaseProxy
  & {
    readonly [
      Name in keyof T as T[Name] extends AnyFunction ? (Name extends `_${string}` ? never : Name)
        : never
    ]: T[Name] extends (...args: infer Args) => infer R
      ? (...args: Args) => Promise<Replied<Awaited<R>>>
      : never;
  };

export {};
