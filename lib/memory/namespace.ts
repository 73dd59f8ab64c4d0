/**
 * Objects whose attributes are shared.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `MAP` | address of the {@linkcode SharedMap} with the attributes | the creator |
 *
 * The user gets a proxy, which can be sent. Both the proxy and its target, which the user never
 * gets, are registered as handles of the object.
 *
 * @module
 */

import { isOptionsObject } from "../arguments/options.ts";
import { checkFunction, checkString, wrongType } from "../arguments/values.ts";
import { i32 } from "../heap/views.ts";
import {
  addRef,
  addressOf,
  createObject,
  defineType,
  handleFor,
  type ObjectAddress,
  objectWord,
  registerHandle,
  release,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import { inOneLine, showContents } from "./inspect.ts";
import { SharedMap } from "./shared_map.ts";

/** The number of this type among shared objects. */
const TYPE = 21;

const MAP = objectWord.FIRST;
const WORDS = MAP + 1;

type Attributes = SharedMap<string, unknown>;

/** The attributes of each target, and of each proxy. */
const attributesByHandle = new WeakMap<object, Attributes>();

/** Returns the map with the attributes of a namespace. */
export function attributesOf(namespace: object): Attributes {
  return attributesByHandle.get(namespace)!;
}

class Target extends SharedHandle {
  constructor(attributes: object = {}) {
    if (!isOptionsObject(attributes)) {
      throw wrongType("make namespace", "attributes", "an object", attributes, "Write { x: 1 }");
    }
    const map = addressOf(new SharedMap())!;
    const address = createObject(TYPE, WORDS);
    i32[address + MAP] = map;
    addRef(map);
    super(address);
    return Object.assign(proxyOf(this, address), attributes);
  }

  static update(
    namespace: object,
    name: string,
    fn: (value: unknown) => unknown,
  ): unknown {
    const attributes = attributesByHandle.get(namespace);
    if (attributes === undefined) {
      throw wrongType("update attribute", "namespace", "a Namespace", namespace);
    }
    checkString("update attribute", "name", name);
    checkFunction("update attribute", "fn", fn);
    return attributes.update(name, fn);
  }

  override toString(): string {
    return inOneLine(this);
  }
}

function proxyOf(target: Target, address: ObjectAddress): Target {
  const attributes = handleFor(i32[address + MAP]) as Attributes;
  const proxy = proxyOver(target, new Traps(attributes));
  registerHandle(proxy, address);
  return proxy;
}

function proxyOver(target: Target, traps: Traps): Target {
  const proxy = new Proxy(target, traps);
  attributesByHandle.set(target, traps.attributes);
  attributesByHandle.set(proxy, traps.attributes);
  return proxy;
}

/**
 * Makes the handle, at `address`, of a namespace that lies in the memory of another program.
 *
 * @param attributes what stands for the map with its attributes
 */
export function reviveElsewhere(attributes: object, address: ObjectAddress): object {
  const target = Object.create(Target.prototype);
  const proxy = proxyOver(target, new RemoteTraps(attributes as Attributes));
  registerHandle(target, address);
  registerHandle(proxy, address);
  return proxy;
}

/** Returns whether an attribute is shared. The others are properties of the handle. */
function isShared(name: string | symbol): name is string {
  return typeof name === "string" && !name.startsWith("_");
}

const MISSING = Symbol("no such attribute");

class Traps implements ProxyHandler<Target> {
  constructor(readonly attributes: Attributes) {}

  /** Returns the value of an attribute; {@linkcode MISSING} if there is none. */
  protected find(name: string): unknown {
    return this.attributes.get(name, MISSING);
  }

  get(target: Target, name: string | symbol): unknown {
    if (!isShared(name)) return Reflect.get(target, name);
    const value = this.find(name);
    return value === MISSING ? Reflect.get(Target.prototype, name) : value;
  }

  set(target: Target, name: string | symbol, value: unknown): boolean {
    if (!isShared(name)) return Reflect.set(target, name, value);
    this.attributes.set(name, value);
    return true;
  }

  has(target: Target, name: string | symbol): boolean {
    if (!isShared(name)) return Reflect.has(target, name);
    return this.attributes.has(name) || Reflect.has(Target.prototype, name);
  }

  deleteProperty(target: Target, name: string | symbol): boolean {
    if (!isShared(name)) return Reflect.deleteProperty(target, name);
    this.attributes.delete(name);
    return true;
  }

  ownKeys(): string[] {
    return [...this.attributes.keys()];
  }

  getOwnPropertyDescriptor(
    target: Target,
    name: string | symbol,
  ): PropertyDescriptor | undefined {
    if (!isShared(name)) return Reflect.getOwnPropertyDescriptor(target, name);
    const value = this.find(name);
    if (value === MISSING) return undefined;
    return { value, writable: true, enumerable: true, configurable: true };
  }

  defineProperty(target: Target, name: string | symbol, property: PropertyDescriptor): boolean {
    if (!isShared(name)) return Reflect.defineProperty(target, name, property);
    if (!("value" in property)) return false;
    this.attributes.set(name, property.value);
    return true;
  }

  preventExtensions(): boolean {
    return false; // other isolates could still add attributes
  }
}

/** Of a namespace whose attributes lie in the memory of another program, to which no symbol can be sent. */
class RemoteTraps extends Traps {
  protected override find(name: string): unknown {
    const value = this.attributes.get(name);
    return value === undefined && !this.attributes.has(name) ? MISSING : value;
  }
}

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
export const Namespace: NamespaceConstructor = Target as unknown as NamespaceConstructor;
Object.defineProperty(Target, "name", { value: "Namespace" });

showContents(Target, (target, inspect) => {
  const attributes = [...attributesOf(target).copy()];
  return `Namespace(${attributes.map(([name, value]) => `${name}=${inspect(value)}`).join(", ")})`;
});

defineType(TYPE, "Namespace", {
  crosses: true,
  revive: (address) => proxyOf(reviveAs(Target)(address), address),
  destroy: (address) => release(i32[address + MAP]),
});
