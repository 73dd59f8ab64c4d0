// The declarations of lib/channels/joinable_queue.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { Queue } from "./queue.d.ts";

/**
 * A first-in-first-out queue of tasks: each item that is put is an unfinished task until
 * {@linkcode JoinableQueue.taskDone} is called for it, and {@linkcode JoinableQueue.join} waits until
 * there is none.
 *
 * - It is a {@linkcode Queue} in everything else, iteration included.
 * - An item counts from the moment at which it can be got. A `put` that fails counts nothing.
 * - An item that is dropped, or that `get` takes and cannot read, counts as done: nobody has it.
 * - A worker that dies with items which it has not marked done does not leave `join` waiting: that
 *   throws {@linkcode WorkerDiedError}.
 *
 * Follows Python's `multiprocessing.JoinableQueue`. In Python `join` waits for ever when a worker
 * dies.
 *
 * @typeParam T what the queue carries
 *
 * @example Workers that take tasks until there are no more
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
   * Number of items that were put and are not marked done, at this moment: those in the queue and
   * those that somebody works on.
   */
  get unfinishedTasks(): number;
  /**
   * Says that one item that was got is done: to be called once for each, by the worker that got it.
   *
   * In a worker that was terminated and computes on it does nothing for what `join` has reported as
   * lost.
   *
   * @throws {RangeError} if nothing is unfinished
   */
  taskDone(): void;
  /**
   * Waits until every item that was put is marked done, those that are put meanwhile included.
   *
   * If a worker ends with another exit code than 0 and has not marked all that it got, one `join` is
   * told, or all that wait at that time: nothing is changed, so mark these items yourself, put them
   * again before if they are still wanted, and join again. A worker that returned has not died, and
   * one may mark what another got; so what it forgot to mark is waited for, as in Python.
   *
   * @returns true once all is done, false if `timeoutMs` passed first
   * @throws {WorkerDiedError} if a worker died with items that it had not marked done
   * @throws the reason of `signal`, if that is aborted first
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
   * tasks.taskDone(); // it will not be done
   * assertEquals(await tasks.join(), true);
   * await worker.join();
   * ```
   */
  join(options?: WaitOptions): Promise<boolean>;
  /**
   * As {@linkcode JoinableQueue.join}, blocking the thread. Async tasks of this isolate do not run
   * meanwhile, so nothing may be left to them.
   *
   * @returns true once all is done, false if `timeoutMs` passed first
   * @throws {WorkerDiedError} if a worker died with items that it had not marked done
   * @throws {TerminatedError} if this worker is told to end
   */
  joinSync(options?: WaitOptions): boolean;
}

export {};
