/**
 * `Manager`: shared objects under the names of Python's managers.
 *
 * Each method is written out. TypeScript cannot derive a generic method such as `Queue<T>()` from
 * the exports of `lib/channels`: a mapped type over generic classes replaces their type parameters
 * by the constraints. And the names are Python's (`dict`, `list`, `Array`), so a new primitive has
 * a method only if Python's managers have one.
 *
 * @module
 */

import { JoinableQueue } from "../channels/joinable_queue.ts";
import { Queue } from "../channels/queue.ts";
import { SimpleQueue } from "../channels/simple_queue.ts";
import { SharedArray, type SharedArrayOptions } from "../memory/array.ts";
import { Namespace } from "../memory/namespace.ts";
import { SharedList } from "../memory/shared_list.ts";
import { type Entries, SharedMap } from "../memory/shared_map.ts";
import type { SharedKey } from "../memory/map_key.ts";
import type { Frozen } from "../memory/frozen.ts";
import type { SharedLock, SharedOptions } from "../memory/locking.ts";
import type { ElementsOf } from "../memory/raw_array.ts";
import type { ElementOfTypecode, Typecode } from "../memory/typecodes.ts";
import { Value } from "../memory/value.ts";
import { Pool, type PoolOptions } from "../pool/pool.ts";
import { Barrier, type BarrierOptions } from "../sync/barrier.ts";
import { Condition } from "../sync/condition.ts";
import { Event } from "../sync/event.ts";
import { Lock } from "../sync/lock.ts";
import { RLock } from "../sync/rlock.ts";
import { BoundedSemaphore, Semaphore } from "../sync/semaphore.ts";
import { BaseManager } from "./base_manager.ts";

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
export class Manager extends BaseManager implements Disposable {
  /** Makes a {@linkcode Queue}. */
  Queue<T = unknown>(maxsize?: number): Queue<T> {
    this.ensureOpen("make Queue");
    return new Queue<T>(maxsize);
  }

  /** Makes a {@linkcode JoinableQueue}. */
  JoinableQueue<T = unknown>(maxsize?: number): JoinableQueue<T> {
    this.ensureOpen("make JoinableQueue");
    return new JoinableQueue<T>(maxsize);
  }

  /** Makes a {@linkcode SimpleQueue}. */
  SimpleQueue<T = unknown>(): SimpleQueue<T> {
    this.ensureOpen("make SimpleQueue");
    return new SimpleQueue<T>();
  }

  /** Makes an {@linkcode Event}. */
  Event(): Event {
    this.ensureOpen("make Event");
    return new Event();
  }

  /** Makes a {@linkcode Lock}. */
  Lock(): Lock {
    this.ensureOpen("make Lock");
    return new Lock();
  }

  /** Makes an {@linkcode RLock}. */
  RLock(): RLock {
    this.ensureOpen("make RLock");
    return new RLock();
  }

  /** Makes a {@linkcode Semaphore}. */
  Semaphore(value?: number): Semaphore {
    this.ensureOpen("make Semaphore");
    return new Semaphore(value);
  }

  /** Makes a {@linkcode BoundedSemaphore}. */
  BoundedSemaphore(value?: number): BoundedSemaphore {
    this.ensureOpen("make BoundedSemaphore");
    return new BoundedSemaphore(value);
  }

  /** Makes a {@linkcode Condition}. */
  Condition<L extends Lock | RLock = RLock>(lock?: L): Condition<L> {
    this.ensureOpen("make Condition");
    return new Condition<L>(lock);
  }

  /** Makes a {@linkcode Barrier}. */
  Barrier(parties: number, options?: BarrierOptions): Barrier {
    this.ensureOpen("make Barrier");
    return new Barrier(parties, options);
  }

  /** Makes a {@linkcode Pool}, which the caller has to end. */
  Pool<InitArgs extends readonly unknown[] = readonly unknown[]>(
    options?: number | PoolOptions<InitArgs>,
  ): Pool<InitArgs> {
    this.ensureOpen("make Pool");
    return new Pool(options);
  }

  /** Makes a {@linkcode Value}. */
  Value<Code extends Typecode, L extends SharedLock | false = RLock>(
    typecode: Code,
    initial?: ElementOfTypecode<Code>,
    options?: SharedOptions<L>,
  ): Value<Code, L> {
    this.ensureOpen("make Value");
    return new Value<Code, L>(typecode, initial, options);
  }

  /** Makes a {@linkcode SharedArray}. */
  Array<Code extends Typecode, L extends SharedLock | false = RLock>(
    typecode: Code,
    sizeOrSequence: number | ElementsOf<Code>,
    options?: SharedArrayOptions<L>,
  ): SharedArray<Code, L> {
    this.ensureOpen("make Array");
    return new SharedArray<Code, L>(typecode, sizeOrSequence, options);
  }

  /** Makes a {@linkcode SharedMap}. */
  dict<K extends SharedKey = string, V = unknown>(entries?: Entries<K, V>): SharedMap<K, V> {
    this.ensureOpen("make dict");
    return new SharedMap<K, V>(entries);
  }

  /** Makes a {@linkcode SharedList}. */
  list<T = unknown>(items?: Iterable<T | NoInfer<Frozen<T>>>): SharedList<T> {
    this.ensureOpen("make list");
    return new SharedList<T>(items);
  }

  /** Makes a {@linkcode Namespace}. */
  Namespace<T extends object = Record<string, unknown>>(attributes?: Partial<T>): Namespace<T> {
    this.ensureOpen("make Namespace");
    return new Namespace<T>(attributes);
  }

  /** As {@linkcode BaseManager.shutdown}, without waiting for the end of the process. */
  [Symbol.dispose](): void {
    this.shutdown();
  }
}
