/**
 * What the main isolate of a process of the operating system and its worker have in common.
 *
 * | root word | meaning | written by |
 * |---|---|---|
 * | `INBOX`, `OUTBOX` | addresses of the channels to and from the worker | the main isolate, before it starts the worker |
 * | `CALLS` | address of the channel with calls on objects of the program | the same |
 * | `ITEM`, `ITEM_AFTER` | which part of its work the worker does, and when it began it, in milliseconds | the worker |
 * | `SIGNAL` | what the agent has told the worker last | the main isolate; the worker, when it begins something new |
 *
 * @module
 */

import { Channel } from "../channels/channel_handle.ts";
import { rootWord } from "../heap/root_words.ts";
import { i32 } from "../heap/views.ts";
import { addressOf, handleFor } from "../objects/shared_object.ts";

const INBOX = rootWord(20, "channel to the worker of a process");
const OUTBOX = rootWord(21, "channel from the worker of a process");
const CALLS = rootWord(23, "channel with calls of a process");
/** Address of the word with what the agent has told the worker. */
export const SIGNAL: number = rootWord(22, "signal to the worker of a process");

/** Address of the word with the part of its work that the worker does. */
export const ITEM: number = rootWord(24, "item of the worker of a process");
/** Address of the word that says when it began. */
export const ITEM_AFTER: number = rootWord(25, "begin of the item of a process");

/** The channels between the main isolate and its worker. */
export interface Relay {
  readonly inbox: Channel;
  readonly outbox: Channel;
  readonly calls: Channel;
}

/** Makes the channels, in the main isolate. */
export function makeRelay(): Relay {
  const relay = { inbox: new Channel(), outbox: new Channel(), calls: new Channel() };
  i32[INBOX] = addressOf(relay.inbox)!;
  i32[OUTBOX] = addressOf(relay.outbox)!;
  i32[CALLS] = addressOf(relay.calls)!;
  return relay;
}

/** Returns the channels, in the worker and those that it starts. */
export function relayOfWorker(): Relay {
  return {
    inbox: handleFor(i32[INBOX]) as Channel,
    outbox: handleFor(i32[OUTBOX]) as Channel,
    calls: handleFor(i32[CALLS]) as Channel,
  };
}
