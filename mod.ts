/**
 * Python's `multiprocessing` for Deno: processes, pools, queues, pipes, locks and events on workers
 * and shared memory.
 *
 * @example A function on all cores
 * ```ts
 * import { Pool, task } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const square = task(import.meta, (x: number) => x * x);
 *
 * if (import.meta.main) {
 *   await using pool = new Pool();
 *   assertEquals(await pool.map(square, [1, 2, 3]), [1, 4, 9]);
 * }
 * ```
 *
 * @module
 */

import "./lib/runtime/deno_version.ts"; // first
export * from "./lib/context/common.ts";
export { type Context, getContext } from "./lib/context/context.ts";
export { Pool, type PoolOptions } from "./lib/pool/pool.ts";
export { currentProcess, parentProcess } from "./lib/process/current.ts";
export { activeChildren, Process } from "./lib/process/process.ts";

// Never called. It puts the modules of the workers into the graph, so that an import by URL fetches it
// before any isolate can block.
void (() => [
  import("./workers/worker.ts"),
  import("./workers/process.ts"),
  import("./workers/signals.ts"),
]);
