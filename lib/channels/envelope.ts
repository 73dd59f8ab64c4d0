/**
 * Messages inside of messages.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `MESSAGE` | address of the message; 0 once it was taken | `take` |
 *
 * @module
 */

import { type Allocate, allocate } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { discardMessage, type MessageAddress } from "../codec/message.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import { WorkList } from "../objects/work_list.ts";

/** The number of this type among shared objects. */
const TYPE = 25;

const MESSAGE = objectWord.FIRST;
const WORDS = MESSAGE + 1;

/**
 * A message that is read by itself, after the one that the envelope is in: so what cannot be read fails
 * only what needs it. If nobody takes the message, it is discarded with the envelope.
 */
export class Envelope extends SharedHandle {
  /** Makes an empty envelope. */
  constructor(take: Allocate) {
    super(createObject(TYPE, WORDS, take));
  }

  /** Puts a message into it, which it owns from then on. */
  fill(message: MessageAddress): this {
    i32[this.address + MESSAGE] = message;
    return this;
  }

  /** Takes the message, which the caller owns from then on. */
  take(): MessageAddress {
    return Atomics.exchange(i32, this.address + MESSAGE, 0);
  }
}

/**
 * Puts a message into an envelope.
 *
 * @param take how the envelope is allocated
 * @throws {MemoryError} if the shared heap is full; the message is discarded
 */
export function envelopeOf(message: MessageAddress, take: Allocate = allocate): Envelope {
  let envelope: Envelope;
  try {
    envelope = new Envelope(take);
  } catch (error) {
    discardMessage(message);
    throw error;
  }
  return envelope.fill(message);
}

/** Discards the message of an envelope. It may have the last reference of another one, and so on. */
const discarded = new WorkList<MessageAddress>(discardMessage);

defineType(TYPE, "envelope", {
  revive: reviveAs(Envelope),
  destroy(address) {
    const message = i32[address + MESSAGE];
    if (message !== 0) discarded.add(message);
  },
});
