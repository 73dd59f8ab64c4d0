// The declarations of lib/channels/lifo_queue.ts

import type { JoinableQueue } from "./joinable_queue.d.ts";

/**
 * A last-in-first-out queue, a stack, in shared memory.
 *
 * Except for the order it is a {@linkcode JoinableQueue}. A program that does not call `join()` need not
 * call `taskDone()`.
 *
 * Follows Python's `queue.LifoQueue`, and works between processes as well.
 *
 * @typeParam T the type of the items
 *
 * @example The last item first
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
