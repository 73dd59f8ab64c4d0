/**
 * An isolate's side of a manager's server: sends requests, takes replies.
 *
 * @module
 */

import { ClosedError, WorkerDiedError } from "../errors.ts";
import { awaitOn } from "../parking/wait.ts";
import { Queue } from "../channels/queue.ts";
import { discardMessage, importValue, storeValue } from "../codec/message.ts";
import { waitingForEnd } from "../runtime/lifecycle.ts";
import type { ManagerRequest, Referent, Reply, Server } from "./protocol.ts";

/** What came back. */
export type Answer =
  | { kind: "value"; contents: unknown }
  | { kind: "object" | "iterator"; contents: Referent };

interface Call {
  method: string;
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
}

/** This isolate's calls to a server, which have no reply yet. */
class Client {
  readonly #requests: Queue<ManagerRequest>;
  readonly #replies: Queue<Reply> = new Queue();
  readonly #calls = new Map<number, Call>();
  #last = 0;
  #receiving = false;
  readonly #gone = new AbortController();
  /** How the server ended; `undefined` while it has not. */
  #exitCode: number | undefined;

  constructor({ requests, record }: Server) {
    this.#requests = requests;
    awaitOn(waitingForEnd(record), undefined, false).then((exitCode) => {
      this.#exitCode = exitCode;
      this.#gone.abort();
    });
  }

  call(object: number, method: string, contents: unknown, name: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#exitCode !== undefined) throw this.#ended(method);
      const message = storeValue(contents, name);
      const call = ++this.#last;
      try {
        this.#requests.putSync({ replies: this.#replies, call, object, method, message });
      } catch (error) {
        discardMessage(message);
        throw error instanceof ClosedError ? this.#ended(method) : error;
      }
      this.#calls.set(call, { method, resolve, reject });
      this.#receive();
    });
  }

  #ended(method: string): Error {
    const code = this.#exitCode ?? 0;
    if (code === 0) return new ClosedError(`Cannot call ${method}: the manager is shut down`);
    const message = `The manager's server ended with exit code ${code} before it replied`;
    return new WorkerDiedError(`Cannot call ${method}: ${message}`, { exitCode: code });
  }

  /** Takes replies while calls wait for them. */
  async #receive(): Promise<void> {
    if (this.#receiving) return;
    this.#receiving = true;
    while (this.#calls.size > 0) {
      const reply = this.#replies.tryGet()?.value ?? await this.#next();
      if (reply !== undefined) this.#settle(reply);
      else this.#failAll();
    }
    this.#receiving = false;
  }

  /** The next reply; `undefined` if there will be none. */
  async #next(): Promise<Reply | undefined> {
    const { signal } = this.#gone;
    try {
      return await this.#replies.get({ signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      return this.#replies.tryGet()?.value; // one more may have come before the server ended
    }
  }

  #failAll(): void {
    for (const { method, reject } of this.#calls.values()) reject(this.#ended(method));
    this.#calls.clear();
  }

  async #settle({ call, kind, message }: Reply): Promise<void> {
    const { resolve, reject } = this.#calls.get(call)!;
    this.#calls.delete(call);
    try {
      const contents = await importValue(message);
      if (kind === "error") reject(contents);
      else resolve({ kind, contents } as Answer);
    } catch (error) {
      reject(error);
    }
  }
}

const clients = new WeakMap<Queue<ManagerRequest>, Client>();

/** This isolate's side of a server. */
export function clientOf(server: Server): Client {
  let client = clients.get(server.requests);
  if (client === undefined) clients.set(server.requests, client = new Client(server));
  return client;
}
