/**
 * Objects that live in a manager's server, as others see them.
 *
 * @module
 */

import { type AnyFunction, task } from "../codec/task.ts";
import { registerReducer } from "../codec/reducers.ts";
import { clientOf } from "./client.ts";
import type { Referent, Server } from "./protocol.ts";

interface Parts {
  server: Server;
  referent: Referent;
  kind: "object" | "iterator";
}

const partsOf = new WeakMap<BaseProxy, Parts>();

/**
 * An object that lives in a manager's server: its methods run there.
 *
 * - Each of its public methods is here with the same name and gives a promise. Public are those whose
 *   names begin with no underscore, or those that were named as `exposed`.
 * - Arguments and results are copied; shared objects are shared, functions must be able to cross.
 * - An error that the method throws is thrown here, as it was.
 * - It may be sent anywhere. When nobody has a proxy any more, the server lets go of the object.
 *
 * Follows Python's `multiprocessing.managers.BaseProxy`.
 */
export class BaseProxy {
  /** Made by a manager. */
  constructor(server: Server, referent: Referent, kind: "object" | "iterator" = "object") {
    partsOf.set(this, { server, referent, kind });
    for (const name of referent.exposed) {
      const value = (...args: unknown[]) => callMethod(this, name, args);
      Object.defineProperty(this, name, { value, configurable: true });
    }
  }

  /** Its type, and where it lives. */
  toString(): string {
    const { referent: { typeid, id } } = partsOf.get(this)!;
    return `[proxy of ${typeid} ${id}]`;
  }
}

Object.defineProperty(BaseProxy.prototype, Symbol.for("Deno.customInspect"), {
  value(this: BaseProxy): string {
    return partsOf.has(this) ? this.toString() : "BaseProxy.prototype";
  },
});

/** An iterator that lives in a manager's server; its items are taken one by one. */
class IteratorProxy extends BaseProxy implements AsyncIterableIterator<unknown> {
  declare next: () => Promise<IteratorResult<unknown>>;

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * Calls a method of an object in a manager's server by its name.
 *
 * Follows Python's `BaseProxy._callmethod`.
 *
 * @throws {TypeError} if the method is not exposed
 * @throws {DataCloneError} if an argument cannot cross, or the result cannot
 * @throws {ClosedError} if the manager is shut down
 * @throws {WorkerDiedError} if its server ended before it replied
 * @throws what the method throws
 */
export async function callMethod(
  proxy: BaseProxy,
  name: string,
  args: readonly unknown[] = [],
): Promise<unknown> {
  const parts = partsOf.get(proxy);
  if (parts === undefined) {
    throw new TypeError(`Cannot call ${name}: the first argument must be a proxy`);
  }
  const { server, referent: { id, exposed, typeid } } = parts;
  if (!exposed.includes(name)) {
    throw new TypeError(
      `Cannot call ${name} of ${typeid}: it is not exposed. Exposed are ${exposed.join(", ")}`,
    );
  }
  const reply = await clientOf(server).call(id, name, args, "args");
  return reply.kind === "value" ? reply.contents : proxyFor(server, reply.contents, reply.kind);
}

/** A proxy for an object in a server. */
export function proxyFor(
  server: Server,
  referent: Referent,
  kind: "object" | "iterator",
): BaseProxy {
  return kind === "object"
    ? new BaseProxy(server, referent, kind)
    : new IteratorProxy(server, referent, kind);
}

registerReducer({
  is: (value) => value instanceof BaseProxy,
  reduce: (proxy) => partsOf.get(proxy)!,
  revive: task(
    import.meta,
    ({ server, referent, kind }: Parts) => proxyFor(server, referent, kind),
  ),
});

/** What a method of a proxy gives, for what the method itself returns. */
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
