// The declarations of lib/channels/priority_queue.ts

import type { JoinableQueue } from "./joinable_queue.d.ts";
import type { PriorityOptions } from "./queue_kind.d.ts";

/**
 * A queue in shared memory from which the item with the lowest priority number is got first, and of
 * equal ones, the item that was put first.
 *
 * - The priority is an option of the put: `put(item, { priority: 2 })`. Its default is the item if
 *   that is a number, or the first element of an item that is an array beginning with a number.
 * - Except for the order it is a {@linkcode JoinableQueue}. A program that does not call `join()` need
 *   not call `taskDone()`.
 * - Puts that wait for room are served in the order of the calls, whatever their priority.
 *
 * Follows Python's `queue.PriorityQueue`, and works between processes as well. Python compares the
 * items themselves: items of equal priority come out in arbitrary order, or fail if their data cannot
 * be compared. Here only the numbers are compared.
 *
 * @typeParam T the type of the items
 *
 * @example Urgent jobs first
 * ```ts
 * import { PriorityQueue } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const jobs = new PriorityQueue<string>();
 * await jobs.put("tidy up", { priority: 10 });
 * await jobs.put("put out the fire", { priority: 0 });
 * await jobs.put("water the plants", { priority: 10 });
 * assertEquals(await jobs.get(), "put out the fire");
 * assertEquals(await jobs.get(), "tidy up");
 * assertEquals(await jobs.get(), "water the plants");
 * ```
 *
 * @example Tuples, as in Python
 * ```ts
 * import { PriorityQueue } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new PriorityQueue<[number, string]>();
 * await queue.put([2, "b"]);
 * await queue.put([1, "a"]);
 * assertEquals(queue.getSync(), [1, "a"]);
 * ```
 */
export declare class PriorityQueue<T = unknown> extends JoinableQueue<T> {
  /**
   * Adds an item by its priority, and waits while the queue is full. The item is copied at the call.
   *
   * @throws {TypeError} if the item has no priority
   * @throws {RangeError} if its priority is NaN
   * @throws {Full} if there is no room within `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   * @throws the reason of `signal`, if it is aborted first
   */
  put(item: T, options?: PriorityOptions): Promise<void>;
  /**
   * Adds an item by its priority, and blocks the isolate while the queue is full.
   *
   * @throws {TypeError} if the item has no priority
   * @throws {RangeError} if its priority is NaN
   * @throws {Full} if there is no room within `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   * @throws {TerminatedError} if this worker is terminated
   */
  putSync(item: T, options?: PriorityOptions): void;
  /**
   * Adds an item by its priority if there is room.
   *
   * @returns whether it was added
   * @throws {TypeError} if the item has no priority
   * @throws {RangeError} if its priority is NaN
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   */
  tryPut(item: T, options?: Pick<PriorityOptions, "priority">): boolean;
}

export {};
