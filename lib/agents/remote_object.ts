/**
 * Objects of the program in a process of the operating system. They lie in the heap of the program, which the
 * process does not see: here is only their number, and each use is a call that the agent carries out.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `NUMBER` | by which the agent knows the object | the main isolate of the process |
 * | `CLASS` | place of its class in `remoteClasses` | the same |
 *
 * @module
 */

import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { itemIterator } from "../channels/item_iterator.ts";
import { i32 } from "../heap/views.ts";
import {
  createObject,
  defineType,
  handleFor,
  type ObjectAddress,
  objectWord,
  SharedHandle,
} from "../objects/shared_object.ts";
import { readySteps } from "../parking/readiness.ts";
import { LockGuard } from "../sync/ownership.ts";
import { RLockGuard } from "../sync/rlock.ts";
import type { ObjectNumbers } from "./connection.ts";
import { type Access, accessesOf, type RemoteClass, remoteClasses } from "./remote_classes.ts";
import { callRemote, callRemoteSync, Guard, List, type RemoteUse } from "./remote_calls.ts";

/** The number of this type among shared objects. */
const TYPE = 26;

const NUMBER = objectWord.FIRST;
const CLASS = NUMBER + 1;
const WORDS = CLASS + 1;

/**
 * Makes what stands for an object of the program, in the main isolate of a process. Returns its handle, which
 * keeps it.
 */
export function makeRemoteObject(number: number, classIndex: number): object {
  const address = createObject(TYPE, WORDS);
  i32[address + NUMBER] = number;
  i32[address + CLASS] = classIndex;
  return handleFor(address);
}

/** Returns the number of an object of the program; `undefined` if the address is of another object. */
export function remoteNumberAt(address: ObjectAddress): number | undefined {
  return isRemoteObject(address) ? i32[address + NUMBER] : undefined;
}

/** The numbers of objects of the program in an isolate that is sent none. */
export const numberOnly: ObjectNumbers = {
  numberOf: remoteNumberAt,
  addressOf: () => undefined,
};

function isRemoteObject(address: ObjectAddress): boolean {
  return (i32[address + objectWord.TYPE] & 0xff) === TYPE;
}

const numbers = new WeakMap<object, number>();

function useOf(object: object, access: Access, name: string, args: unknown[]): RemoteUse {
  return { object: numbers.get(object)!, access, name, args };
}

/** Makes the prototype of the objects of a class that lie in the heap of the program. */
function prototypeFor(remote: RemoteClass): object {
  const prototype = Object.create(remote.prototype);
  const define = (name: string | symbol, descriptor: PropertyDescriptor) =>
    Object.defineProperty(prototype, name, { configurable: true, ...descriptor });
  const accesses = accessesOf(remote);
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
          return resultFor(this, callRemoteSync(use));
        },
    });
  }
  for (const { symbol, value } of symbolMembers) {
    if (symbol in remote.prototype) define(symbol, { value });
  }
  if (accesses.has("recvBytesInto")) {
    define("recvBytesInto", { value: refuseInto });
    define("recvBytesIntoSync", { value: refuseInto });
  }
  if (accesses.has("waitFor")) {
    define("waitFor", { value: waitFor });
    define("waitForSync", { value: waitForSync });
  }
  if (Symbol.asyncIterator in remote.prototype) define("values", { value: values });
  return prototype;
}

function refuseInto(): never {
  throw new TypeError(
    "Cannot receive bytes: the connection lies in the memory of another process, which cannot write " +
      "into a buffer of this one. Use recvBytes()",
  );
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
    symbol: Symbol.iterator,
    value(this: object) {
      return resultFor(this, callRemoteSync(useOf(this, "call", ITERATE, [])));
    },
  },
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
  {
    symbol: readySteps,
    value() {
      throw new TypeError(
        "Cannot wait for object: it lies in the memory of another process. Wait by its own methods",
      );
    },
  },
];

/** The name by which an object is iterated over. */
export const ITERATE = "[Symbol.iterator]";

/** Returns what a method returns for what the agent has sent. */
function resultFor(object: object, result: unknown): unknown {
  if (result instanceof List) return result.items.values();
  if (!(result instanceof Guard)) return result;
  return result.token === 0
    ? new LockGuard(object as { release(): void })
    : new RLockGuard(object as never, result.token);
}

/** Constructors whose instances have the prototypes, by the place of the class. */
const constructors: (new () => object)[] = [];

defineType(TYPE, "object of another process", {
  crosses: true,
  isRemote: true,
  revive(address) {
    const index = i32[address + CLASS];
    const handle = Reflect.construct(
      SharedHandle,
      [address],
      constructors[index] ??= constructorFor(index),
    );
    numbers.set(handle, i32[address + NUMBER]);
    Object.defineProperty(handle, "address", {
      get() {
        throw new TypeError(
          `Cannot use ${
            remoteClasses[index].name
          }: it lies in the memory of another process, where ` +
            "only its own methods can be used",
        );
      },
    });
    return handle;
  },
});

function constructorFor(index: number): new () => object {
  const constructor = function () {} as unknown as new () => object;
  constructor.prototype = prototypeFor(remoteClasses[index]);
  return constructor;
}
