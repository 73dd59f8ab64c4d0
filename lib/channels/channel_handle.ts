/**
 * A bare channel as a shared object, for the package's own protocols.
 *
 * @module
 */

import { type Allocate, allocate } from "../heap/allocator.ts";
import {
  addRef,
  createObject,
  defineType,
  dropRef,
  objectWord,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import { destroyChannel } from "./channel.ts";
import { CHANNEL_WORDS, type ChannelAddress } from "./channel_state.ts";

/** The number of this type among shared objects. */
const TYPE = 3;

const CHANNEL = objectWord.FIRST;

/**
 * Makes an empty channel without limit, which is never freed unless a handle is made for it.
 *
 * @param take how its block is allocated
 * @returns the address by which the functions of `channel.ts` know it
 * @throws {MemoryError} if the shared heap is full
 */
export function createChannel(take: Allocate = allocate): ChannelAddress {
  return createObject(TYPE, CHANNEL + CHANNEL_WORDS, take) + CHANNEL; // all words are 0: there is no limit
}

/** Adds a reference to a channel that was made here, for a word of shared memory that names it. */
export function addChannelRef(channel: ChannelAddress): void {
  addRef(channel - CHANNEL);
}

/** Drops a reference that {@linkcode addChannelRef} added. */
export function dropChannelRef(channel: ChannelAddress): void {
  dropRef(channel - CHANNEL);
}

/** A channel without a limit that several isolates can reach. */
export class Channel extends SharedHandle {
  /** Creates an empty channel. */
  constructor() {
    super(createChannel() - CHANNEL);
  }

  /** The address of the channel, for the functions of `channel.ts`. */
  get at(): ChannelAddress {
    return this.address + CHANNEL;
  }
}

defineType(TYPE, "Channel", {
  revive: reviveAs(Channel),
  destroy: (address) => destroyChannel(address + CHANNEL),
});
