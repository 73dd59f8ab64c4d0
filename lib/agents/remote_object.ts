/**
 * Objects of the program in a process of the operating system. They lie in the heap of the program, which the
 * process does not see: here is only their number, and each use is a call that the agent carries out.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `NUMBER` | by which the agent knows the object | the main isolate of the process |
 * | `CLASS` | number of its class, of `remote_classes.ts`; -1 for a buffer that the process cannot map | the same |
 *
 * A buffer whose memory the process has mapped is not one of them: see `../memory/mapped_buffer.ts`.
 *
 * @module
 */

import { i32 } from "../heap/views.ts";
import {
  createObject,
  defineType,
  type ObjectAddress,
  objectWord,
  SharedHandle,
} from "../objects/shared_object.ts";
import { mappedNumberAt } from "../memory/mapped_buffer.ts";
import { canMap } from "../memory/mapping.ts";
import type { ObjectNumbers } from "./connection.ts";
import { callRemote, callRemoteSync } from "./remote_calls.ts";
import { type RemoteUses, remoteUsesOf } from "./remote_classes.ts";
import { ownMembersOf } from "./remote_members.ts";
import { resultFor, setRemoteNumber, useOf } from "./remote_uses.ts";

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

/** The class of buffers that this process cannot map. */
const UNMAPPED = -1;

/** Makes what stands for a buffer that this process cannot map: the isolate that receives it throws. */
export function makeUnmappedBuffer(number: number): object {
  return makeRemoteObject(number, UNMAPPED);
}

/** What the main isolate has of an object of the program: it keeps it, and does not use it. */
class KeptObject extends SharedHandle {
  constructor(address: ObjectAddress) {
    super(address);
  }
}

/** Returns the number of an object of the program; `undefined` if the address is of another object. */
export function remoteNumberAt(address: ObjectAddress): number | undefined {
  return isRemoteObject(address) ? i32[address + NUMBER] : mappedNumberAt(address);
}

/** The numbers of objects of the program in an isolate that is sent none. */
export const numberOnly: ObjectNumbers = {
  numberOf: remoteNumberAt,
  addressOf: () => undefined,
};

function isRemoteObject(address: ObjectAddress): boolean {
  return (i32[address + objectWord.TYPE] & 0xff) === TYPE;
}

/** Makes the prototype of the objects of a class that lie in the heap of the program. */
function prototypeFor(uses: RemoteUses): object {
  const { remote, accesses, frozen } = uses;
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
  for (const [name, value] of ownMembersOf(uses)) define(name, { value });
  return prototype;
}

/** Constructors whose instances have the prototypes, by the number of the class. */
const constructors: (new () => object)[] = [];

defineType(TYPE, "object of another process", {
  crosses: true,
  isRemote: true,
  revive(address) {
    const number = i32[address + NUMBER];
    const classNumber = i32[address + CLASS];
    if (classNumber === UNMAPPED) throw cannotMap();
    const uses = remoteUsesOf(classNumber);
    const constructor = constructors[classNumber] ??= constructorFor(uses);
    if (uses.inner?.revive !== undefined) {
      const inner = Object.create(constructor.prototype);
      setRemoteNumber(inner, number);
      return uses.inner.revive(inner, address);
    }
    const handle = Reflect.construct(SharedHandle, [address], constructor);
    setRemoteNumber(handle, number);
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

function cannotMap(): Error {
  return canMap()
    ? new Error(
      "Cannot map array of the program: the system refused it, which may have no memory left. Send a copy, " +
        "with slice()",
    )
    : new Deno.errors.NotCapable(
      "Cannot map array of the program: this process has no --allow-ffi. Give it permissions: { ffi: true }, " +
        "with which it can do anything, or send it a copy, with slice()",
    );
}

function constructorFor(uses: RemoteUses): new () => object {
  const constructor = function () {} as unknown as new () => object;
  constructor.prototype = prototypeFor(uses);
  return constructor;
}
