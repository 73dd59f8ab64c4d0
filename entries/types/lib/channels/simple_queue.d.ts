// The declarations of lib/channels/simple_queue.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";

/**
 * A first-in-first-out queue without a limit, in shared memory, with no more than it needs.
 *
 * - It may be sent anywhere, and any number of workers may put and get, as with a {@linkcode Queue}.
 * - `put` never waits.
 *
 * Follows Python's `multiprocessing.SimpleQueue`, where `put` waits while a pipe is full. As for a
 * `Queue`, what was put before {@linkcode SimpleQueue.close} can still be got.
 *
 * @typeParam T what the queue carries
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
export declare class SimpleQueue<T = unknown> extends SharedHandle implements Waitable {
  private readonly kind;
  /**
   * Makes an empty queue.
   *
   * @throws {TypeError} if it is given an argument
   */
  constructor();
  /**
   * Adds an item at the end. The item is copied at the call.
   *
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   */
  put(item: T): Promise<void>;
  /**
   * Adds an item at the end, without waiting.
   *
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   */
  putSync(item: T): void;
  /**
   * Takes the first item, waiting while there is none.
   *
   * @throws {Empty} if none comes in `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty
   * @throws the reason of `signal`, if that is aborted first
   */
  get(options?: WaitOptions): Promise<T>;
  /**
   * Takes the first item, blocking the thread while there is none.
   *
   * @throws {Empty} if none comes in `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is told to end
   */
  getSync(options?: WaitOptions): T;
  /** Whether there is no item at this moment. It may be asked of a closed queue too. */
  empty(): boolean;
  /** Whether the queue was closed. */
  get closed(): boolean;
  /**
   * Ends the queue for everybody: nothing can be put any more; what is in it can still be got, and
   * then `get` throws {@linkcode ClosedError}. Closing twice is safe.
   */
  close(): void;
  /** Steps of waiting until there is an item or the queue is closed, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never>;
}

export {};
