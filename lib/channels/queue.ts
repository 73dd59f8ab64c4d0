/**
 * A first-in-first-out queue that any worker may put into and get from.
 *
 * @module
 */

import { itemIterator } from "./item_iterator.ts";
import { checkWaitOptions, deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { checkOptions } from "../arguments/options.ts";
import { readySteps, type Waitable } from "../parking/readiness.ts";
import { SharedHandle, showState } from "../objects/shared_object.ts";
import { awaitOn, blockOn, isStopping, neverSettled, throwIfStopping } from "../parking/wait.ts";
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
   * Whether the items in the queue are dropped, instead of being left for `get`.
   *
   * @default {false}
   */
  immediate?: boolean | undefined;
}

/**
 * A first-in-first-out queue in shared memory.
 *
 * - It can be sent to other isolates: as an argument of a process or a task, or in a message, also
 *   through another queue.
 * - When `put` returns, the item can be got. It is not lost if the worker that put it ends.
 * - The items of one producer come out in the order in which it put them.
 * - Any number of workers may put and get, blocking or not.
 * - An item is copied when it is put. An item that cannot cross is rejected there.
 *
 * Follows Python's `multiprocessing.Queue`, with one difference: {@linkcode Queue.close} closes the
 * queue for all workers, since there is nothing to flush.
 *
 * @typeParam T the type of the items
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

  /** The channel that holds the items. */
  private get channel(): number {
    return channelOf(this.address);
  }

  /**
   * Creates an empty queue.
   *
   * @param maxsize maximum number of items; 0 or less: no limit
   * @throws {TypeError} if `maxsize` is not a number
   * @throws {RangeError} if `maxsize` is not an integer up to 2^30
   */
  constructor(maxsize = 0) {
    super(new.target.prototype.kind.create(maxsize, new.target.name));
  }

  /**
   * Adds an item at the end, and waits while the queue is full. The item is copied at the call.
   *
   * Items of this isolate that wait for room are added in the order of the calls. A blocking put does
   * not wait for them. A process, or a pool's worker, ends once they have been added.
   *
   * @throws {Full} if there is no room within `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   * @throws the reason of `signal`, if it is aborted first
   */
  async put(item: T, options?: WaitOptions): Promise<void> {
    if (isStopping()) return neverSettled();
    const waiting = this.kind.offer(this.channel, item, options);
    if (waiting !== undefined) await this.kind.putWhenRoom(this.channel, waiting, options);
  }

  /**
   * Adds an item at the end, and blocks the isolate while the queue is full.
   *
   * @throws {Full} if there is no room within `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   * @throws {TerminatedError} if this worker is terminated
   */
  putSync(item: T, options?: WaitOptions): void {
    const waiting = this.kind.offer(this.channel, item, options);
    if (waiting !== undefined) this.kind.putWhenRoomSync(this.channel, waiting, options);
  }

  /**
   * Adds an item at the end if there is room.
   *
   * @returns whether it was added
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   * @throws {TerminatedError} if this worker is terminated
   */
  tryPut(item: T): boolean {
    return this.kind.tryPut(this.channel, item);
  }

  /**
   * Takes the first item, and waits while there is none.
   *
   * @throws {Empty} if there is no item within `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws the reason of `signal`, if it is aborted first
   */
  async get(options?: WaitOptions): Promise<T> {
    const received = (options === undefined ? this.kind.take(this.channel) : undefined) ??
      await awaitOn(this.kind.taking(this.channel), options);
    const item = throwIfGetFailed(this.channel, received, options);
    if (item.kind === "value") return item.value as T;
    return await this.kind.readUnread(this.channel, item.block) as T;
  }

  /**
   * Takes the first item, and blocks the isolate while there is none.
   *
   * @throws {Empty} if there is no item within `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is terminated
   */
  getSync(options?: WaitOptions): T {
    const received = (options === undefined ? this.kind.take(this.channel) : undefined) ??
      blockOn(this.kind.taking(this.channel), options, this.address);
    return this.kind.readNow(this.channel, throwIfGetFailed(this.channel, received, options)) as T;
  }

  /**
   * Takes the first item if there is one.
   *
   * @returns an object with the item, which may itself be `undefined`; `undefined` if there is no item
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is terminated
   */
  tryGet(): { value: T } | undefined {
    return this.kind.tryGet(this.channel) as { value: T } | undefined;
  }

  /**
   * Returns the current number of items in the queue.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  size(): number {
    throwIfStopping(); // a loop that polls it must end
    return messagesIn(this.channel);
  }

  /**
   * Whether the queue is currently empty.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  empty(): boolean {
    return this.size() === 0;
  }

  /**
   * Whether the queue is currently full. A queue without a limit never is.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  full(): boolean {
    const size = this.size();
    const limit = limitOf(this.channel);
    return limit > 0 && size >= limit;
  }

  /** Maximum number of items; 0: no limit. */
  get maxsize(): number {
    return limitOf(this.channel);
  }

  /** Whether the queue was closed or shut down. */
  get closed(): boolean {
    return closedBits(this.channel) !== 0;
  }

  /**
   * Closes the queue for all workers. No item can be put any more. The items in it can still be got;
   * after them, `get` throws {@linkcode ClosedError} and iterations end. Idempotent.
   *
   * {@linkcode Queue.shutdown} can also drop the items.
   */
  close(): void {
    closeChannel(this.channel, Closed.SENDERS_GONE);
  }

  /**
   * Closes the queue as {@linkcode Queue.close} does, but `put` and `get` then throw
   * {@linkcode ShutDown}, which extends {@linkcode ClosedError}.
   *
   * - With `immediate`, the items in the queue are dropped, and none can be got afterwards. Dropped items
   *   of a queue that counts its tasks are marked done. An item that is got during the call is not
   *   dropped.
   * - Calls that wait to put or get are woken, and throw `ShutDown`.
   * - A closed queue can be shut down. Idempotent.
   *
   * Follows Python's `queue.Queue.shutdown`.
   *
   * @example Drop the items
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
    checkOptions("shut down queue", options, { immediate: "boolean" });
    closeChannel(this.channel, Closed.SHUT_DOWN);
    if (options.immediate) this.kind.discardAll(this.channel);
  }

  /** Steps of waiting until there is an item or the queue is closed, for `waitAny`. */
  [readySteps](): Generator<unknown, boolean, never> {
    return becomingReadable(this.channel);
  }

  /**
   * Iterates over the items as they arrive, until the queue is closed, or shut down, and empty. An
   * iteration that is left while it waits takes no further item.
   */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.values();
  }

  /**
   * Iterates over the items as they arrive, as `for await (const item of queue)` does, with the options
   * of every wait: `timeoutMs` limits the wait for each item. The iteration is over when it throws.
   *
   * @throws {TypeError} if an option is unknown, or of a wrong type
   * @returns an iterator whose `next()` throws {@linkcode Empty} if no item comes within `timeoutMs`, and
   * the reason of `signal` when it is aborted
   *
   * @example Until it is aborted
   * ```ts
   * import { Queue } from "@sauropod/multiprocessing";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const queue = new Queue<string>();
   * const stop = new AbortController();
   * const seen: string[] = [];
   * const consuming = (async () => {
   *   for await (const item of queue.values({ signal: stop.signal })) {
   *     seen.push(item);
   *     if (item === "last") stop.abort(new Error("enough"));
   *   }
   * })();
   * for (const item of ["first", "last"]) await queue.put(item);
   * await assertRejects(() => consuming, Error, "enough");
   * assertEquals(seen, ["first", "last"]);
   * ```
   */
  values(options?: WaitOptions): AsyncIterableIterator<T> {
    checkWaitOptions("iterate over queue", options);
    deadlineOf({ timeoutMs: options?.timeoutMs }); // checks it
    return itemIterator({
      next: async (isOver) => {
        options?.signal?.throwIfAborted();
        const received = this.kind.take(this.channel) ??
          await awaitOn(this.kind.taking(this.channel, isOver), options);
        const item = throwIfGetFailed(this.channel, received, options);
        if (item.kind === "value") return item.value as T;
        return await this.kind.readUnread(this.channel, item.block) as T;
      },
      isClosed: () => this.closed,
      leave: () => wakeReceivers(this.channel),
    });
  }
}

showState<Queue>(
  Queue,
  (queue) => ({ size: queue.size(), maxsize: queue.maxsize, closed: queue.closed }),
);
defineQueue(Queue, { type: TYPE, store: fifoStore });
