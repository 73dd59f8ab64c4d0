// The declarations of lib/channels/joinable_queue.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { Queue } from "./queue.d.ts";

/**
 * A first-in-first-out queue of tasks. Each item that is put is an unfinished task until
 * {@linkcode JoinableQueue.taskDone} is called for it. {@linkcode JoinableQueue.join} waits until no
 * task is unfinished.
 *
 * - Otherwise it is a {@linkcode Queue}, iteration included.
 * - An item counts from the moment at which it can be got. A `put` that fails does not count.
 * - An item that is dropped, or that `get` takes and cannot read, counts as done.
 * - If a worker ends with items that it has not marked done, `join` throws
 *   {@linkcode WorkerDiedError} instead of waiting for them.
 *
 * Follows Python's `multiprocessing.JoinableQueue`. In Python, `join` waits forever when a worker dies.
 *
 * @typeParam T the type of the items
 *
 * @example A worker that takes tasks until the queue is closed
 * ```ts
 * import { JoinableQueue, Process, Queue } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const [tasks, results] = [new JoinableQueue<number>(), new Queue<number>()];
 * const worker = new Process({
 *   target: async (tasks: JoinableQueue<number>, results: Queue<number>) => {
 *     for await (const x of tasks) {
 *       results.putSync(x * x);
 *       tasks.taskDone();
 *     }
 *   },
 *   args: [tasks, results],
 * });
 * worker.start();
 * for (const x of [1, 2, 3]) tasks.putSync(x);
 * await tasks.join();
 * assertEquals(results.size(), 3);
 * tasks.close();
 * await worker.join();
 * ```
 */
export declare class JoinableQueue<T = unknown> extends Queue<T> {
  /**
   * Current number of items that were put and are not marked done: those in the queue and those that
   * were got.
   */
  get unfinishedTasks(): number;
  /**
   * Marks one item that was got as done. Call it once for each item: in the worker that got it, or in
   * another one that the item was handed on to.
   *
   * In a worker that was terminated but still computes, it has no effect for items that `join` has
   * reported as lost.
   *
   * @throws {RangeError} if no task is unfinished
   */
  taskDone(): void;
  /**
   * Waits until every item is marked done, including those that are put in the meantime.
   *
   * - If a worker ends, with any exit code, and has not marked all items that it got, the calls that wait
   *   at that time throw, or else the next call. The items stay unfinished: mark them yourself, after
   *   putting them again if they are still wanted, and join again.
   * - Once an item was marked by another worker than the one that got it, a worker that returns may have
   *   handed its items on. So they are waited for, as in Python; those of a worker that dies are lost.
   *
   * @returns true once all items are done, false if `timeoutMs` passes first
   * @throws {WorkerDiedError} if a worker died with items that it had not marked done
   * @throws the reason of `signal`, if it is aborted first
   *
   * @example A worker that dies
   * ```ts
   * import { JoinableQueue, Process, WorkerDiedError } from "@sauropod/multiprocessing";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const tasks = new JoinableQueue<number>();
   * tasks.putSync(1);
   * const worker = new Process({
   *   target: (tasks: JoinableQueue<number>) => {
   *     tasks.getSync();
   *     Deno.exit(3);
   *   },
   *   args: [tasks],
   * });
   * worker.start();
   * await assertRejects(() => tasks.join(), WorkerDiedError, "exit code 3");
   * tasks.taskDone(); // give the item up
   * assertEquals(await tasks.join(), true);
   * await worker.join();
   * ```
   */
  join(options?: WaitOptions): Promise<boolean>;
  /**
   * As {@linkcode JoinableQueue.join}, but blocks the isolate. Its async code does not run meanwhile, so
   * it cannot mark items.
   *
   * @returns true once all items are done, false if `timeoutMs` passes first
   * @throws {WorkerDiedError} if a worker died with items that it had not marked done
   * @throws {TerminatedError} if this worker is terminated
   */
  joinSync(options?: WaitOptions): boolean;
}

export {};
