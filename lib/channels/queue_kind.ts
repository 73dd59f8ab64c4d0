/**
 * What all kinds of queues share: putting items and getting them.
 *
 * @module
 */

import { ClosedError, Empty, Full, ShutDown } from "../errors.ts";
import { allocate } from "../heap/allocator.ts";
import { deadlineOf, pickWaitOptions, type WaitOptions } from "../arguments/wait_options.ts";
import type { OptionNames } from "../arguments/options.ts";
import {
  createObject,
  defineType,
  type ObjectAddress,
  objectWord,
  reviveAs,
  type SharedHandle,
  type TypeOperations,
} from "../objects/shared_object.ts";
import { checkInteger } from "../arguments/values.ts";
import { awaitOn, blockOn, isStopping, type Steps, throwIfStopping } from "../parking/wait.ts";
import { encode, returnEncoder } from "../codec/encoder.ts";
import { holdMessage, importValue, takeHeldMessage } from "../codec/held_messages.ts";
import { discardMessage, type MessageAddress, storeMessage } from "../codec/message.ts";
import type { Received } from "./channel.ts";
import {
  CHANNEL_WORDS,
  type ChannelAddress,
  Closed,
  closedBits,
  limitOf,
} from "./channel_state.ts";
import { receiving, sending } from "./channel_waiting.ts";
import { hasPendingPuts, putInOrder } from "./pending_puts.ts";
import { readReceived } from "./read_received.ts";
import type { Store } from "./store.ts";
import { countedStore, finishTask, isJoined, loseTasks } from "./task_counter.ts";

const CHANNEL = objectWord.FIRST;

/** Returns the channel of the queue at `address`. */
export function channelOf(address: ObjectAddress): number {
  return address + CHANNEL;
}

/** Options of `put` of a queue with priorities. */
export interface PriorityOptions extends WaitOptions {
  /**
   * The item's priority: the lowest number is got first. Not NaN.
   *
   * @default {the item, if it is a number; its first element, if it is an array that begins with one}
   */
  priority?: number | undefined;
}

const priorityNames: OptionNames<PriorityOptions> = {
  priority: true,
  timeoutMs: true,
  signal: true,
};

/** How one kind of queue differs from another. */
export interface KindOptions {
  /** The type of its shared objects. */
  type: number;
  /** How it keeps its messages. */
  store: Store;
  /** Whether it counts its unfinished tasks. */
  isCounted?: boolean | undefined;
  /**
   * Returns the priority of an item.
   *
   * @throws {TypeError} if it has none
   */
  priorityOf?: ((item: unknown, options: PriorityOptions | undefined) => number) | undefined;
}

/** A copied item that waits for room. */
export interface PendingItem {
  block: MessageAddress;
  priority: number;
}

/** What queues of one kind do with their channels. */
export class QueueKind {
  readonly #type: number;
  readonly #isCounted: boolean;
  readonly #store: Store;
  readonly #priorityOf: KindOptions["priorityOf"];

  /** Created by {@linkcode defineQueue}. */
  constructor({ type, store, isCounted = false, priorityOf }: KindOptions) {
    this.#type = type;
    this.#isCounted = isCounted;
    this.#store = isCounted ? countedStore(store) : store;
    this.#priorityOf = priorityOf;
  }

