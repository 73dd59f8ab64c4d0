/**
 * Objects of the program in a process of the operating system. They lie in the heap of the program, which the
 * process does not see: here is only their number, and each use is a call that the agent carries out.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `NUMBER` | by which the agent knows the object | the main isolate of the process |
 * | `CLASS` | number of its class, of `remote_classes.ts` | the same |
 *
 * @module
 */

import { deadlineOf, pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import {
  type AnyBuffer,
  intoReader,
  recvBytesIntoNames,
  type RecvBytesIntoOptions,
} from "../channels/bytes.ts";
import { checkFunction } from "../arguments/values.ts";
import { itemIterator } from "../channels/item_iterator.ts";
import { i32 } from "../heap/views.ts";
import {
  createObject,
  defineType,
  type ObjectAddress,
  objectWord,
  SharedHandle,
} from "../objects/shared_object.ts";
import { freeze } from "../memory/frozen.ts";
import { computeNext } from "../memory/container.ts";
import type { Revision } from "../memory/revision.ts";
import { type Compare, compareBy } from "../memory/shared_list.ts";
import { readySteps, type RemoteReadiness, remoteReadiness } from "../parking/readiness.ts";
import { LockGuard } from "../sync/ownership.ts";
import { refusePromise } from "../sync/settled.ts";
import { RLockGuard } from "../sync/rlock.ts";
import {
  type Access,
  type FrozenPart,
  ITERATE,
  type RemoteUses,
  remoteUsesOf,
} from "./remote_classes.ts";
import {
  beginRemote,
  callRemote,
  callRemoteSync,
  Guard,
  List,
  type RemoteUse,
  Self,
} from "./remote_calls.ts";

/** The number of this type among shared objects. */
const TYPE = 26;

const NUMBER = objectWord.FIRST;
const CLASS = NUMBER + 1;
const WORDS = CLASS + 1;

/**
 * Makes what stands for an object of the program, in the main isolate of a process. Returns its handle, which
 * keeps it.
 */
export function makeRemoteObject(number: number, classNumber: number): object {
  const address = createObject(TYPE, WORDS);
  i32[address + NUMBER] = number;
  i32[address + CLASS] = classNumber;
  return new KeptObject(address);
}

/** What the main isolate has of an object of the program: it keeps it, and does not use it. */
class KeptObject extends SharedHandle {
  constructor(address: ObjectAddress) {
    super(address);
  }
}

/** Returns the number of an object of the program; `undefined` if the address is of another object. */
export function remoteNumberAt(address: ObjectAddress): number | undefined {
  return isRemoteObject(address) ? i32[address + NUMBER] : undefined;
}

function isRemoteObject(address: ObjectAddress): boolean {
  return (i32[address + objectWord.TYPE] & 0xff) === TYPE;
}

const numbers = new WeakMap<object, number>();

/** Returns the number of an object of the program; `undefined` if the object is of this one. */
export function remoteNumberOf(object: object): number | undefined {
  return numbers.get(object);
}

/** Returns a use of an object of the program. */
export function useOf(object: object, access: Access, name: string, args: unknown[]): RemoteUse {
  return { object: numbers.get(object)!, access, name, args };
}

/** Makes the prototype of the objects of a class that lie in the heap of the program. */
function prototypeFor({ remote, accesses, revisions, frozen }: RemoteUses): object {
  const prototype = Object.create(remote.prototype);
  const define = (name: string | symbol, descriptor: PropertyDescriptor) =>
    Object.defineProperty(prototype, name, { configurable: true, ...descriptor });
  for (const [name, access] of accesses) {
    if (access === "get") {
      define(name, {
        get(this: object) {
          return callRemoteSync(useOf(this, "get", name, []));
        },
        set(this: object, value: unknown) {
          callRemoteSync(useOf(this, "get", name, [value]));
        },
      });
      continue;
    }
    const awaited = name.endsWith("Sync") && accesses.has(name.slice(0, -4));
    define(name, {
      value: access === "wait"
        ? async function (this: object, ...args: unknown[]) {
          return resultFor(this, await callRemote(useOf(this, "wait", name, args)));
        }
        : function (this: object, ...args: unknown[]) {
          const use = awaited
            ? { ...useOf(this, "wait", name.slice(0, -4), args), isBlocking: true }
            : useOf(this, "call", name, args);
          return resultFor(this, callRemoteSync(use), frozen?.get(name));
        },
    });
  }
  if (Symbol.iterator in remote.prototype) {
    define(Symbol.iterator, {
      value(this: object) {
        const result = callRemoteSync(useOf(this, "call", ITERATE, []));
        return resultFor(this, result, frozen?.get(ITERATE));
      },
    });
  }
  for (const { symbol, value } of symbolMembers) {
    if (symbol in remote.prototype) define(symbol, { value });
  }
  if ("recvBytesInto" in remote.prototype) {
    define("recvBytesInto", { value: recvBytesInto });
    define("recvBytesIntoSync", { value: recvBytesIntoSync });
  }
  if (revisions?.has("update")) define("update", { value: updateContents });
  if (revisions?.has("sort")) define("sort", { value: sortContents });
  if (accesses.has("compareExchange")) define("update", { value: updateNumber });
  if ("waitFor" in remote.prototype) {
    define("waitFor", { value: waitFor });
    define("waitForSync", { value: waitForSync });
  }
  if (readySteps in remote.prototype) define(remoteReadiness, { value: readiness });
  if (Symbol.asyncIterator in remote.prototype) define("values", { value: values });
  return prototype;
}

/** A connection, as far as receiving into a buffer uses it. */
interface BytesReceiver {
  recvBytes(options?: WaitOptions): Promise<Uint8Array<ArrayBuffer>>;
  recvBytesSync(options?: WaitOptions): Uint8Array<ArrayBuffer>;
}

async function recvBytesInto(
  this: BytesReceiver,
  buffer: AnyBuffer,
  options?: RecvBytesIntoOptions,
): Promise<number> {
  const wait = pickWaitOptions("receive bytes", options, recvBytesIntoNames);
  const read = intoReader(buffer, options?.offset);
  return read(await this.recvBytes(wait));
}

function recvBytesIntoSync(
  this: BytesReceiver,
  buffer: AnyBuffer,
  options?: RecvBytesIntoOptions,
): number {
  const wait = pickWaitOptions("receive bytes", options, recvBytesIntoNames);
  const read = intoReader(buffer, options?.offset);
  return read(this.recvBytesSync(wait));
}

/** The name by which the agent waits until one of several objects is ready. */
export const WAIT_ANY = "[waitAny]";

/** The use of several objects of the program that waits for them. */
function waitOf(
  objects: readonly object[],
  { timeoutMs = Infinity, signal }: WaitOptions,
): RemoteUse {
  const all = objects.map((object) => numbers.get(object)!);
  return { ...useOf(objects[0], "call", WAIT_ANY, [all, timeoutMs]), signal };
}

/** Waits for objects of the program. */
const readiness: RemoteReadiness = {
  wait: (objects, options) => callRemote(waitOf(objects, options)) as Promise<number[]>,
  poll: (objects) => callRemoteSync(waitOf(objects, { timeoutMs: 0 })) as number[],
  begin(objects) {
    const { steps, result } = beginRemote(waitOf(objects, {}));
    return { steps, ready: () => result() as number[] };
  },
};

/** The names by which a process reads something in order to change it, stores what it made, and ends that. */
export const Revising = { READ: "[read]", STORE: "[store]", RELEASE: "[release]" } as const;

/**
 * Reads something of an object of the program in order to change it. The agent runs no function of the
 * user's: it keeps what was read, so that it can tell whether it is there still.
 *
 * @param member which of its members does so, with arguments that say what is read
 */
export function reviseRemote(object: object, member: string, args: unknown[]): Revision {
  const call = (name: string, args: unknown[]) =>
    callRemoteSync({ ...useOf(object, "call", name, args), label: `${member}()` });
  const [number, value] = call(Revising.READ, [member, ...args]) as [number, unknown];
  let isOver = false;
  return {
    value,
    store(next) {
      const isStored = call(Revising.STORE, [number, next]);
      isOver = true;
      return isStored === true;
    },
    release() {
      if (!isOver) call(Revising.RELEASE, [number]);
    },
  };
}

/** Stores what is made of a revision, again until it was not too late. Returns what was made. */
function revise<T>(
  object: object,
  member: string,
  args: unknown[],
  make: (value: unknown) => T,
): T {
  for (;;) {
    const revision = reviseRemote(object, member, args);
    try {
      const next = make(revision.value);
      if (revision.store(next)) return next;
    } finally {
      revision.release();
    }
  }
}

/** The container is of no use to its function, which is called here, and not where the container lies. */
const NO_CONTAINER = 0;

function updateContents(this: object, key: unknown, fn?: unknown): unknown {
  if (typeof fn !== "function") {
    return resultFor(this, callRemoteSync(useOf(this, "call", "update", [key, fn])));
  }
  return revise(
    this,
    "update",
    [key],
    (value) => computeNext(NO_CONTAINER, fn as (value: unknown) => unknown, value),
  );
}

function sortContents(this: object, compare?: unknown): unknown {
  if (typeof compare !== "function") {
    return resultFor(this, callRemoteSync(useOf(this, "call", "sort", [compare])));
  }
  revise(this, "sort", [], (values) => {
    const items = values as unknown[];
    return [...items.keys()].sort((a, b) => compareBy(compare as Compare, items[a], items[b]));
  });
  return this;
}

/** A number, as far as an update uses it. */
interface Cell {
  readonly value: unknown;
  compareExchange(expected: unknown, replacement: unknown): unknown;
}

function updateNumber(this: Cell, next: (old: unknown) => unknown): unknown {
  checkFunction("update value", "next", next);
  for (;;) {
    const old = this.value;
    const element = next(old);
    refusePromise(element, "Cannot update value: the function returned a promise. Await it before");
    const found = this.compareExchange(old, element);
    if (found === old || Object.is(found, old)) return old;
  }
}

/** A condition, as far as waiting for a predicate uses it. */
interface Waitable {
  wait(options?: WaitOptions): Promise<boolean>;
  waitSync(options?: WaitOptions): boolean;
}

async function waitFor<T>(this: Waitable, predicate: () => T, options?: WaitOptions): Promise<T> {
  const deadline = deadlineOf(options);
  let value = predicate();
  while (!value && performance.now() < deadline) {
    await this.wait({ ...options, timeoutMs: deadline - performance.now() });
    value = predicate();
  }
  return value;
}

function waitForSync<T>(this: Waitable, predicate: () => T, options?: WaitOptions): T {
  const deadline = deadlineOf(options);
  let value = predicate();
  while (!value && performance.now() < deadline) {
    this.waitSync({ ...options, timeoutMs: deadline - performance.now() });
    value = predicate();
  }
  return value;
}

/** A queue, as far as an iteration uses it. */
interface Gettable {
  get(options?: WaitOptions): Promise<unknown>;
  readonly closed: boolean;
}

/** Iterates over a queue. */
function values(this: Gettable, options?: WaitOptions): AsyncIterableIterator<unknown> {
  const left = new AbortController();
  const signal = options?.signal === undefined
    ? left.signal
    : AbortSignal.any([options.signal, left.signal]);
  return itemIterator({
    next: () => this.get({ ...options, signal }),
    isClosed: () => this.closed,
    leave: () => left.abort(),
  });
}

/** Members whose names are symbols. */
const symbolMembers: { symbol: symbol; value(this: never): unknown }[] = [
  {
    symbol: Symbol.asyncIterator,
    value(this: Gettable) {
      return values.call(this);
    },
  },
  {
    symbol: Symbol.dispose,
    value(this: { close(): void }) {
      this.close();
    },
  },
];

/** Returns what a method returns for what the agent has sent. */
function resultFor(object: object, result: unknown, frozen?: FrozenPart): unknown {
  if (frozen !== undefined) freezePart(result instanceof List ? result.items : result, frozen);
  if (result instanceof Self) return object;
  if (result instanceof List) return result.items.values();
  if (!(result instanceof Guard)) return result;
  return result.token === 0
    ? new LockGuard(object as { release(): void })
    : new RLockGuard(object as never, result.token);
}

/** Freezes what cannot be changed by changing the copy that was returned. */
function freezePart(result: unknown, part: FrozenPart): void {
  if (part === "all") freeze(result);
  else for (const item of result as unknown[]) freezePart(item, part === "pairs" ? "items" : "all");
}

/** Constructors whose instances have the prototypes, by the number of the class. */
const constructors: (new () => object)[] = [];

defineType(TYPE, "object of another process", {
  crosses: true,
  isRemote: true,
  revive(address) {
    const number = i32[address + NUMBER];
    const classNumber = i32[address + CLASS];
    const uses = remoteUsesOf(classNumber);
    const constructor = constructors[classNumber] ??= constructorFor(uses);
    if (uses.inner?.revive !== undefined) {
      const inner = Object.create(constructor.prototype);
      numbers.set(inner, number);
      return uses.inner.revive(inner, address);
    }
    const handle = Reflect.construct(SharedHandle, [address], constructor);
    numbers.set(handle, number);
    const { name } = uses.remote;
    Object.defineProperty(handle, "address", {
      get() {
        throw new TypeError(
          `Cannot use ${name}: it lies in the memory of another process, where only its own methods ` +
            "can be used",
        );
      },
    });
    return handle;
  },
});

function constructorFor(uses: RemoteUses): new () => object {
  const constructor = function () {} as unknown as new () => object;
  constructor.prototype = prototypeFor(uses);
  return constructor;
}
