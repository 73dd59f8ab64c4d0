/**
 * A bare channel as a shared object, for the library's own protocols.
 *
 * @module
 */

import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  SharedType,
} from "../objects/shared_object.ts";
import { destroyChannel, initChannel } from "./channel.ts";
import { CHANNEL_WORDS } from "./channel_state.ts";

const CHANNEL = objectWord.FIRST;

/** A channel without limit that several isolates can reach. */
export class Channel extends SharedHandle {
  /** Makes an empty channel. */
  constructor() {
    const address = createObject(SharedType.CHANNEL, CHANNEL + CHANNEL_WORDS);
    initChannel(address + CHANNEL, 0);
    super(address);
  }

  /** The address by which the functions of `channel.ts` know it. */
  get at(): number {
    return this.address + CHANNEL;
  }
}

defineType(SharedType.CHANNEL, {
  revive: reviveAs(Channel),
  destroy: (address) => destroyChannel(address + CHANNEL),
});
