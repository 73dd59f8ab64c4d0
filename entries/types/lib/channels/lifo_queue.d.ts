// The declarations of lib/channels/lifo_queue.ts

import type { JoinableQueue } from "./joinable_queue.d.ts";

/**
 * A last-in-first-out queue, a stack, in shared memory.
 *
 * It is a {@linkcode JoinableQueue} in everything but the order. Its tasks may be left uncounted:
 * who does not join need not call `taskDone()`.
 *
 * Follows Python's `queue.LifoQueue`, and works between processes as well.
 *
 * @typeParam T what the queue carries
 *
 * @example The last first
 * ```ts
 * import { LifoQueue } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const stack = new LifoQueue<string>();
 * for (const item of ["a", "b", "c"]) await stack.put(item);
 * assertEquals(await stack.get(), "c");
 * assertEquals(stack.getSync(), "b");
 * assertEquals(stack.tryGet(), { value: "a" });
 * ```
 */
export declare class LifoQueue<T = unknown> extends JoinableQueue<T> {
}

export {};
