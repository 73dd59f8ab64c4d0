// The declarations of lib/channels/simple_queue.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";

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
export declare class SimpleQueue<T = unknown> extends SharedHandle implements Waitable {
  private readonly kind;
  /**
   * Creates an empty queue.
   *
   * @throws {TypeError} if an argument is passed
   */
  constructor();
  /**
   * Adds an item at the end. The item is copied at the call.
   *
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   */
  put(item: T): Promise<void>;
  /**
   * Adds an item at the end, without waiting.
   *
   * @throws {ClosedError} if the queue is closed
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   * @throws {TerminatedError} if this worker is terminated
   */
  putSync(item: T): void;
  /**
   * Takes the first item, and waits while there is none.
   *
   * @throws {Empty} if there is no item within `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty
   * @throws the reason of `signal`, if it is aborted first
   */
  get(options?: WaitOptions): Promise<T>;
  /**
   * Takes the first item, and blocks the isolate while there is none.
   *
   * @throws {Empty} if there is no item within `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is terminated
   */
  getSync(options?: WaitOptions): T;
  /**
   * Whether the queue is currently empty. Works on a closed queue too.
   *
   * @throws {TerminatedError} if this worker is terminated
   */
  empty(): boolean;
  /** Whether the queue was closed. */
  get closed(): boolean;
  /**
   * Closes the queue for all workers. No item can be put any more. The items in it can still be got;
   * after them, `get` throws {@linkcode ClosedError}. Idempotent.
   */
  close(): void;
  /** Steps of waiting until there is an item or the queue is closed, for `waitAny`. */
  [readySteps](): Generator<unknown, boolean, never>;
}

export {};
