/**
 * Contexts: the exports of the package for one start method.
 *
 * @module
 */

import { checkArity, isOptionsObject } from "../arguments/options.ts";
import { Pool, POOL_OPTIONS_EXAMPLE, type PoolOptions } from "../pool/pool.ts";
import { activeChildren, Process, type ProcessOptions } from "../process/process.ts";
import { currentProcess, parentProcess } from "../process/current.ts";
import { type StartMethod, startMethodFor } from "../runtime/start_method.ts";
import * as common from "./common.ts";

/**
 * The package for one start method: a frozen object with all exports of
 * `@sauropod/multiprocessing`, of which `Process` and `Pool` start their workers by that method.
 *
 * All other members are the exports themselves, the same in every context, so an object that was
 * made through one context can be used with another. {@linkcode getContext} returns a context.
 */
export interface Context extends Readonly<typeof import("./common.ts")> {
  /** The start method of the context. */
  readonly startMethod: StartMethod;
  /** Returns the context of a method; without a method, this context. */
  readonly getContext: (method?: StartMethod) => Context;
  /** {@linkcode Process} whose default `startMethod` is that of the context. */
  readonly Process: typeof Process;
  /** {@linkcode Pool} whose default `startMethod` is that of the context. */
  readonly Pool: typeof Pool;
  /** {@linkcode activeChildren}, the same in every context. */
  readonly activeChildren: typeof activeChildren;
  /** {@linkcode currentProcess}, the same in every context. */
  readonly currentProcess: typeof currentProcess;
  /** {@linkcode parentProcess}, the same in every context. */
  readonly parentProcess: typeof parentProcess;
}

class ForkserverProcess<Args extends readonly unknown[]> extends Process<Args> {
  constructor(options: ProcessOptions<Args> = {}) {
    super(withMethod("forkserver", options));
  }
}

class OsProcess<Args extends readonly unknown[]> extends Process<Args> {
  constructor(options: ProcessOptions<Args> = {}) {
    super(withMethod("process", options));
  }
}

class OsProcessPool<InitArgs extends readonly unknown[]> extends Pool<InitArgs> {
  constructor(options: number | PoolOptions<InitArgs> = {}) {
    checkArity("make pool", arguments, 1, POOL_OPTIONS_EXAMPLE);
    super(withMethod("process", typeof options === "number" ? { processes: options } : options));
  }
}

class ForkserverPool<InitArgs extends readonly unknown[]> extends Pool<InitArgs> {
  constructor(options: number | PoolOptions<InitArgs> = {}) {
    checkArity("make pool", arguments, 1, POOL_OPTIONS_EXAMPLE);
    super(withMethod("forkserver", typeof options === "number" ? { processes: options } : options));
  }
}

/**
 * Adds the start method to options. Other values are returned as they are, for the caller to
 * reject.
 */
function withMethod<T extends object>(startMethod: StartMethod, options: T): T {
  return isOptionsObject(options) ? { startMethod, ...options } : options;
}

const contexts: Readonly<Record<StartMethod, Context>> = {
  spawn: makeContext("spawn", Process, Pool),
  forkserver: makeContext(
    "forkserver",
    ForkserverProcess as unknown as typeof Process,
    ForkserverPool as unknown as typeof Pool,
  ),
  process: makeContext(
    "process",
    OsProcess as unknown as typeof Process,
    OsProcessPool as unknown as typeof Pool,
  ),
};

function makeContext(
  startMethod: StartMethod,
  ContextProcess: typeof Process,
  ContextPool: typeof Pool,
): Context {
  const context: Context = Object.freeze({
    ...common,
    startMethod,
    getContext: (method?: StartMethod) => method === undefined ? context : getContext(method),
    Process: ContextProcess,
    Pool: ContextPool,
    activeChildren,
    currentProcess,
    parentProcess,
  });
  return context;
}

/**
 * Returns the package for a start method.
 *
 * - `"spawn"`: each process gets a fresh worker. The classes of this context are the package's own,
 *   so {@linkcode setStartMethod} changes their default.
 * - `"forkserver"`: a process gets a worker of a reserve that was started in advance, so that it
 *   begins immediately. The first process that is made fills the reserve, and does not profit from
 *   it itself.
 * - `"process"`: each process is one of the operating system, which can be ended while it computes, and
 *   has its own memory and permissions. The program needs `--allow-run` and `--allow-env`.
 * - `"fork"` does not exist here: a worker cannot be a copy of another.
 *
 * A process that a context started has the same start method as its default. Objects of one context
 * can be used with another; processes of the operating system refuse arrays on shared memory.
 *
 * Follows Python's `multiprocessing.get_context`.
 *
 * @param method the start method, by default that of `getStartMethod()`
 * @throws {RangeError} if the start method does not exist
 *
 * @example A pool of one context and a queue of the other
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
  return contexts[startMethodFor(method, "get context", "method")];
}
