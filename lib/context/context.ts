/**
 * Start methods, as Python's contexts name them.
 *
 * @module
 */

import { checkArity, isOptionsObject } from "../arguments/options.ts";
import { Pool, POOL_OPTIONS_EXAMPLE, type PoolOptions } from "../pool/pool.ts";
import { activeChildren, Process, type ProcessOptions } from "../process/process.ts";
import { currentProcess, parentProcess } from "../process/current.ts";
import { type StartMethod, startMethodFor } from "../runtime/start_method.ts";
import * as common from "./common.ts";

/** The package, with a start method chosen for what starts workers. It never changes. */
export interface Context extends Readonly<typeof import("./common.ts")> {
  /** How its workers are started. */
  readonly startMethod: StartMethod;
  /** This context, or that of another method, as {@linkcode getContext} has it. */
  readonly getContext: (method?: StartMethod) => Context;
  /** As {@linkcode Process}, started by this method. */
  readonly Process: typeof Process;
  /** As {@linkcode Pool}, its workers started by this method. */
  readonly Pool: typeof Pool;
  /** The same in every context. */
  readonly activeChildren: typeof activeChildren;
  /** The same in every context. */
  readonly currentProcess: typeof currentProcess;
  /** The same in every context. */
  readonly parentProcess: typeof parentProcess;
}

class ForkserverProcess<Args extends readonly unknown[]> extends Process<Args> {
  constructor(options: ProcessOptions<Args> = {}) {
    super(onForkserver(options));
  }
}

class ForkserverPool<InitArgs extends readonly unknown[]> extends Pool<InitArgs> {
  constructor(options: number | PoolOptions<InitArgs> = {}) {
    checkArity("make pool", arguments, 1, POOL_OPTIONS_EXAMPLE);
    const given = typeof options === "number" ? { processes: options } : options;
    super(onForkserver(given));
  }
}

/** The options with the start method; what is no options is refused where they go. */
function onForkserver<T extends object>(options: T): T {
  return isOptionsObject(options) ? { startMethod: "forkserver", ...options } : options;
}

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
    ...common,
    startMethod,
    getContext: (method?: StartMethod) => method === undefined ? context : getContext(method),
    Process: itsProcess,
    Pool: itsPool,
    activeChildren,
    currentProcess,
    parentProcess,
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
