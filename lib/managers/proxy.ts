/**
 * Proxies: how isolates call the methods of objects that live in a manager's server.
 *
 * @module
 */

import { checkString, wrongType } from "../arguments/values.ts";
import { type AnyFunction, task } from "../codec/task.ts";
import { registerOwnReducer } from "../codec/reducers.ts";
import { callsOf } from "./client.ts";
import { notExposed, type Referent } from "./protocol.ts";

/** What identifies the object of a proxy. */
interface ProxyTarget {
  referent: Referent;
  kind: "object" | "iterator";
}

// Not in private fields: `callMethod()` and the reducer read it as well.
const targets = new WeakMap<BaseProxy, ProxyTarget>();

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
export class BaseProxy {
  /** Called by managers. */
  constructor(referent: Referent, kind: "object" | "iterator" = "object") {
    targets.set(this, { referent, kind });
    for (const name of referent.exposed) {
      const value = (...args: unknown[]) => callMethod(this, name, args);
      Object.defineProperty(this, name, { value, configurable: true });
    }
  }

  /** Returns a description with the type and number of the object. */
  toString(): string {
    const { referent: { typeid, id } } = targets.get(this)!;
    return `[proxy of ${typeid} ${id}]`;
  }
}

Object.defineProperty(BaseProxy.prototype, Symbol.for("Deno.customInspect"), {
  value(this: BaseProxy): string {
    return targets.has(this) ? this.toString() : "BaseProxy.prototype";
  },
});

/** Returns what a proxy refers to. */
export function tokenOf(proxy: BaseProxy): Referent["token"] {
  return targets.get(proxy)!.referent.token;
}

/** A proxy of an iterator; each `next()` is a call. */
class IteratorProxy extends BaseProxy implements AsyncIterableIterator<unknown> {
  declare next: () => Promise<IteratorResult<unknown>>;

  [Symbol.asyncIterator](): this {
    return this;
  }
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
export async function callMethod(
  proxy: BaseProxy,
  name: string,
  args: readonly unknown[] = [],
): Promise<unknown> {
  checkString("call method", "name", name);
  const target = targets.get(proxy);
  if (target === undefined) throw wrongType(`call ${name}`, "proxy", "a proxy", proxy);
  const { referent } = target;
  if (!referent.exposed.includes(name)) throw notExposed(name, referent);
  const result = await callsOf(referent.token).call(name, args);
  return result.kind === "value" ? result.contents : proxyFor(result.contents, result.kind);
}

/** Makes a proxy of an object in a server. */
export function proxyFor(referent: Referent, kind: "object" | "iterator"): BaseProxy {
  return kind === "object" ? new BaseProxy(referent, kind) : new IteratorProxy(referent, kind);
}

registerOwnReducer({
  is: (value) => value instanceof BaseProxy,
  reduce: (proxy) => targets.get(proxy)!,
  revive: task(
    import.meta,
    ({ referent, kind }: ProxyTarget) => proxyFor(referent, kind),
  ),
});

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
