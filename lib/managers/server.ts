/**
 * The process of a manager, in which its objects live.
 *
 * Calls that wait for something do not keep others from running: each is a promise of its own. Code
 * between two awaits runs alone, so a method without `await` needs no lock.
 *
 * @module
 */

import { InitializerError } from "../errors.ts";
import { i32 } from "../heap/views.ts";
import { addressOf, objectWord } from "../objects/shared_object.ts";
import type { Queue } from "../channels/queue.ts";
import { type AnyFunction, task } from "../codec/task.ts";
import { discardMessage, importValue, storeValue } from "../codec/message.ts";
import { Event } from "../sync/event.ts";
import type { Making, ManagerRequest, Referent, Reply } from "./protocol.ts";

interface Kept {
  object: object;
  token: Event;
}

/** The objects of this server, by number. */
const objects = new Map<number, Kept>();
let made = 0;
/** When there are so many objects, it is time to look which of them nobody needs. */
let mostObjects = 64;

/** Runs a server until its queue is closed and all calls have ended. */
export const serve = task(
  import.meta,
  async (
    requests: Queue<ManagerRequest>,
    initializer: AnyFunction | undefined,
    initargs: readonly unknown[],
  ) => {
    let failure: InitializerError | undefined;
    try {
      await initializer?.(...initargs);
    } catch (cause) {
      failure = new InitializerError("The initializer of the manager failed", { cause });
    }
    const running = new Set<Promise<void>>();
    for await (const request of requests) {
      const call = answer(request, failure).finally(() => running.delete(call));
      running.add(call);
    }
    await Promise.all(running);
  },
);

async function answer(request: ManagerRequest, failure?: InitializerError): Promise<void> {
  const { replies, call } = request;
  const reply = ({ kind, contents }: Outcome) => {
    replies.putSync({ call, kind, message: storeValue(contents, "result") });
  };
  try {
    const contents = await read(request.message);
    if (failure !== undefined) throw failure;
    reply(
      request.object === 0
        ? await make(request.method, contents as Making)
        : await run(request.object, request.method, contents as unknown[]),
    );
  } catch (error) {
    try {
      reply({ kind: "error", contents: error });
    } catch (cause) { // it cannot cross
      reply({ kind: "error", contents: new Error(String(error), { cause }) });
    }
  }
}

interface Outcome {
  kind: Reply["kind"];
  contents: unknown;
}

/** Reads a message, which is let go if that fails. */
async function read(message: number): Promise<unknown> {
  try {
    return await importValue(message);
  } catch (error) {
    discardMessage(message, "is lost");
    throw error;
  }
}

async function make(typeid: string, { callable, args, exposed }: Making): Promise<Outcome> {
  const isClass = /^class\b/.test(Function.prototype.toString.call(callable));
  const object =
    await (isClass
      ? Reflect.construct(callable, args)
      : Reflect.apply(callable as AnyFunction, undefined, args));
  if (typeof object !== "object" || object === null) {
    throw new TypeError(`Cannot make ${typeid}: its function must return an object`);
  }
  if (isIterator(object)) return keepIterator(object);
  return { kind: "object", contents: keep(object, typeid, exposed ?? publicMethods(object)) };
}

function keepIterator(iterator: object): Outcome {
  const methods = ["next", "return", "throw"];
  const exposed = methods.filter((name) => typeof Reflect.get(iterator, name) === "function");
  return { kind: "iterator", contents: keep(iterator, "iterator", exposed) };
}

function keep(object: object, typeid: string, exposed: readonly string[]): Referent {
  if (objects.size >= mostObjects) forgetUnused();
  const token = new Event();
  objects.set(++made, { object, token });
  return { id: made, typeid, exposed, token };
}

/** Lets go of the objects that nobody has a proxy of. */
function forgetUnused(): void {
  for (const [id, { token }] of objects) {
    // One reference is this server's own. Nobody can make the second from that: it names no token
    // in a message, except in the reply by which the object became known.
    if (Atomics.load(i32, addressOf(token)! + objectWord.REFERENCES) === 1) objects.delete(id);
  }
  mostObjects = Math.max(64, objects.size * 2);
}

async function run(id: number, method: string, args: unknown[]): Promise<Outcome> {
  const kept = objects.get(id);
  if (kept === undefined) throw new Error(`Cannot call ${method}: the object does not exist`);
  const fn = Reflect.get(kept.object, method);
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot call ${method}: the object has no such method`);
  }
  const result = await Reflect.apply(fn, kept.object, args);
  return isIterator(result) ? keepIterator(result) : { kind: "value", contents: result };
}

/** Names that have a meaning of their own on whatever has them. */
const UNFIT = ["constructor", "toString", "then"];

function publicMethods(object: object): string[] {
  const names = new Set<string>();
  for (let at = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === "function" && !name.startsWith("_")) names.add(name);
    }
  }
  return [...names].filter((name) => !UNFIT.includes(name));
}

function isIterator(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return typeof Reflect.get(value, "next") === "function" &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
}
