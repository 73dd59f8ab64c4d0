/**
 * A queue ordered by priority.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { checkNumber } from "../arguments/values.ts";
import { JoinableQueue } from "./joinable_queue.ts";
import { priorityStore } from "./priority_store.ts";
import { channelOf, defineQueue, type PriorityOptions } from "./queue_kind.ts";

/** The number of this type among shared objects. */
const TYPE = 16;

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
export class PriorityQueue<T = unknown> extends JoinableQueue<T> {
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
  override put(item: T, options?: PriorityOptions): Promise<void> {
    return super.put(item, options);
  }

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
  override putSync(item: T, options?: PriorityOptions): void {
    super.putSync(item, options);
  }

  /**
   * Adds an item by its priority if there is room.
   *
   * @returns whether it was added
   * @throws {TypeError} if the item has no priority
   * @throws {RangeError} if its priority is NaN
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the error names the path to the part
   */
  override tryPut(item: T, options?: Pick<PriorityOptions, "priority">): boolean {
    checkOptions("put item", options, { priority: true });
    return kind.tryPut(channelOf(this.address), item, options);
  }
}

function priorityOf(item: unknown, options: PriorityOptions | undefined): number {
  if (options?.priority !== undefined) return checkPriority(options.priority, "options.priority");
  if (typeof item === "number") return checkPriority(item, "the item, which is its own priority,");
  if (Array.isArray(item) && typeof item[0] === "number") {
    return checkPriority(item[0], "the item's first element, which is its priority,");
  }
  throw new TypeError(
    "Cannot put item: it has no priority. Pass { priority: 1 } after the item, or put a number or " +
      "an array that begins with a number",
  );
}

function checkPriority(priority: unknown, what: string): number {
  checkNumber("put item", what, priority, "a number other than NaN");
  return priority;
}

const kind = defineQueue(PriorityQueue, {
  type: TYPE,
  store: priorityStore,
  isCounted: true,
  priorityOf,
});
