/**
 * Last in, first out: a stack of messages, each linked to the one below it.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `TOP` | block of the message that was added last; 0: none | senders and receivers, inside `SEND_GUARD` |
 * | `LINK` of a block | block of the message below; 0: none | the sender, inside `SEND_GUARD` |
 *
 * @module
 */

import { i32 } from "../heap/views.ts";
import { LINK } from "../codec/message.ts";
import { STORE_WORDS } from "./channel_state.ts";
import { type Store, storeWithOrder } from "./store.ts";

const TOP = STORE_WORDS;

/** Last in, first out. */
export const lifoStore: Store = storeWithOrder({
  add(channel, block) {
    i32[block + LINK] = i32[channel + TOP];
    i32[channel + TOP] = block;
  },
  take(channel) {
    const block = i32[channel + TOP];
    i32[channel + TOP] = i32[block + LINK];
    return block;
  },
  free() {},
});
