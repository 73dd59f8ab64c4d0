/**
 * Python's `threading`: threads as async tasks of one isolate, concurrent but not parallel.
 *
 * Locks, events, conditions, semaphores and barriers work between threads as between processes:
 * import them from `@sauropod/multiprocessing`.
 *
 * @example Two threads that share a variable
 * ```ts
 * import { sleep } from "@sauropod/multiprocessing";
 * import { Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * const threads = ["a", "b"].map((name) =>
 *   new Thread({
 *     target: async () => {
 *       await sleep(1);
 *       seen.push(name);
 *     },
 *   })
 * );
 * for (const thread of threads) thread.start();
 * for (const thread of threads) await thread.join();
 * assertEquals(seen.toSorted(), ["a", "b"]);
 * ```
 *
 * @module
 */

import "../runtime/deno_version.ts"; // first
export { TIMEOUT_MAX } from "../parking/wait.ts";
export {
  activeCount,
  currentThread,
  enumerate,
  getIdent,
  getNativeId,
  mainThread,
} from "./current.ts";
export { type ExceptHook, excepthook, type ExceptHookArgs, setExcepthook } from "./excepthook.ts";
export { local } from "./local.ts";
export { Thread, type ThreadOptions } from "./thread.ts";
export { Timer } from "./timer.ts";
