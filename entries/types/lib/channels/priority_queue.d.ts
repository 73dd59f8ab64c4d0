// The declarations of lib/channels/priority_queue.ts

import type { JoinableQueue } from "./joinable_queue.d.ts";
import type { PriorityOptions } from "./queue_kind.d.ts";

/**
 * A queue in shared memory from which the item with the lowest priority number is got first, and
 * among equals the one that was put first.
 *
 * - The priority is given with the item, `put(item, { priority: 2 })`. Without that it is the item,
 *   if that is a number, or its first element, if it is an array that begins with a number.
 * - It is a {@linkcode JoinableQueue} in everything but the order. Its tasks may be left uncounted:
 *   who does not join need not call `taskDone()`.
 * - Those who wait for room put first come, first served, whatever their priority.
 *
 * Follows Python's `queue.PriorityQueue`, and works between processes as well. Python compares the
 * items themselves, so that equals come out in no order, or fail if their data cannot be compared;
 * here only the numbers are compared.
 *
 * @typeParam T what the queue carries
 *
 * @example What is urgent first
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
   * Adds an item in its place, waiting while the queue is full. The item is copied at the call.
   *
   * @throws {TypeError} if the item has no priority
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws the reason of `signal`, if that is aborted first
   */
  put(item: T, options?: PriorityOptions): Promise<void>;
  /**
   * Adds an item in its place, blocking the thread while the queue is full.
   *
   * @throws {TypeError} if the item has no priority
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws {TerminatedError} if this worker is told to end
   */
  putSync(item: T, options?: PriorityOptions): void;
  /**
   * Adds an item in its place if there is room.
   *
   * @returns whether it was added
   * @throws {TypeError} if the item has no priority
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   */
  tryPut(item: T, options?: Pick<PriorityOptions, "priority">): boolean;
}

export {};
