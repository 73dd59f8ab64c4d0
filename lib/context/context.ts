/**
 * Start methods, as Python's contexts name them.
 *
 * @module
 */

import { checkArity, isOptionsObject } from "../arguments/options.ts";
import { JoinableQueue } from "../channels/joinable_queue.ts";
import { Pipe } from "../channels/pipe.ts";
import { Queue } from "../channels/queue.ts";
import { Manager } from "../managers/manager.ts";
import { SharedArray } from "../memory/array.ts";
import { RawArray } from "../memory/raw_array.ts";
import { RawValue, Value } from "../memory/value.ts";
import { SimpleQueue } from "../channels/simple_queue.ts";
import { Pool, type PoolOptions, writeOptions } from "../pool/pool.ts";
import { Process, type ProcessOptions } from "../process/process.ts";
import { type StartMethod, startMethodFor } from "../runtime/start_method.ts";
import { Barrier } from "../sync/barrier.ts";
import { Condition } from "../sync/condition.ts";
import { Event } from "../sync/event.ts";
import { Lock } from "../sync/lock.ts";
import { RLock } from "../sync/rlock.ts";
import { BoundedSemaphore, Semaphore } from "../sync/semaphore.ts";

/** The package's classes, with a start method chosen for those that start workers. It never changes. */
export interface Context {
  /** How its workers are started. */
  readonly startMethod: StartMethod;
  /** This context, or that of another method, as {@linkcode getContext} has it. */
  readonly getContext: (method?: StartMethod) => Context;
  /** As {@linkcode Process}, started by this method. */
  readonly Process: typeof Process;
  /** As {@linkcode Pool}, its workers started by this method. */
  readonly Pool: typeof Pool;
  /** The same in every context. */
  readonly Queue: typeof Queue;
  /** The same in every context. */
  readonly JoinableQueue: typeof JoinableQueue;
  /** The same in every context. */
  readonly SimpleQueue: typeof SimpleQueue;
  /** The same in every context. */
  readonly Pipe: typeof Pipe;
  /** The same in every context. */
  readonly Lock: typeof Lock;
  /** The same in every context. */
  readonly Event: typeof Event;
  /** The same in every context. */
  readonly Value: typeof Value;
  /** The same in every context. */
  readonly RawValue: typeof RawValue;
  /** The same in every context. */
  readonly Array: typeof SharedArray;
  /** The same in every context. */
  readonly RawArray: typeof RawArray;
  /** The same in every context. */
  readonly RLock: typeof RLock;
  /** The same in every context. */
  readonly Semaphore: typeof Semaphore;
  /** The same in every context. */
  readonly BoundedSemaphore: typeof BoundedSemaphore;
  /** The same in every context. */
  readonly Condition: typeof Condition;
  /** The same in every context. */
  readonly Barrier: typeof Barrier;
  /** The same in every context. */
  readonly Manager: typeof Manager;
}

class ForkserverProcess<Args extends readonly unknown[]> extends Process<Args> {
  constructor(options: ProcessOptions<Args> = {}) {
    super(onForkserver(options));
  }
}

class ForkserverPool<InitArgs extends readonly unknown[]> extends Pool<InitArgs> {
  constructor(options: number | PoolOptions<InitArgs> = {}) {
    checkArity("make pool", arguments, 1, writeOptions);
    const given = typeof options === "number" ? { processes: options } : options;
    super(onForkserver(given));
  }
}

/** The options with the start method; what is no options is refused where they go. */
function onForkserver<T extends object>(options: T): T {
  return isOptionsObject(options) ? { startMethod: "forkserver", ...options } : options;
}

const locks = { Lock, RLock, Semaphore, BoundedSemaphore, Condition, Event, Barrier };
const memory = { Value, RawValue, Array: SharedArray, RawArray };
const channels = { Queue, JoinableQueue, SimpleQueue, Pipe };
const common = { ...channels, ...locks, ...memory, Manager };
const contexts: Readonly<Record<StartMethod, Context>> = {
  spawn: makeContext("spawn", Process, Pool),
  forkserver: makeContext(
    "forkserver",
    ForkserverProcess as unknown as typeof Process,
    ForkserverPool as unknown as typeof Pool,
  ),
};

function makeContext(
  startMethod: StartMethod,
  itsProcess: typeof Process,
  itsPool: typeof Pool,
): Context {
  const context: Context = Object.freeze({
    startMethod,
    getContext: (method?: StartMethod) => method === undefined ? context : getContext(method),
    Process: itsProcess,
    Pool: itsPool,
    ...common,
  });
  return context;
}

/**
 * The package's classes with a start method.
 *
 * - `"spawn"`: each process gets a fresh worker. This is the default.
 * - `"forkserver"`: it gets one of a reserve of workers that were started ahead of time, so that it
 *   begins at once. The reserve is filled when the first process is made, which itself gains nothing.
 * - `"fork"` does not exist here: a worker cannot be made a copy of another.
 *
 * In a worker that it started, this method is the default. Objects of one context can be used with
 * the other. Without a method it is the default, which
 * {@linkcode setStartMethod} changes.
 *
 * Follows Python's `multiprocessing.get_context`.
 *
 * @throws {RangeError} if there is no such start method
 *
 * @example A pool of one method, a queue of the other
 * ```ts
 * import { getContext } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const { Pool } = getContext("spawn");
 * const queue = new (getContext("forkserver").Queue)<number>();
 * await using pool = new Pool(1);
 * await pool.apply((out: typeof queue) => out.put(5), [queue]);
 * assertEquals(await queue.get(), 5);
 * ```
 */
export function getContext(method?: StartMethod): Context {
  return contexts[startMethodFor(method, "Cannot get context")];
}
