/**
 * A first-in-first-out queue that any worker may put into and get from.
 *
 * @module
 */

import { ClosedError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { checkOptions } from "../arguments/options.ts";
import { readySteps, type Waitable } from "../parking/readiness.ts";
import { SharedHandle, showState } from "../objects/shared_object.ts";
import { awaitOn, blockOn } from "../parking/wait.ts";
import {
  closeChannel,
  Closed,
  closedBits,
  limitOf,
  messagesIn,
  wakeReceivers,
} from "./channel_state.ts";
import { becomingReadable } from "./channel_waiting.ts";
import { channelOf, defineQueue, type QueueKind, throwIfGetFailed } from "./queue_kind.ts";
import { fifoStore } from "./store.ts";

/** The number of this type among shared objects. */
const TYPE = 4;

/** Options of {@linkcode Queue.shutdown}. */
export interface ShutdownOptions {
  /**
   * Whether what is in the queue is dropped, instead of being left to those who get.
   *
   * @default {false}
   */
  immediate?: boolean;
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
  declare private readonly kind: QueueKind;

  /** Where the items are. */
  private get channel(): number {
    return channelOf(this.address);
  }

  /**
   * Makes an empty queue.
   *
   * @param maxsize most items that it holds; 0 or less: no limit
   * @throws {RangeError} if `maxsize` is not a whole number
   */
  constructor(maxsize = 0) {
    super(new.target.prototype.kind.create(maxsize));
  }

  /**
   * Adds an item at the end, waiting while the queue is full. The item is copied at the call. Several
   * that wait for room are added in the order of their calls; a blocking put does not wait for them.
   * A process or a pool's worker whose work is done ends when they have been added.
   *
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws the reason of `signal`, if that is aborted first
   */
  async put(item: T, options?: WaitOptions): Promise<void> {
    const waiting = this.kind.offer(this.channel, item, options);
    if (waiting !== undefined) await this.kind.putLater(this.channel, waiting, options);
  }

  /**
   * Adds an item at the end, blocking the thread while the queue is full.
   *
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws {TerminatedError} if this worker is told to end
   */
  putSync(item: T, options?: WaitOptions): void {
    const waiting = this.kind.offer(this.channel, item, options);
    if (waiting !== undefined) this.kind.putLaterSync(this.channel, waiting, options);
  }

  /**
   * Adds an item at the end if there is room.
   *
   * @returns whether it was added
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   */
  tryPut(item: T): boolean {
    return this.kind.tryPut(this.channel, item);
  }

  /**
   * Takes the first item, waiting while there is none.
   *
   * @throws {Empty} if none comes in `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws the reason of `signal`, if that is aborted first
   */
  async get(options?: WaitOptions): Promise<T> {
    const received = (options === undefined ? this.kind.take(this.channel) : undefined) ??
      await awaitOn(this.kind.taking(this.channel), options);
    const item = throwIfGetFailed(this.channel, received, options);
    if (item.kind === "value") return item.value as T;
    return await this.kind.readLater(this.channel, item.block) as T;
  }

  /**
   * Takes the first item, blocking the thread while there is none.
   *
   * @throws {Empty} if none comes in `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is told to end
   */
  getSync(options?: WaitOptions): T {
    const received = (options === undefined ? this.kind.take(this.channel) : undefined) ??
      blockOn(this.kind.taking(this.channel), options, this.address);
    return this.kind.readNow(this.channel, throwIfGetFailed(this.channel, received, options)) as T;
  }

  /**
   * Takes the first item if there is one.
   *
   * @returns the item in an object, since the item itself may be anything; `undefined` if there is none
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   */
  tryGet(): { value: T } | undefined {
    return this.kind.tryGet(this.channel) as { value: T } | undefined;
  }

  /** Number of items in the queue at this moment. */
  size(): number {
    return messagesIn(this.channel);
  }

  /** Whether there is no item at this moment. */
  empty(): boolean {
    return this.size() === 0;
  }

  /** Whether there is no room at this moment; never for a queue without a limit. */
  full(): boolean {
    const limit = limitOf(this.channel);
    return limit > 0 && this.size() >= limit;
  }

  /** Most items that the queue holds; 0: no limit. */
  get maxsize(): number {
    return limitOf(this.channel);
  }

  /** Whether the queue was closed or shut down. */
  get closed(): boolean {
    return closedBits(this.channel) !== 0;
  }

  /**
   * Ends the queue for everybody: nothing can be put any more; what is in it can still be got, and
   * then `get` throws {@linkcode ClosedError} and iterations end. Closing twice is safe.
   * {@linkcode Queue.shutdown} can drop what is in it as well.
   */
  close(): void {
    closeChannel(this.channel, Closed.SENDERS_GONE);
  }

  /**
   * Ends the queue as {@linkcode Queue.close} does, which is the everyday name, but with
   * {@linkcode ShutDown} as the error of `put` and `get`; that extends {@linkcode ClosedError}.
   *
   * With `immediate` it also drops what is in the queue: nothing can be got any more after it, and
   * the dropped items of a queue that counts its tasks are marked done. What somebody gets while it
   * works is not dropped.
   *
   * All who wait to put or get are woken, and end with `ShutDown`. A queue may be closed first and
   * shut down afterwards; shutting it down twice is safe.
   *
   * Follows Python's `queue.Queue.shutdown`.
   *
   * @example Nothing more, now
   * ```ts
   * import { Queue, ShutDown } from "@sauropod/multiprocessing";
   * import { assertRejects, assertThrows } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * queue.shutdown({ immediate: true });
   * assertThrows(() => queue.putSync(2), ShutDown);
   * await assertRejects(() => queue.get(), ShutDown);
   * ```
   */
  shutdown(options: ShutdownOptions = {}): void {
    checkOptions("shut down queue", options, { immediate: true });
    closeChannel(this.channel, Closed.SHUT_DOWN);
    if (options.immediate) this.kind.discardAll(this.channel);
  }

  /** Steps of waiting until there is an item or the queue is closed, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never> {
    return becomingReadable(this.channel);
  }

  /**
   * The items as they come, until the queue is closed, or shut down, and empty. An iteration that is
   * left while it waits takes no more items.
   */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    // No generator: its `return()` would have to wait for the next item, and take it.
    let over = false;
    const done: IteratorResult<T> = { done: true, value: undefined };
    const iterator: AsyncIterableIterator<T> = {
      next: async () => {
        if (over) return done;
        try {
          const received = this.kind.take(this.channel) ??
            await awaitOn(this.kind.taking(this.channel, () => over));
          const item = throwIfGetFailed(this.channel, received);
          if (item.kind === "value") return { done: false, value: item.value as T };
          const value = await this.kind.readLater(this.channel, item.block) as T;
          return { done: false, value };
        } catch (error) {
          const isOver = over || (error instanceof ClosedError && this.closed);
          over = true;
          if (isOver) return done;
          throw error;
        }
      },
      return: () => {
        over = true;
        wakeReceivers(this.channel);
        return Promise.resolve(done);
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}

showState<Queue>(
  Queue,
  (queue) => ({ size: queue.size(), maxsize: queue.maxsize, closed: queue.closed }),
);
defineQueue(Queue, { type: TYPE, store: fifoStore });
