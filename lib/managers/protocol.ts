/**
 * The messages between proxies and the server of a manager.
 *
 * ```text
 * isolate with proxies                                         server: a process of the manager
 *   Client ── ManagerRequest ─► requests: Queue, one a server ──► loop ──► object.method(...)
 *     ▲                                                                          │
 *     └─────────── Reply ◄───── replies: Queue, one an isolate ◄─────────────────┘
 * ```
 *
 * Arguments and results are messages of their own, in envelopes. So every isolate can decode requests and
 * replies, and a value that cannot be decoded fails one call only.
 *
 * @module
 */

import type { Envelope } from "../channels/envelope.ts";
import type { ManagedObject } from "../channels/managed_object.ts";
import type { Queue } from "../channels/queue.ts";
import type { AnyClass, AnyFunction } from "../codec/task.ts";

/** A call of a method, or a request to create an object. */
export interface ManagerRequest {
  /** Queue for the reply. */
  replies: Queue<Reply>;
  /** Number of the call, unique among the calls of one reply queue. */
  call: number;
  /** Number of the object; 0 for the server itself, whose only method creates an object. */
  object: number;
  /** Name of the method, or of the type of the object to create. */
  method: string;
  /** The arguments, or an {@linkcode ObjectSpec}. */
  contents: Envelope;
}

/** How to create an object. */
export interface ObjectSpec {
  /** The class or function that makes the object. */
  callable: AnyClass | AnyFunction;
  /** The arguments of `callable`. */
  args: unknown[];
  /** Names of the methods to expose; `undefined` for all public methods. */
  exposed: string[] | undefined;
}

/** The outcome of a call. */
export interface Reply {
  /** Number of the call. */
  call: number;
  /** For `object` and `iterator`, the result stays in the server. */
  kind: "value" | "error" | "object" | "iterator";
  /** The result, the error or a {@linkcode Referent}; `undefined` for an error without room. */
  contents: Envelope | undefined;
}

/** An object in a server, as its proxies know it. */
export interface Referent {
  /** Number of the object in the server. */
  id: number;
  /** Name of the type. */
  typeid: string;
  /** Names of the methods that proxies may call. */
  exposed: readonly string[];
  /** Each proxy refers to it. Once only the server does, the server may release the object. */
  token: ManagedObject<ManagerRequest>;
}

/** How clients reach a server. */
export interface ServerEndpoint {
  /** Queue for requests. */
  requests: Queue<ManagerRequest>;
  /** Isolate record of the server. */
  record: number;
}

/** Makes the error of a call of a method that is not exposed. */
export function notExposed(
  method: string,
  { typeid, exposed }: Pick<Referent, "typeid" | "exposed">,
): TypeError {
  return new TypeError(
    `Cannot call ${method} of ${typeid}: it is not exposed. Exposed are ${exposed.join(", ")}`,
  );
}
