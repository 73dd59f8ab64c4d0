// The declarations of lib/channels/envelope.ts

import type { Allocate } from "../heap/allocator.d.ts";
import type { MessageAddress } from "../codec/message.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";

/**
 * A message that is read by itself, after the one that the envelope is in: so what cannot be read fails
 * only what needs it. If nobody takes the message, it is discarded with the envelope.
 */
export declare class Envelope extends SharedHandle {
  /** Makes an empty envelope. */
  constructor(take: Allocate);
  /** Puts a message into it, which it owns from then on. */
  fill(message: MessageAddress): this;
  /** Takes the message, which the caller owns from then on. */
  take(): MessageAddress;
}

export {};
