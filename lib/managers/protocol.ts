/**
 * What managers, their servers and the proxies say to each other.
 *
 * ```text
 * isolate with proxies                                         server: a process of the manager
 *   Client ──── Request ───► requests: Queue, the same for all ───► loop ──► object.method(...)
 *     ▲                                                                         │
 *     └───────── Reply ◄──── replies: Queue, one an isolate ◄───────────────────┘
 * ```
 *
 * Arguments and results are messages of their own, whose addresses cross in requests and replies:
 * those can be read by everybody, and what fails to be read fails one call only.
 *
 * @module
 */

import type { Queue } from "../channels/queue.ts";
import type { AnyClass, AnyFunction } from "../codec/task.ts";
import type { Event } from "../sync/event.ts";

/** A call of a method, or the making of an object. */
export interface ManagerRequest {
  /** Where the reply goes. */
  replies: Queue<Reply>;
  /** Number of the call, unique among those of the same queue. */
  call: number;
  /** Number of the object; 0: the server itself, whose only method is to make one. */
  object: number;
  /** Name of the method; of the type if an object is to be made. */
  method: string;
  /** Address of the message with the arguments; with a {@linkcode Making} if one is to be made. */
  message: number;
}

/** What is needed to make an object. */
export interface Making {
  /** The class or function that makes it. */
  callable: AnyClass | AnyFunction;
  /** Its arguments. */
  args: unknown[];
  /** Names of the methods to expose; without it, all that are public. */
  exposed: string[] | undefined;
}

/** What became of a call. */
export interface Reply {
  /** Number of the call. */
  call: number;
  /** `object`: the message is of {@linkcode Referent} and the result stays where it is. */
  kind: "value" | "error" | "object" | "iterator";
  /** Address of the message with the result. */
  message: number;
}

/** An object in a server, as proxies know it. */
export interface Referent {
  /** Its number in the server. */
  id: number;
  /** Name of its type. */
  typeid: string;
  /** Names of the methods that may be called. */
  exposed: readonly string[];
  /** Whoever has a proxy has this; when only the server has it, the object can go. */
  token: Event;
}

/** How a server is reached. */
export interface Server {
  /** Where requests go. */
  requests: Queue<ManagerRequest>;
  /** Record of its thread. */
  record: number;
}
