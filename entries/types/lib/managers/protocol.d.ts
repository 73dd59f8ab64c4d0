// The declarations of lib/managers/protocol.ts

import type { Envelope } from "../channels/envelope.d.ts";
import type { ManagedObject } from "../channels/managed_object.d.ts";
import type { Queue } from "../channels/queue.d.ts";

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

export {};
