// The declarations of lib/context/context.ts

import type { Pool } from "../pool/pool.d.ts";
import type { activeChildren, Process } from "../process/process.d.ts";
import type { currentProcess, parentProcess } from "../process/current.d.ts";
import type { StartMethod } from "../runtime/start_method.d.ts";

/** The package, with a start method chosen for what starts workers. It never changes. */
export interface Context extends Readonly<typeof import("./common.d.ts")> {
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
export declare function getContext(method?: StartMethod): Context;

export {};
