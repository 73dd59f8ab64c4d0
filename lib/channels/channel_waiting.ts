/**
 * Waiting for room in a channel and for messages, for channels of every order.
 *
 * Each loop reads the word that it sleeps on before it tries: a message or a closing that comes after
 * the attempt changes the word or sets `CLOSED`, and the sleep ends at once.
 *
 * @module
 */

import type { MessageAddress } from "../codec/message.ts";
import { i32 } from "../heap/views.ts";
import { ParkResult, spinUntilChanged, type Steps } from "../parking/wait.ts";
import type { Park } from "../parking/park.ts";
import { wakeOne } from "../parking/wait_queue.ts";
import { pushBlock, receive, type Received } from "./channel.ts";
import {
  type ChannelAddress,
  CLOSED,
  closedBits,
  messagesIn,
  RECEIVED,
  RECEIVERS,
  SENDERS,
  SENT,
} from "./channel_state.ts";

/**
 * Steps of sending a stored message to a channel that may be full.
 *
 * @param push sends it now if there is room: `pushBlock` of the channel's store
 */
export function* sending(
  channel: ChannelAddress,
  block: MessageAddress,
  push: (channel: ChannelAddress, block: MessageAddress) => boolean = pushBlock,
): Steps<"sent" | "closed" | "timed out"> {
  for (;;) {
    const received = Atomics.load(i32, channel + RECEIVED);
    if (push(channel, block)) return "sent";
    if (closedBits(channel) !== 0) return "closed";
    const outcome = yield {
      queue: channel + SENDERS,
      word: channel + RECEIVED,
      expected: received,
      unless: channel + CLOSED,
    };
    if (outcome === ParkResult.TIMED_OUT) return "timed out";
  }
}

/**
 * Steps of receiving a value from a channel that may be empty.
 *
 * @param take receives one now if there is one: `receive` of the channel's store
 * @param isCancelled as for {@linkcode taking}
 */
export function receiving(
  channel: ChannelAddress,
  take: (channel: ChannelAddress) => Received | undefined = receive,
  isCancelled?: () => boolean,
): Steps<Received | "closed" | "timed out"> {
  return taking(channel, take, isCancelled);
}

/**
 * Steps of taking a message out of a channel that may be empty.
 *
 * @param take takes one now if there is one
 * @param isCancelled called after each wake-up: whether to return as if the channel were closed
 */
export function* taking<R>(
  channel: ChannelAddress,
  take: (channel: ChannelAddress) => R | undefined,
  isCancelled?: () => boolean,
): Steps<R | "closed" | "timed out"> {
  for (;;) {
    const sent = Atomics.load(i32, channel + SENT);
    const received = take(channel);
    if (received !== undefined) return received;
    if (closedBits(channel) !== 0 && Atomics.load(i32, channel + SENT) === sent) return "closed";
    const outcome = yield parkForMessage(channel, sent);
    if (outcome === ParkResult.TIMED_OUT) return "timed out";
    if (isCancelled?.()) {
      if (outcome === ParkResult.WOKEN && messagesIn(channel) > 0) wakeOne(channel + RECEIVERS);
      return "closed";
    }
  }
}

/**
 * Steps of waiting until the channel has a message or is closed.
 *
 * @param isCancelled called after each wake-up: whether to stop waiting
 * @param hasSpun whether the isolate has spun already, if it should
 * @returns whether the channel has a message or is closed
 */
export function* becomingReadable(
  channel: ChannelAddress,
  isCancelled?: () => boolean,
  hasSpun = false,
): Steps<boolean> {
  for (;;) {
    const sent = Atomics.load(i32, channel + SENT);
    if (messagesIn(channel) > 0 || closedBits(channel) !== 0) return true;
    if (isCancelled?.()) return false;
    const outcome = yield parkForMessage(channel, sent, hasSpun);
    if (outcome === ParkResult.TIMED_OUT) return false;
    // This waiter takes no message, so it forwards the wake-up to a receiver that may.
    if (outcome === ParkResult.WOKEN && messagesIn(channel) > 0) wakeOne(channel + RECEIVERS);
  }
}

/** Spins for up to `spins` rounds, without sleeping: whether there is a message. */
export function isReadableSoon(channel: ChannelAddress, spins: number): boolean {
  const sent = Atomics.load(i32, channel + SENT);
  return messagesIn(channel) > 0 || spinUntilChanged(channel + SENT, sent, spins);
}

function parkForMessage(channel: ChannelAddress, sent: number, hasSpun = false): Park {
  return {
    queue: channel + RECEIVERS,
    word: channel + SENT,
    expected: sent,
    unless: channel + CLOSED,
    hasSpun,
  };
}
