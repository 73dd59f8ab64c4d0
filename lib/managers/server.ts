/**
 * The server of a manager: the process in which its objects live.
 *
 * Each call runs as a promise, so a call that waits does not delay others. Code between two
 * `await`s is not interleaved with other calls, so a method without `await` needs no lock.
 *
 * @module
 */

import { InitializerError } from "../errors.ts";
import { allocate, allocateUrgent } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { addressOf, objectWord } from "../objects/shared_object.ts";
import { isIterator } from "../arguments/values.ts";
import { push } from "../channels/channel.ts";
import { type Envelope, envelopeOf } from "../channels/envelope.ts";
import { ManagedObject } from "../channels/managed_object.ts";
import type { Queue } from "../channels/queue.ts";
import { channelOf } from "../channels/queue_kind.ts";
import { encode, returnEncoder } from "../codec/encoder.ts";
import { type AnyFunction, task } from "../codec/task.ts";
import { importValue } from "../codec/held_messages.ts";
import { storeThrown, storeValue } from "../codec/message.ts";
import {
  type ManagerRequest,
  notExposed,
  type ObjectSpec,
  type Referent,
  type Reply,
} from "./protocol.ts";

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
    const server = new Server(requests, failure);
    const running = new Set<Promise<void>>();
    for await (const request of requests) {
      const call = server.answer(request).finally(() => running.delete(call));
      running.add(call);
    }
    await Promise.all(running);
  },
);

/** A reply before it is encoded. */
interface CallOutcome {
  kind: Reply["kind"];
  contents: unknown;
}

/** An object of a server. */
interface ServedObject extends Omit<Referent, "id"> {
  object: object;
}

/** Number of objects from which on the server looks for objects without proxies. */
const MIN_SWEEP_SIZE = 64;

/** The objects of a server, and the calls of their methods. */
class Server {
  readonly #requests: Queue<ManagerRequest>;
  readonly #failure: InitializerError | undefined;
  readonly #objects = new Map<number, ServedObject>();
  #lastId = 0;
  /** The next object beyond this number makes the server look for objects without proxies. */
  #sweepSize = MIN_SWEEP_SIZE;

  /** Makes a server. All its calls fail with `failure`, if there is one. */
  constructor(requests: Queue<ManagerRequest>, failure: InitializerError | undefined) {
    this.#requests = requests;
    this.#failure = failure;
  }

  /** Executes a request and sends the reply. */
  async answer(request: ManagerRequest): Promise<void> {
    const { replies, call, object, method } = request;
    const reply = ({ kind, contents }: CallOutcome) => {
      sendReply(replies, { call, kind, contents: envelopeOf(storeValue(contents, "result")) });
    };
    try {
      const contents = await importValue(request.contents.take(), "drop");
      if (this.#failure !== undefined) throw this.#failure;
      reply(
        object === 0
          ? await this.#create(method, contents as ObjectSpec)
          : await this.#call(object, method, contents as unknown[]),
      );
    } catch (error) {
      sendReply(replies, { call, kind: "error", contents: errorEnvelope(error) });
    }
  }

  async #create(typeid: string, { callable, args, exposed }: ObjectSpec): Promise<CallOutcome> {
    const isClass = /^class\b/.test(Function.prototype.toString.call(callable));
    const object =
      await (isClass
        ? Reflect.construct(callable, args)
        : Reflect.apply(callable as AnyFunction, undefined, args));
    if (typeof object !== "object" || object === null) {
      throw new TypeError(`Cannot make ${typeid}: its function must return an object`);
    }
    if (isIterator(object)) return this.#storeIterator(object);
    const referent = this.#store(object, typeid, exposed ?? publicMethods(object));
    return { kind: "object", contents: referent };
  }

  async #call(id: number, method: string, args: unknown[]): Promise<CallOutcome> {
    const entry = this.#objects.get(id);
    if (entry === undefined) throw new Error(`Cannot call ${method}: the object does not exist`);
    if (!entry.exposed.includes(method)) throw notExposed(method, entry);
    const fn = Reflect.get(entry.object, method);
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot call ${method}: the object has no such method`);
    }
    const result = await Reflect.apply(fn, entry.object, args);
    return isIterator(result) ? this.#storeIterator(result) : { kind: "value", contents: result };
  }

  #storeIterator(iterator: object): CallOutcome {
    const methods = ["next", "return", "throw"];
    const exposed = methods.filter((name) => typeof Reflect.get(iterator, name) === "function");
    return { kind: "iterator", contents: this.#store(iterator, "iterator", exposed) };
  }

  #store(object: object, typeid: string, exposed: readonly string[]): Referent {
    if (this.#objects.size >= this.#sweepSize) this.#sweep();
    const id = ++this.#lastId;
    const token = new ManagedObject(this.#requests, id);
    this.#objects.set(id, { object, token, typeid, exposed });
    return { id, typeid, exposed, token };
  }

  /** Releases the objects without proxies. */
  #sweep(): void {
    for (const [id, { token }] of this.#objects) {
      // The one reference is this server's. No second one can be made from it: the server sends a token
      // only in the reply that announces the object.
      if (Atomics.load(i32, addressOf(token)! + objectWord.REFERENCES) === 1) {
        this.#objects.delete(id);
      }
    }
    this.#sweepSize = Math.max(MIN_SWEEP_SIZE, this.#objects.size * 2);
  }
}

/** Stores an error for the reply; `undefined` if the heap has no room for it. */
function errorEnvelope(error: unknown): Envelope | undefined {
  const message = storeThrown(error);
  if (message === 0) return;
  try {
    return envelopeOf(message, allocateUrgent);
  } catch {
    return; // the caller is told that there is no room
  }
}

/** Sends a reply. One that reports an error ends a call, so it may use the headroom of the heap. */
function sendReply(replies: Queue<Reply>, reply: Reply): void {
  const encoder = encode(reply, "reply");
  try {
    push(
      channelOf(addressOf(replies)!),
      encoder,
      reply.kind === "error" ? allocateUrgent : allocate,
    );
  } finally {
    returnEncoder(encoder);
  }
}

/** Methods that a proxy must not forward: it needs its own, or would become a thenable. */
const UNEXPOSED = ["constructor", "toString", "then"];

function publicMethods(object: object): string[] {
  const names = new Set<string>();
  for (let at = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === "function" && !name.startsWith("_")) names.add(name);
    }
  }
  return [...names].filter((name) => !UNEXPOSED.includes(name));
}
