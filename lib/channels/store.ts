/**
 * Stores: how the messages of a channel are kept, which decides the one that comes out next.
 *
 * The algorithm of `channel.ts` is first in, first out. In the other orders each message lies in a
 * block, and one guard, `SEND_GUARD`, serves both sides, since both change the same words. The words of
 * `channel_state.ts` mean the same, so that waiting, closing and counting are shared.
 *
 * @module
 */

import type { Allocate } from "../heap/allocator.ts";
import { enter, leave } from "../heap/guard.ts";
import { i32 } from "../heap/views.ts";
import { ensureStack } from "../heap/stack.ts";
import { wakeOne } from "../parking/wait_queue.ts";
import type { Encoder } from "../codec/encoder.ts";
import { discardMessage, type MessageAddress, sendStored } from "../codec/message.ts";
import {
  destroyChannel,
  discardNext,
  initChannel,
  push,
  pushBlock,
  receive,
  receiveBlock,
  type Received,
} from "./channel.ts";
import {
  type ChannelAddress,
  closedBits,
  isFull,
  LIMIT,
  messagesIn,
  RECEIVED,
  RECEIVERS,
  SEND_GUARD,
  SENDERS,
  SENT,
} from "./channel_state.ts";

/** What a queue does with the channel that holds its messages. */
export interface Store {
  /** Initializes a channel in zeroed words. */
  init(channel: ChannelAddress, limit: number): void;
  /**
   * Sends the encoder's message if the channel has room and is open. Returns whether it was sent.
   *
   * @param take how blocks are allocated
   */
  push(channel: ChannelAddress, encoder: Encoder, take: Allocate, priority: number): boolean;
  /** Sends a stored message if the channel has room and is open. Returns whether it was sent. */
  pushBlock(
    channel: ChannelAddress,
    block: MessageAddress,
    take: Allocate,
    priority: number,
  ): boolean;
  /** Takes the next value, if there is one. */
  receive(channel: ChannelAddress): Received | undefined;
  /** Discards the next message; false if there is none. */
  discardNext(channel: ChannelAddress): boolean;
  /** Discards all messages and frees the memory of a channel that no isolate can reach. */
  destroy(channel: ChannelAddress): void;
}

/** First in, first out. */
export const fifoStore: Store = {
  init: initChannel,
  push,
  pushBlock,
  receive,
  discardNext,
  destroy: destroyChannel,
};

/** An order for messages in blocks. It is called only inside `SEND_GUARD`. */
export interface Order {
  /**
   * Adds a message.
   *
   * @throws {MemoryError} if the shared heap is full; nothing is changed
   */
  add(channel: ChannelAddress, block: MessageAddress, priority: number): void;
  /** Removes and returns the message that comes out next. There is one. */
  take(channel: ChannelAddress): number;
  /** Frees the memory of the order. No message is left. */
  free(channel: ChannelAddress): void;
}

/** Returns a store that keeps its messages in that order. */
export function storeWithOrder(order: Order): Store {
  function pushBlock(
    channel: ChannelAddress,
    block: MessageAddress,
    _take: Allocate,
    priority: number,
  ): boolean {
    enter(channel + SEND_GUARD);
    let room = false;
    try {
      room = closedBits(channel) === 0 && !isFull(channel);
      if (room) {
        order.add(channel, block, priority);
        Atomics.add(i32, channel + SENT, 1);
      }
    } finally {
      leave(channel + SEND_GUARD);
    }
    if (room) wakeOne(channel + RECEIVERS);
    return room;
  }

  function push(
    channel: ChannelAddress,
    encoder: Encoder,
    take: Allocate,
    priority: number,
  ): boolean {
    if (isFull(channel)) return false;
    return sendStored(encoder, (block) => pushBlock(channel, block, take, priority), take);
  }

  /** Removes and returns the block of the next message; 0 if there is none. */
  function pop(channel: ChannelAddress): number {
    ensureStack();
    enter(channel + SEND_GUARD);
    const block = messagesIn(channel) > 0 ? order.take(channel) : 0;
    if (block !== 0) Atomics.add(i32, channel + RECEIVED, 1);
    leave(channel + SEND_GUARD);
    if (block !== 0 && i32[channel + LIMIT] > 0) wakeOne(channel + SENDERS);
    return block;
  }

  function discardNext(channel: ChannelAddress): boolean {
    const block = pop(channel);
    if (block !== 0) discardMessage(block);
    return block !== 0;
  }

  return {
    init(channel, limit) {
      i32[channel + LIMIT] = limit;
    },
    push,
    pushBlock,
    receive(channel) {
      const block = pop(channel);
      return block === 0 ? undefined : receiveBlock(block);
    },
    discardNext,
    destroy(channel) {
      while (discardNext(channel));
      order.free(channel);
    },
  };
}