  /**
   * Creates the shared object of a queue.
   *
   * @param name the name of its class, for the error
   * @throws {TypeError} if `maxsize` is not a number
   * @throws {RangeError} if `maxsize` is not an integer up to 2^30
   */
  create(maxsize: number, name = "Queue"): number {
    const advice = typeof maxsize === "object" ? `Write new ${name}(3)` : undefined;
    checkInteger("make queue", "maxsize", maxsize, undefined, 2 ** 30, advice);
    const address = createObject(this.#type, CHANNEL + CHANNEL_WORDS);
    this.#store.init(channelOf(address), Math.max(maxsize, 0));
    return address;
  }

  /** Frees what the object of a queue holds, which no isolate can reach. */
  destroy(address: ObjectAddress): void {
    this.#store.destroy(channelOf(address));
  }

  // Putting

  /** Puts the item if there is room; otherwise copies it, and returns the copy. */
  offer(
    channel: ChannelAddress,
    item: unknown,
    options?: PriorityOptions,
  ): PendingItem | undefined {
    throwIfStopping();
    if (options !== undefined) deadlineOf(this.#waitOf(options)); // with invalid or aborted options, nothing is put
    const priority = this.#priorityOf === undefined ? 0 : this.#priorityOf(item, options);
    const encoder = encode(item, "item");
    try {
      if (!hasPendingPuts(channel) && this.#store.push(channel, encoder, allocate, priority)) {
        return undefined;
      }
      return { block: storeMessage(encoder), priority };
    } finally {
      returnEncoder(encoder);
    }
  }

  /** Puts the item as soon as there is room, after the pending puts of this isolate. */
  async putWhenRoom(
    channel: ChannelAddress,
    item: PendingItem,
    options?: PriorityOptions,
  ): Promise<void> {
    holdMessage(item.block);
    try {
      const result = await putInOrder(
        channel,
        this.#waitOf(options),
        (wait) => awaitOn(this.#putting(channel, item), wait),
      );
      throwIfPutFailed(channel, result, options);
    } catch (error) {
      if (takeHeldMessage(item.block)) discardMessage(item.block);
      throw error;
    }
  }

  /** Puts the item as soon as there is room, and blocks the isolate until then. */
  putWhenRoomSync(channel: ChannelAddress, item: PendingItem, options?: PriorityOptions): void {
    try {
      const wait = this.#waitOf(options);
      throwIfPutFailed(
        channel,
        blockOn(this.#putting(channel, item), wait, channel - CHANNEL),
        options,
      );
    } catch (error) {
      discardMessage(item.block);
      throw error;
    }
  }

  /** Puts the item if there is room, and returns whether it did. */
  tryPut(channel: ChannelAddress, item: unknown, options?: PriorityOptions): boolean {
    const waiting = this.offer(channel, item, options);
    if (waiting === undefined) return true;
    discardMessage(waiting.block);
    if (closedBits(channel) !== 0) throwIfPutFailed(channel, "closed");
    return false;
  }

  #waitOf(options: PriorityOptions | undefined): WaitOptions | undefined {
    return this.#priorityOf === undefined
      ? options
      : pickWaitOptions("put item", options, priorityNames);
  }

  #putting(channel: ChannelAddress, { block, priority }: PendingItem) {
    return sending(channel, block, (channel, block) => {
      if (!this.#store.pushBlock(channel, block, allocate, priority)) return false;
      takeHeldMessage(block); // at once: this worker may end before the promise of the put goes on
      return true;
    });
  }

  // Getting

  /**
   * Takes the next item, if there is one. Not in an isolate that was told to end: what its caller does
   * next, a wait, throws.
   */
  take(channel: ChannelAddress): Received | undefined {
    if (isStopping()) return undefined;
    return this.#store.receive(channel);
  }

  /** Steps of taking the next item. */
  taking(
    channel: ChannelAddress,
    isCancelled?: () => boolean,
  ): Steps<Received | "closed" | "timed out"> {
    return receiving(channel, this.#store.receive, isCancelled);
  }

  /** Takes and reads the next item, if there is one. */
  tryGet(channel: ChannelAddress): { value: unknown } | undefined {
    const received = this.take(channel) ?? blockOn(this.taking(channel), { timeoutMs: 0 });
    if (received === "timed out") return undefined;
    return { value: this.readNow(channel, throwIfGetFailed(channel, received)) };
  }

  /** Returns the value that was taken, for a blocking call, which cannot import a module. */
  readNow(channel: ChannelAddress, received: Received): unknown {
    if (received.kind === "value") return received.value;
    try {
      return readReceived(received);
    } catch (error) {
      this.#finishUnread(channel);
      throw error;
    }
  }

  /** Reads the value in a block that was taken, and imports the module that it needs. */
  async readUnread(channel: ChannelAddress, block: MessageAddress): Promise<unknown> {
    try {
      return await importValue(block);
    } catch (error) {
      this.#finishUnread(channel);
      throw error;
    }
  }

  /** Marks an item done that was taken and cannot be read: no other caller will. */
  #finishUnread(channel: ChannelAddress): void {
    if (this.#isCounted) finishTask(channel);
  }

  /** Discards all items. */
  discardAll(channel: ChannelAddress): void {
    while (this.#store.discardNext(channel));
  }
}

// deno-lint-ignore no-explicit-any
type QueueClass = new (...args: any[]) => SharedHandle;

/** How queues that count their tasks learn of isolates that end with some of them. */
const countedOperations: Partial<TypeOperations> = {
  onHolderEnd: (address, end) => loseTasks(channelOf(address), end),
  hasHolders: (address) => isJoined(channelOf(address)),
};

/**
 * Defines how the queues of a class work. Called once, by the module of the class. The `kind` is set on
 * the prototype, where handles that were made without the constructor find it.
 */
export function defineQueue(queueClass: QueueClass, options: KindOptions): QueueKind {
  const kind = new QueueKind(options);
  Object.defineProperty(queueClass.prototype, "kind", { value: kind });
  defineType(options.type, queueClass.name, {
    crosses: true,
    revive: reviveAs(queueClass),
    destroy: (address) => kind.destroy(address),
    ...options.isCounted ? countedOperations : {},
  });
  return kind;
}

function throwIfPutFailed(
  channel: ChannelAddress,
  result: "sent" | "closed" | "timed out",
  options?: WaitOptions,
): void {
  if (result === "timed out") {
    throw new Full(
      `Cannot put item: the queue still holds ${limitOf(channel)} items after ` +
        `${options?.timeoutMs} ms`,
    );
  }
  if (result === "closed") {
    throw wasShutDown(channel)
      ? new ShutDown("Cannot put item: the queue was shut down. Put items before shutdown()")
      : new ClosedError("Cannot put item: the queue is closed. Put items before close()");
  }
}

/**
 * Returns what was taken.
 *
 * @throws {Empty} if the wait timed out
 * @throws {ClosedError} if the queue is closed and empty
 */
export function throwIfGetFailed(
  channel: ChannelAddress,
  received: Received | "closed" | "timed out",
  options?: WaitOptions,
): Received {
  if (received === "timed out") {
    throw new Empty(`Cannot get item: the queue is still empty after ${options?.timeoutMs} ms`);
  }
  if (received === "closed") {
    throw wasShutDown(channel)
      ? new ShutDown("Cannot get item: the queue was shut down and is empty. Stop getting")
      : new ClosedError("Cannot get item: the queue is closed and empty. Stop getting");
  }
  return received;
}

function wasShutDown(channel: ChannelAddress): boolean {
  return (closedBits(channel) & Closed.SHUT_DOWN) !== 0;
}
