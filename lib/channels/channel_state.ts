/**
 * The words of a channel, its counts, and closing it.
 *
 * They mean the same for channels that keep their messages in another order than first in, first out
 * (`store.ts`).
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `SEND_GUARD` | guards what senders change | senders | | |
 * | `SENT` | messages pushed, modulo 2^32 | senders, inside `SEND_GUARD` | receivers, in `RECEIVERS` | each push wakes one |
 * | `RECEIVED` | messages popped, modulo 2^32 | receivers, inside their guard | senders to a full channel, in `SENDERS` | each pop wakes one |
 * | `LIMIT` | maximum number of messages; 0: no limit | the creator | | |
 * | `CLOSED` | bits of {@linkcode Closed} | `closeChannel` | both | `closeChannel` wakes all |
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { enter, leave } from "../heap/guard.ts";
import { ensureStack } from "../heap/stack.ts";
import { i32 } from "../heap/views.ts";
import { wakeAll } from "../parking/wait_queue.ts";

/** Address of a channel. */
export type ChannelAddress = Address<"channel">;

// Words that senders write, receivers write, and both read lie on different cache lines.
export const SEND_GUARD = 0;
/** The first of two words on the senders' cache line, for `channel.ts`. */
export const SENDER_WORDS = 1;
export const LIMIT = 3;
/** The first of eight words, on the senders' cache line, for a store with its own order. */
export const STORE_WORDS = 8;
/** The first of eight words on the receivers' cache line, for `channel.ts`. */
export const RECEIVER_WORDS = 16;
export const SENT = 32;
export const CLOSED = 33;
export const RECEIVERS = 34;
/** The first of eleven words that are rarely written, for `task_counter.ts`. */
export const JOINING_WORDS = 37;
export const RECEIVED = 48;
export const SENDERS = 49;
/** The first of four words that receivers write, for `task_counter.ts`. */
export const DONE_WORDS = 52;

/** Number of words of a channel: with the headers of the enclosing object and its block, 256 bytes. */
export const CHANNEL_WORDS = 56;

/** Why a channel is closed. */
export const Closed = {
  /** No sender is left. */
  SENDERS_GONE: 1,
  /** No receiver is left. */
  RECEIVERS_GONE: 2,
  /** It was shut down, which callers learn by an error class of its own. */
  SHUT_DOWN: 4,
} as const;

/** Returns the number of messages in the channel. */
export function messagesIn(channel: ChannelAddress): number {
  const received = Atomics.load(i32, channel + RECEIVED); // first, so that the difference is not negative
  return (Atomics.load(i32, channel + SENT) - received) | 0;
}

/** Returns the maximum number of messages in the channel; 0: no limit. */
export function limitOf(channel: ChannelAddress): number {
  return i32[channel + LIMIT];
}

/** Whether a channel with a limit holds its maximum. */
export function isFull(channel: ChannelAddress): boolean {
  const limit = i32[channel + LIMIT];
  return limit > 0 && messagesIn(channel) >= limit;
}

/** Returns the bits of {@linkcode Closed}. */
export function closedBits(channel: ChannelAddress): number {
  return Atomics.load(i32, channel + CLOSED);
}

/** Closes the channel and wakes all its waiters. */
export function closeChannel(channel: ChannelAddress, why: number): void {
  ensureStack();
  enter(channel + SEND_GUARD); // so that no push is under way once a receiver finds it closed and empty
  Atomics.or(i32, channel + CLOSED, why);
  leave(channel + SEND_GUARD);
  wakeAll(channel + RECEIVERS);
  wakeAll(channel + SENDERS);
}

/** Wakes all receivers, so that each checks whether it still wants a message. */
export function wakeReceivers(channel: ChannelAddress): void {
  wakeAll(channel + RECEIVERS);
}

/** Wakes all senders of a channel without limit that wait for room in the heap. */
export function wakeSenders(channel: ChannelAddress): void {
  wakeAll(channel + SENDERS);
}
