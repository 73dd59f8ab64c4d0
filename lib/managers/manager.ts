/**
 * A maker of shared objects, for programs that come from Python.
 *
 * @module
 */

import { JoinableQueue } from "../channels/joinable_queue.ts";
import { Queue } from "../channels/queue.ts";
import { SimpleQueue } from "../channels/simple_queue.ts";
import { SharedArray } from "../memory/array.ts";
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
 * Makes shared objects, by the names that Python's managers have.
 *
 * - Each is the package's ordinary one: `manager.Queue()` is `new Queue()`, `manager.dict()` is
 *   `new SharedMap()`, `manager.list()` is `new SharedList()`. No process is needed for them, and
 *   nothing is a proxy: an operation takes well under a microsecond, or little more.
 * - They may be sent anywhere, and live as long as somebody has them.
 * - {@linkcode Manager.shutdown} only ends the making. What was made goes on working, and a pool is
 *   ended as other pools are.
 * - Types that were registered live in a process of the manager: see {@linkcode BaseManager}.
 *
 * Follows Python's `multiprocessing.Manager` and `managers.SyncManager`, where all this lives in a
 * server, each operation takes tens of microseconds, and what was made ends with it.
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
  /** A {@linkcode Queue}. */
  Queue<T = unknown>(maxsize?: number): Queue<T> {
    this.ensureOpen("make Queue");
    return new Queue<T>(maxsize);
  }

  /** A {@linkcode JoinableQueue}. */
  JoinableQueue<T = unknown>(maxsize?: number): JoinableQueue<T> {
    this.ensureOpen("make JoinableQueue");
    return new JoinableQueue<T>(maxsize);
  }

  /** A {@linkcode SimpleQueue}. */
  SimpleQueue<T = unknown>(): SimpleQueue<T> {
    this.ensureOpen("make SimpleQueue");
    return new SimpleQueue<T>();
  }

  /** An {@linkcode Event}. */
  Event(): Event {
    this.ensureOpen("make Event");
    return new Event();
  }

  /** A {@linkcode Lock}. */
  Lock(): Lock {
    this.ensureOpen("make Lock");
    return new Lock();
  }

  /** An {@linkcode RLock}. */
  RLock(): RLock {
    this.ensureOpen("make RLock");
    return new RLock();
  }

  /** A {@linkcode Semaphore}. */
  Semaphore(value?: number): Semaphore {
    this.ensureOpen("make Semaphore");
    return new Semaphore(value);
  }

  /** A {@linkcode BoundedSemaphore}. */
  BoundedSemaphore(value?: number): BoundedSemaphore {
    this.ensureOpen("make BoundedSemaphore");
    return new BoundedSemaphore(value);
  }

  /** A {@linkcode Condition}. */
  Condition<L extends Lock | RLock = RLock>(lock?: L): Condition<L> {
    this.ensureOpen("make Condition");
    return new Condition<L>(lock);
  }

  /** A {@linkcode Barrier}. */
  Barrier(parties: number, options?: BarrierOptions): Barrier {
    this.ensureOpen("make Barrier");
    return new Barrier(parties, options);
  }

  /** A {@linkcode Pool}, to be ended by whoever asked for it. */
  Pool<InitArgs extends readonly unknown[] = readonly unknown[]>(
    options?: number | PoolOptions<InitArgs>,
  ): Pool<InitArgs> {
    this.ensureOpen("make Pool");
    return new Pool(options);
  }

  /** A {@linkcode Value}. */
  Value<Code extends Typecode, L extends SharedLock | false = RLock>(
    typecode: Code,
    initial?: ElementOfTypecode<Code>,
    options?: SharedOptions<L>,
  ): Value<Code, L> {
    this.ensureOpen("make Value");
    return new Value<Code, L>(typecode, initial, options);
  }

  /** A {@linkcode SharedArray}. */
  Array<Code extends Typecode, L extends SharedLock | false = RLock>(
    typecode: Code,
    sizeOrSequence: number | ElementsOf<Code>,
    options?: SharedOptions<L>,
  ): SharedArray<Code, L> {
    this.ensureOpen("make Array");
    return new SharedArray<Code, L>(typecode, sizeOrSequence, options);
  }

  /** A {@linkcode SharedMap}. */
  dict<K extends SharedKey = string, V = unknown>(entries?: Entries<K, V>): SharedMap<K, V> {
    this.ensureOpen("make dict");
    return new SharedMap<K, V>(entries);
  }

  /** A {@linkcode SharedList}. */
  list<T = unknown>(items?: Iterable<T | NoInfer<Frozen<T>>>): SharedList<T> {
    this.ensureOpen("make list");
    return new SharedList<T>(items);
  }

  /** A {@linkcode Namespace}. */
  Namespace<T extends object = Record<string, unknown>>(attributes?: Partial<T>): Namespace<T> {
    this.ensureOpen("make Namespace");
    return new Namespace<T>(attributes);
  }

  /** As {@linkcode BaseManager.shutdown}, without waiting for its end. */
  [Symbol.dispose](): void {
    this.shutdown();
  }
}
