/**
 * The client of a manager's server in one isolate: it sends requests and receives replies.
 *
 * @module
 */

import { defineRemoteClass } from "../agents/remote_classes.ts";
import { checkArguments } from "../arguments/options.ts";
import { checkString } from "../arguments/values.ts";
import { ClosedError, MemoryError, WorkerDiedError } from "../errors.ts";
import { awaitOn } from "../parking/wait.ts";
import { envelopeOf } from "../channels/envelope.ts";
import { ManagedObject } from "../channels/managed_object.ts";
import { Queue } from "../channels/queue.ts";
import { importValue } from "../codec/held_messages.ts";
import { storeValue } from "../codec/message.ts";
import { waitingForEnd } from "../runtime/lifecycle.ts";
import type { ManagerRequest, Referent, Reply, ServerEndpoint } from "./protocol.ts";

/** The decoded result of a call. */
export type CallResult =
  | { kind: "value"; contents: unknown }
  | { kind: "object" | "iterator"; contents: Referent };

/** A call without a reply so far. */
interface PendingCall {
  method: string;
  resolve(result: CallResult): void;
  reject(reason: unknown): void;
}

/** The calls from this isolate to one server. */
class Client {
  readonly #requests: Queue<ManagerRequest>;
  readonly #replies: Queue<Reply> = new Queue();
  readonly #pending = new Map<number, PendingCall>();
  #lastCall = 0;
  #isReceiving = false;
  readonly #serverEnd = new AbortController();
  /** Exit code of the server; `undefined` while it runs. */
  #exitCode: number | undefined;

  constructor({ requests, record }: ServerEndpoint) {
    this.#requests = requests;
    awaitOn(waitingForEnd(record), undefined, false).then((exitCode) => {
      this.#exitCode = exitCode;
      this.#serverEnd.abort();
    });
  }

  /** Calls a method of an object. `name` begins the path of an argument that cannot cross. */
  call(object: number, method: string, contents: unknown, name: string): Promise<CallResult> {
    return new Promise((resolve, reject) => {
      if (this.#exitCode !== undefined) throw this.#endError(method);
      const envelope = envelopeOf(storeValue(contents, name));
      const call = ++this.#lastCall;
      const request = { replies: this.#replies, call, object, method, contents: envelope };
      try {
        this.#requests.putSync(request);
      } catch (error) {
        throw error instanceof ClosedError ? this.#endError(method) : error;
      }
      this.#pending.set(call, { method, resolve, reject });
      this.#receive();
    });
  }

  #endError(method: string): Error {
    const exitCode = this.#exitCode ?? 0;
    if (exitCode === 0) {
      return new ClosedError(`Cannot call ${method}: the manager is shut down. Make a new one`);
    }
    const message = `The manager's server ended with exit code ${exitCode} before it replied`;
    return new WorkerDiedError(`Cannot call ${method}: ${message}`, { exitCode });
  }

  /** Receives replies while calls wait for them. */
  async #receive(): Promise<void> {
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    while (this.#pending.size > 0) {
      try {
        const reply = this.#replies.tryGet()?.value ?? await this.#nextReply();
        if (reply !== undefined) this.#settle(reply);
        else this.#failAll((method) => this.#endError(method));
      } catch (error) { // it cannot wait, as in a full heap
        this.#failAll(() => error);
      }
    }
    this.#isReceiving = false;
  }

  /** Waits for the next reply; `undefined` if the server ended without one. */
  async #nextReply(): Promise<Reply | undefined> {
    const { signal } = this.#serverEnd;
    try {
      return await this.#replies.get({ signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      return this.#replies.tryGet()?.value; // one that the server sent before it ended
    }
  }

  #failAll(errorOf: (method: string) => unknown): void {
    for (const { method, reject } of this.#pending.values()) reject(errorOf(method));
    this.#pending.clear();
  }

  async #settle({ call, kind, contents: envelope }: Reply): Promise<void> {
    const pending = this.#pending.get(call);
    if (pending === undefined) return; // it has failed before
    const { method, resolve, reject } = pending;
    this.#pending.delete(call);
    if (envelope === undefined) {
      const why = "it failed, and the shared heap has no room for its error";
      return reject(new MemoryError(`Cannot call ${method}: ${why}`));
    }
    try {
      const contents = await importValue(envelope.take());
      if (kind === "error") reject(contents);
      else resolve({ kind, contents } as CallResult);
    } catch (error) {
      reject(error);
    }
  }
}

/** The clients of this isolate, by the queue for requests of their server. */
const clients = new WeakMap<Queue<ManagerRequest>, Client>();

/** Returns this isolate's client of a server. */
export function clientOf({ requests, record }: ServerEndpoint): Client {
  let client = clients.get(requests);
  if (client === undefined) clients.set(requests, client = new Client({ requests, record }));
  return client;
}

/** The calls of one object of a server. */
interface ObjectCalls {
  /** Calls a method. */
  call(method: string, args: readonly unknown[]): Promise<CallResult>;
}

/** Returns the calls of an object. In a process of the operating system, its agent carries them out. */
export function callsOf(object: ManagedObject<ManagerRequest>): ObjectCalls {
  return isElsewhere(object) ? object : new CallsFromHere(object);
}

/** Whether the object lies in the memory of another program: what stands for it has the calls. */
function isElsewhere(object: object): object is ObjectCalls {
  return "call" in object;
}

class CallsFromHere implements ObjectCalls {
  readonly #object: ManagedObject<ManagerRequest>;

  constructor(object: ManagedObject<ManagerRequest>) {
    this.#object = object;
  }

  async call(method: string, args: readonly unknown[]): Promise<CallResult> {
    checkString("call method", "name", method);
    checkArguments(`call ${method}`, "args", args, "[x]");
    return await clientOf(this.#object).call(this.#object.id, method, args, "args");
  }
}

/** The number by which processes know the class of objects of servers. */
const REMOTE_CLASS = 32;
defineRemoteClass(REMOTE_CLASS, ManagedObject, { call: "wait" }, {
  inner: { of: (object) => callsOf(object as ManagedObject<ManagerRequest>) },
});
