/**
 * Start methods, as Python's contexts name them.
 *
 * @module
 */

import { JoinableQueue } from "../channels/joinable_queue.ts";
import { Pipe } from "../channels/pipe.ts";
import { Queue } from "../channels/queue.ts";
import { SimpleQueue } from "../channels/simple_queue.ts";
import { Pool, type PoolOptions } from "../pool/pool.ts";
import { Process, type ProcessOptions, type StartMethod } from "../process/process.ts";
import { Event } from "../sync/event.ts";
import { Lock } from "../sync/lock.ts";

/** The package's classes, with a start method chosen for those that start workers. */
export interface Context {
  /** How its workers are started. */
  readonly startMethod: StartMethod;
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
}

class ForkserverProcess<Args extends readonly unknown[]> extends Process<Args> {
  constructor(options: ProcessOptions<Args> = {}) {
    super({ startMethod: "forkserver", ...options });
  }
}

class ForkserverPool<InitArgs extends readonly unknown[]> extends Pool<InitArgs> {
  constructor(options: number | PoolOptions<InitArgs> = {}) {
    const given = typeof options === "number" ? { processes: options } : options;
    super({ startMethod: "forkserver", ...given });
  }
}

const common = { Queue, JoinableQueue, SimpleQueue, Pipe, Lock, Event };
const contexts: Readonly<Record<StartMethod, Context>> = {
  spawn: { startMethod: "spawn", Process, Pool, ...common },
  forkserver: {
    startMethod: "forkserver",
    Process: ForkserverProcess as unknown as typeof Process,
    Pool: ForkserverPool as unknown as typeof Pool,
    ...common,
  },
};

/**
 * The package's classes with a start method.
 *
 * - `"spawn"`: each process gets a fresh worker. This is the default.
 * - `"forkserver"`: it gets one of a reserve of workers that were started ahead of time, so that it
 *   begins at once.
 * - `"fork"` does not exist here: a worker cannot be made a copy of another.
 *
 * Objects of one context can be used with the other.
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
export function getContext(method: StartMethod = "spawn"): Context {
  if (Object.hasOwn(contexts, method)) return contexts[method];
  if (method as string === "fork") {
    throw new RangeError(
      'Cannot get context "fork": a worker cannot be made a copy of another. ' +
        'Use "spawn", or "forkserver" for workers that are started ahead of time',
    );
  }
  throw new RangeError(
    `Cannot get context ${JSON.stringify(method)}: the start methods are "spawn" and "forkserver"`,
  );
}

/** The start methods that exist here, the default first. */
export function getAllStartMethods(): StartMethod[] {
  return ["spawn", "forkserver"];
}
