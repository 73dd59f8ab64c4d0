/**
 * A queue without limit, size and timeout of `put`: put and get only.
 *
 * @module
 */

import type { WaitOptions } from "../arguments/wait_options.ts";
import { checkArity } from "../arguments/options.ts";
import { readySteps, type Waitable } from "../parking/readiness.ts";
import { addressOf, SharedHandle, showState } from "../objects/shared_object.ts";
import { awaitOn, blockOn, isStopping, neverSettled, throwIfStopping } from "../parking/wait.ts";
import { closeChannel, Closed, closedBits, messagesIn } from "./channel_state.ts";
import { becomingReadable } from "./channel_waiting.ts";
import { channelOf, defineQueue, type QueueKind, throwIfGetFailed } from "./queue_kind.ts";
import { fifoStore } from "./store.ts";

/** The number of this type among shared objects. */
const TYPE = 14;

/**
 * A first-in-first-out queue without a limit, in shared memory, with few methods.
 *
 * - It can be sent to other isolates, and any number of workers may put and get, as with a
 *   {@linkcode Queue}.
 * - `put` never waits.
 *
 * Follows Python's `multiprocessing.SimpleQueue`, where `put` waits while a pipe is full. As with a
 * `Queue`, items that were put before {@linkcode SimpleQueue.close} can still be got.
 *
 * @typeParam T the type of the items
 *
 * @example Put and get
 * ```ts
 * import { SimpleQueue } from "@sauropod/multiprocessing";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const queue = new SimpleQueue<boolean>();
 * await queue.put(true);
 * queue.putSync(false);
 * assertEquals(await queue.get(), true);
 * assertEquals(queue.getSync(), false);
 * assert(queue.empty());
 * ```
 */
export class SimpleQueue<T = unknown> extends SharedHandle implements Waitable {
  declare private readonly kind: QueueKind;

  /**
   * Creates an empty queue.
   *
   * @throws {TypeError} if an argument is passed
   */
  constructor() {
    checkArity("make queue", arguments, 0, "A queue with a limit is a Queue");
    super(new.target.prototype.kind.create(0));
  }

  /**
   * Adds an item at the end. The item is copied at the call.
   *
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   */
  // deno-lint-ignore require-await -- so that every error is a rejection
  async put(item: T): Promise<void> {
    if (isStopping()) return neverSettled();
    this.putSync(item);
  }

  /**
   * Adds an item at the end, without waiting.
   *
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   * @throws {TerminatedError} if this worker is terminated
   */
  putSync(item: T): void {
    this.kind.tryPut(channelOf(this.address), item); // there is always room
  }

  /**
   * Takes the first item, and waits while there is none.
   *
   * @throws {Empty} if there is no item within `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty
   * @throws the reason of `signal`, if it is aborted first
   */
  async get(options?: WaitOptions): Promise<T> {
    const channel = channelOf(this.address);
    const received = await awaitOn(this.kind.taking(channel), options);
    const item = throwIfGetFailed(channel, received, options);
    if (item.kind === "value") return item.value as T;
    return await this.kind.readUnread(channel, item.block) as T;
  }

  /**
   * Takes the first item, and blocks the isolate while there is none.
   *
   * @throws {Empty} if there is no item within `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is terminated
   */
  getSync(options?: WaitOptions): T {
    const channel = channelOf(this.address);
    const received = blockOn(this.kind.taking(channel), options, this.address);
    return this.kind.readNow(channel, throwIfGetFailed(channel, received, options)) as T;
  }

  /**
   * Whether the queue is currently empty. Works on a closed queue too.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  empty(): boolean {
    throwIfStopping();
    return messagesIn(channelOf(this.address)) === 0;
  }

  /** Whether the queue was closed. */
  get closed(): boolean {
    return closedBits(channelOf(this.address)) !== 0;
  }

  /**
   * Closes the queue for all workers. No item can be put any more. The items in it can still be got;
   * after them, `get` throws {@linkcode ClosedError}. Idempotent.
   */
  close(): void {
    closeChannel(channelOf(this.address), Closed.SENDERS_GONE);
  }

  /** Steps of waiting until there is an item or the queue is closed, for `waitAny`. */
  [readySteps](): Generator<unknown, boolean, never> {
    return becomingReadable(channelOf(this.address));
  }
}

showState<SimpleQueue>(
  SimpleQueue,
  (queue) => ({ size: messagesIn(channelOf(addressOf(queue)!)), closed: queue.closed }),
);
defineQueue(SimpleQueue, { type: TYPE, store: fifoStore });
