/**
 * A first-in-first-out queue that any worker may put into and get from.
 *
 * @module
 */

import { ClosedError, Empty, Full } from "../errors.ts";
import { deadlineOf, type WaitOptions } from "../atomics/deadline.ts";
import { becomingReady, type Waitable } from "../atomics/readiness.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
  SharedType,
} from "../atomics/shared_object.ts";
import { awaitOn, blockOn } from "../atomics/wait.ts";
import { encode, giveBack } from "../codec/encoder.ts";
import { discardMessage, importValue, storeMessage } from "../codec/message.ts";
import {
  becomingReadable,
  CHANNEL_WORDS,
  closeChannel,
  Closed,
  closedBits,
  destroyChannel,
  initChannel,
  limitOf,
  messagesIn,
  push,
  receive,
  type Received,
  receiving,
  sending,
} from "./channel.ts";
import { valueNow } from "./received.ts";

const CHANNEL = objectWord.FIRST;

function createQueue(maxsize: number): number {
  if (!Number.isInteger(maxsize) || maxsize > 2 ** 30) {
    throw new RangeError(
      `Cannot make queue: maxsize must be a whole number up to 2^30, not ${String(maxsize)}`,
    );
  }
  const address = createObject(SharedType.QUEUE, CHANNEL + CHANNEL_WORDS);
  initChannel(address + CHANNEL, Math.max(maxsize, 0));
  return address;
}

/**
 * A first-in-first-out queue in shared memory.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message, even through
 *   another queue.
 * - When `put` returns, the item can be got. Nothing is lost when the worker that put it ends.
 * - The items of one producer come out in the order in which it put them.
 * - Any number of workers may put and get, blocking or not.
 * - An item is copied when it is put; what cannot cross is refused there.
 *
 * Follows Python's `multiprocessing.Queue`, with one difference: {@linkcode Queue.close} ends the
 * queue for everybody, since there is nothing to flush.
 *
 * @typeParam T what the queue carries
 *
 * @example Put and get
 * ```ts
 * import { Queue } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<string | null>();
 * await queue.put("hello");
 * queue.putSync(null);
 * assertEquals(queue.size(), 2);
 * assertEquals(await queue.get(), "hello");
 * assertEquals(queue.getSync(), null);
 * assertEquals(queue.tryGet(), undefined);
 * ```
 *
 * @example Until the producer is done
 * ```ts
 * import { Queue } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<number>();
 * for (const n of [1, 2, 3]) await queue.put(n);
 * queue.close();
 * assertEquals(await Array.fromAsync(queue), [1, 2, 3]);
 * ```
 */
export class Queue<T = unknown> extends SharedHandle implements AsyncIterable<T>, Waitable {
  /**
   * Makes an empty queue.
   *
   * @param maxsize most items that it holds; 0 or less: no limit
   * @throws {RangeError} if `maxsize` is not a whole number
   */
  constructor(maxsize = 0) {
    super(createQueue(maxsize));
  }

  /**
   * Adds an item at the end, waiting while the queue is full. The item is copied at the call.
   *
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws the reason of `signal`, if that is aborted first
   */
  async put(item: T, options?: WaitOptions): Promise<void> {
    const block = pushOrStore(this.address + CHANNEL, item, options);
    if (block === 0) return;
    try {
      judgePut(
        this.address + CHANNEL,
        await awaitOn(sending(this.address + CHANNEL, block), options),
        options,
      );
    } catch (error) {
      discardMessage(block);
      throw error;
    }
  }

  /**
   * Adds an item at the end, blocking the thread while the queue is full.
   *
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws {TerminatedError} if this worker is told to end
   */
  putSync(item: T, options?: WaitOptions): void {
    const block = pushOrStore(this.address + CHANNEL, item, options);
    if (block === 0) return;
    try {
      judgePut(
        this.address + CHANNEL,
        blockOn(sending(this.address + CHANNEL, block), options),
        options,
      );
    } catch (error) {
      discardMessage(block);
      throw error;
    }
  }

  /**
   * Adds an item at the end if there is room.
   *
   * @returns whether it was added
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   */
  tryPut(item: T): boolean {
    const block = pushOrStore(this.address + CHANNEL, item);
    if (block === 0) return true;
    discardMessage(block);
    if (this.closed) judgePut(this.address + CHANNEL, "closed");
    return false;
  }

