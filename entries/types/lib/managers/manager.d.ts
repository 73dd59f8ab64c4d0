// The declarations of lib/managers/manager.ts

import type { JoinableQueue } from "../channels/joinable_queue.d.ts";
import type { Queue } from "../channels/queue.d.ts";
import type { SimpleQueue } from "../channels/simple_queue.d.ts";
import type { SharedArray, SharedArrayOptions } from "../memory/array.d.ts";
import type { Namespace } from "../memory/namespace.d.ts";
import type { SharedList } from "../memory/shared_list.d.ts";
import type { Entries, SharedMap } from "../memory/shared_map.d.ts";
import type { SharedKey } from "../memory/map_key.d.ts";
import type { Frozen } from "../memory/frozen.d.ts";
import type { SharedLock, SharedOptions } from "../memory/locking.d.ts";
import type { ElementsOf } from "../memory/raw_array.d.ts";
import type { ElementOfTypecode, Typecode } from "../memory/typecodes.d.ts";
import type { Value } from "../memory/value.d.ts";
import type { Pool, PoolOptions } from "../pool/pool.d.ts";
import type { Barrier, BarrierOptions } from "../sync/barrier.d.ts";
import type { Condition } from "../sync/condition.d.ts";
import type { Event } from "../sync/event.d.ts";
import type { Lock } from "../sync/lock.d.ts";
import type { RLock } from "../sync/rlock.d.ts";
import type { BoundedSemaphore, Semaphore } from "../sync/semaphore.d.ts";
import type { BaseManager } from "./base_manager.d.ts";

/**
 * Makes shared objects under the names of Python's managers.
 *
 * - The objects are the package's ordinary ones: `manager.Queue()` is `new Queue()`,
 *   `manager.dict()` is `new SharedMap()`, `manager.list()` is `new SharedList()`. They need no
 *   process and no proxy; an operation takes about a microsecond or less.
 * - The objects can be sent to any isolate and live as long as they are referenced.
 * - After {@linkcode Manager.shutdown} the manager makes no more objects. Existing objects continue
 *   to work, and pools have to be ended as other pools.
 * - Objects of registered types live in a process of the manager: see {@linkcode BaseManager}.
 *
 * Follows Python's `multiprocessing.Manager` and `managers.SyncManager`. There, all objects live in
 * a server and end with it, and an operation takes tens of microseconds.
 *
 * @example A dict and a list
 * ```ts
 * import { Manager, Process, type SharedList, type SharedMap } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * using manager = new Manager();
 * const dict = manager.dict<string, number>();
 * const list = manager.list([1, 2, 3]);
 * const process = new Process({
 *   target: (dict: SharedMap<string, number>, list: SharedList<number>) => {
 *     dict.set("a", 1);
 *     list.reverse();
 *   },
 *   args: [dict, list],
 * });
 * process.start();
 * await process.join();
 * assertEquals(dict.get("a"), 1);
 * assertEquals([...list], [3, 2, 1]);
 * ```
 */
export declare class Manager extends BaseManager implements Disposable {
  /** Makes a {@linkcode Queue}. */
  Queue<T = unknown>(maxsize?: number): Queue<T>;
  /** Makes a {@linkcode JoinableQueue}. */
  JoinableQueue<T = unknown>(maxsize?: number): JoinableQueue<T>;
  /** Makes a {@linkcode SimpleQueue}. */
  SimpleQueue<T = unknown>(): SimpleQueue<T>;
  /** Makes an {@linkcode Event}. */
  Event(): Event;
  /** Makes a {@linkcode Lock}. */
  Lock(): Lock;
  /** Makes an {@linkcode RLock}. */
  RLock(): RLock;
  /** Makes a {@linkcode Semaphore}. */
  Semaphore(value?: number): Semaphore;
  /** Makes a {@linkcode BoundedSemaphore}. */
  BoundedSemaphore(value?: number): BoundedSemaphore;
  /** Makes a {@linkcode Condition}. */
  Condition<L extends Lock | RLock = RLock>(lock?: L): Condition<L>;
  /** Makes a {@linkcode Barrier}. */
  Barrier(parties: number, options?: BarrierOptions): Barrier;
  /** Makes a {@linkcode Pool}, which the caller has to end. */
  Pool<InitArgs extends readonly unknown[] = readonly unknown[]>(
    options?: number | PoolOptions<InitArgs>,
  ): Pool<InitArgs>;
  /** Makes a {@linkcode Value}. */
  Value<Code extends Typecode, L extends SharedLock | false = RLock>(
    typecode: Code,
    initial?: ElementOfTypecode<Code>,
    options?: SharedOptions<L>,
  ): Value<Code, L>;
  /** Makes a {@linkcode SharedArray}. */
  Array<Code extends Typecode, L extends SharedLock | false = RLock>(
    typecode: Code,
    sizeOrSequence: number | ElementsOf<Code>,
    options?: SharedArrayOptions<L>,
  ): SharedArray<Code, L>;
  /** Makes a {@linkcode SharedMap}. */
  dict<K extends SharedKey = string, V = unknown>(entries?: Entries<K, V>): SharedMap<K, V>;
  /** Makes a {@linkcode SharedList}. */
  list<T = unknown>(items?: Iterable<T | NoInfer<Frozen<T>>>): SharedList<T>;
  /** Makes a {@linkcode Namespace}. */
  Namespace<T extends object = Record<string, unknown>>(attributes?: Partial<T>): Namespace<T>;
  /** As {@linkcode BaseManager.shutdown}, without waiting for the end of the process. */
  [Symbol.dispose](): void;
}

export {};
