// The declarations of lib/channels/managed_object.ts

import type { Address } from "../heap/address.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";
import type { Queue } from "./queue.d.ts";

/**
 * An object of a server. Each proxy refers to it: the server may release the object once only the server
 * does. Whoever has it can call the methods of this object, and of no other.
 *
 * @typeParam Request the requests of the server
 */
export declare class ManagedObject<Request = unknown> extends SharedHandle {
  /** Makes it, in the server. */
  constructor(requests: Queue<Request>, id: number);
  /** The queue in which the server takes requests. */
  get requests(): Queue<Request>;
  /** Isolate record of the server. */
  get record(): Address<"isolate">;
  /** Number of the object in the server. */
  get id(): number;
}

export {};