  /**
   * Takes the first item, waiting while there is none.
   *
   * @throws {Empty} if none comes in `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty
   * @throws the reason of `signal`, if that is aborted first
   */
  async get(options?: WaitOptions): Promise<T> {
    const received = (options === undefined ? receive(this.address + CHANNEL) : undefined) ??
      await awaitOn(receiving(this.address + CHANNEL), options);
    const item = judgeGet(received, options);
    return (item.kind === "value" ? item.value : await importValue(item.block)) as T;
  }

  /**
   * Takes the first item, blocking the thread while there is none.
   *
   * @throws {Empty} if none comes in `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is told to end
   */
  getSync(options?: WaitOptions): T {
    const received = (options === undefined ? receive(this.address + CHANNEL) : undefined) ??
      blockOn(receiving(this.address + CHANNEL), options);
    return valueNow(judgeGet(received, options)) as T;
  }

  /**
   * Takes the first item if there is one.
   *
   * @returns the item in an object, since the item itself may be anything; `undefined` if there is none
   * @throws {ClosedError} if the queue is closed and empty
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   */
  tryGet(): { value: T } | undefined {
    const received = blockOn(receiving(this.address + CHANNEL), { timeoutMs: 0 });
    if (received === "timed out") return undefined;
    return { value: valueNow(judgeGet(received)) as T };
  }

  /** Number of items in the queue at this moment. */
  size(): number {
    return messagesIn(this.address + CHANNEL);
  }

  /** Whether there is no item at this moment. */
  empty(): boolean {
    return this.size() === 0;
  }

  /** Whether there is no room at this moment; never for a queue without a limit. */
  full(): boolean {
    const limit = limitOf(this.address + CHANNEL);
    return limit > 0 && this.size() >= limit;
  }

  /** Most items that the queue holds; 0: no limit. */
  get maxsize(): number {
    return limitOf(this.address + CHANNEL);
  }

  /** Whether the queue was closed. */
  get closed(): boolean {
    return closedBits(this.address + CHANNEL) !== 0;
  }

  /**
   * Ends the queue for everybody: nothing can be put any more; what is in it can still be got, and
   * then `get` throws {@linkcode ClosedError} and iterations end. Closing twice is safe.
   */
  close(): void {
    closeChannel(this.address + CHANNEL, Closed.SENDERS_GONE);
  }

  /** Steps of waiting until there is an item or the queue is closed, for `wait`. */
  [becomingReady](): Generator<unknown, boolean, never> {
    return becomingReadable(this.address + CHANNEL);
  }

  /** The items as they come, until the queue is closed and empty. */
  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      let item: T;
      try {
        item = await this.get();
      } catch (error) {
        if (error instanceof ClosedError && this.closed) return;
        throw error;
      }
      yield item;
    }
  }
}

/** Sends the item now and returns 0, or returns the block that holds it until there is room. */
function pushOrStore(channel: number, item: unknown, options?: WaitOptions): number {
  if (options !== undefined) deadlineOf(options); // bad or aborted options put nothing
  const encoder = encode(item, "item");
  try {
    return push(channel, encoder) ? 0 : storeMessage(encoder);
  } finally {
    giveBack(encoder);
  }
}

function judgePut(
  channel: number,
  how: "sent" | "closed" | "timed out",
  options?: WaitOptions,
): void {
  if (how === "timed out") {
    throw new Full(
      `Cannot put item: the queue still holds ${limitOf(channel)} items after ` +
        `${options?.timeoutMs} ms`,
    );
  }
  if (how === "closed") throw new ClosedError("Cannot put item: the queue is closed");
}

function judgeGet(received: Received | "closed" | "timed out", options?: WaitOptions): Received {
  if (received === "timed out") {
    throw new Empty(`Cannot get item: the queue is still empty after ${options?.timeoutMs} ms`);
  }
  if (received === "closed") {
    throw new ClosedError("Cannot get item: the queue is closed and empty");
  }
  return received;
}

defineType(SharedType.QUEUE, {
  revive: reviveAs<Queue>(Queue),
  destroy: (address) => destroyChannel(address + CHANNEL),
});
