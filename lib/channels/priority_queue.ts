/**
 * A queue from which comes first what matters most.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { JoinableQueue } from "./joinable_queue.ts";
import { priorityStore } from "./priority_store.ts";
import { channelOf, defineQueue, type PriorityOptions } from "./queue_kind.ts";

/** The number of this type among shared objects. */
const TYPE = 16;

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
export class PriorityQueue<T = unknown> extends JoinableQueue<T> {
  /**
   * Adds an item in its place, waiting while the queue is full. The item is copied at the call.
   *
   * @throws {TypeError} if the item has no priority
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws the reason of `signal`, if that is aborted first
   */
  override put(item: T, options?: PriorityOptions): Promise<void> {
    return super.put(item, options);
  }

  /**
   * Adds an item in its place, blocking the thread while the queue is full.
   *
   * @throws {TypeError} if the item has no priority
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws {TerminatedError} if this worker is told to end
   */
  override putSync(item: T, options?: PriorityOptions): void {
    super.putSync(item, options);
  }

  /**
   * Adds an item in its place if there is room.
   *
   * @returns whether it was added
   * @throws {TypeError} if the item has no priority
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   */
  override tryPut(item: T, options?: Pick<PriorityOptions, "priority">): boolean {
    checkOptions("put item", options, { priority: true });
    return kind.tryPut(channelOf(this.address), item, options);
  }
}

function priorityOf(item: unknown, options: PriorityOptions | undefined): number {
  if (options?.priority !== undefined) return check(options.priority, "options.priority");
  if (typeof item === "number") return check(item, "the item, which is its own priority,");
  if (Array.isArray(item) && typeof item[0] === "number") {
    return check(item[0], "the item's first element, which is its priority,");
  }
  throw new TypeError(
    "Cannot put item: it has no priority. Pass { priority: 1 } after the item, or put a number or " +
      "an array that begins with a number",
  );
}

function check(priority: unknown, what: string): number {
  if (typeof priority === "number" && !Number.isNaN(priority)) return priority;
  throw new TypeError(
    `Cannot put item: ${what} must be a number that can be compared, not ${describe(priority)}`,
  );
}

const kind = defineQueue(PriorityQueue, {
  type: TYPE,
  store: priorityStore,
  isCounted: true,
  priorityOf,
});
