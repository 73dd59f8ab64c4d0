// The declarations of lib/channels/queue.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { SharedHandle } from "../objects/shared_object.d.ts";

/** Options of {@linkcode Queue.shutdown}. */
export interface ShutdownOptions {
  /**
   * Whether what is in the queue is dropped, instead of being left to those who get.
   *
   * @default {false}
   */
  immediate?: boolean;
}

/**
 * A first-in-first-out queue in shared memory.
 *
 * - It may be sent anywhere: as an argument of a process or a task, in a message, even through
 *   another queue.
 * - When `put` returns, the item can be got. Nothing is lost when the worker that put it ends.
 * - The items of one producer come out in the order in which it put them.
 * - Any number of workers may put and get, blocking or not.
 * - An item is copied when it is put; what cannot cross is refused there.
 *
 * Follows Python's `multiprocessing.Queue`, with one difference: {@linkcode Queue.close} ends the
 * queue for everybody, since there is nothing to flush.
 *
 * @typeParam T what the queue carries
 *
 * @example Put and get
 * ```ts
 * import { Queue } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<string | null>();
 * await queue.put("hello");
 * queue.putSync(null);
 * assertEquals(queue.size(), 2);
 * assertEquals(await queue.get(), "hello");
 * assertEquals(queue.getSync(), null);
 * assertEquals(queue.tryGet(), undefined);
 * ```
 *
 * @example Until the producer is done
 * ```ts
 * import { Queue } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<number>();
 * for (const n of [1, 2, 3]) await queue.put(n);
 * queue.close();
 * assertEquals(await Array.fromAsync(queue), [1, 2, 3]);
 * ```
 */
export declare class Queue<T = unknown> extends SharedHandle implements AsyncIterable<T>, Waitable {
  private readonly kind;
  /** Where the items are. */
  private get channel();
  /**
   * Makes an empty queue.
   *
   * @param maxsize most items that it holds; 0 or less: no limit
   * @throws {RangeError} if `maxsize` is not a whole number
   */
  constructor(maxsize?: number);
  /**
   * Adds an item at the end, waiting while the queue is full. The item is copied at the call. Several
   * that wait for room are added in the order of their calls; a blocking put does not wait for them.
   * A process or a pool's worker whose work is done ends when they have been added.
   *
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws the reason of `signal`, if that is aborted first
   */
  put(item: T, options?: WaitOptions): Promise<void>;
  /**
   * Adds an item at the end, blocking the thread while the queue is full.
   *
   * @throws {Full} if there is no room in `timeoutMs`
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   * @throws {TerminatedError} if this worker is told to end
   */
  putSync(item: T, options?: WaitOptions): void;
  /**
   * Adds an item at the end if there is room.
   *
   * @returns whether it was added
   * @throws {ClosedError} if the queue is closed; {@linkcode ShutDown} if it was shut down
   * @throws {DataCloneError} if the item cannot cross; the message names the path to the part
   */
  tryPut(item: T): boolean;
  /**
   * Takes the first item, waiting while there is none.
   *
   * @throws {Empty} if none comes in `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws the reason of `signal`, if that is aborted first
   */
  get(options?: WaitOptions): Promise<T>;
  /**
   * Takes the first item, blocking the thread while there is none.
   *
   * @throws {Empty} if none comes in `timeoutMs`
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   * @throws {TerminatedError} if this worker is told to end
   */
  getSync(options?: WaitOptions): T;
  /**
   * Takes the first item if there is one.
   *
   * @returns the item in an object, since the item itself may be anything; `undefined` if there is none
   * @throws {ClosedError} if the queue is closed and empty; {@linkcode ShutDown} if it was shut down
   * @throws {TaskLookupError} if the item needs a module that this worker has not imported
   */
  tryGet(): {
    value: T;
  } | undefined;
  /** Number of items in the queue at this moment. */
  size(): number;
  /** Whether there is no item at this moment. */
  empty(): boolean;
  /** Whether there is no room at this moment; never for a queue without a limit. */
  full(): boolean;
  /** Most items that the queue holds; 0: no limit. */
  get maxsize(): number;
  /** Whether the queue was closed or shut down. */
  get closed(): boolean;
  /**
   * Ends the queue for everybody: nothing can be put any more; what is in it can still be got, and
   * then `get` throws {@linkcode ClosedError} and iterations end. Closing twice is safe.
   * {@linkcode Queue.shutdown} can drop what is in it as well.
   */
  close(): void;
  /**
   * Ends the queue as {@linkcode Queue.close} does, which is the everyday name, but with
   * {@linkcode ShutDown} as the error of `put` and `get`; that extends {@linkcode ClosedError}.
   *
   * With `immediate` it also drops what is in the queue: nothing can be got any more after it, and
   * the dropped items of a queue that counts its tasks are marked done. What somebody gets while it
   * works is not dropped.
   *
   * All who wait to put or get are woken, and end with `ShutDown`. A queue may be closed first and
   * shut down afterwards; shutting it down twice is safe.
   *
   * Follows Python's `queue.Queue.shutdown`.
   *
   * @example Nothing more, now
   * ```ts
   * import { Queue, ShutDown } from "@sauropod/multiprocessing";
   * import { assertRejects, assertThrows } from "@std/assert";
   *
   * const queue = new Queue<number>();
   * queue.putSync(1);
   * queue.shutdown({ immediate: true });
   * assertThrows(() => queue.putSync(2), ShutDown);
   * await assertRejects(() => queue.get(), ShutDown);
   * ```
   */
  shutdown(options?: ShutdownOptions): void;
  /** Steps of waiting until there is an item or the queue is closed, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never>;
  /**
   * The items as they come, until the queue is closed, or shut down, and empty. An iteration that is
   * left while it waits takes no more items.
   */
  [Symbol.asyncIterator](): AsyncIterator<T>;
}

export {};
