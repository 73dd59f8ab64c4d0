/**
 * Which thread's code runs at the moment, and which threads are alive.
 *
 * The code of a thread is what its `run()` does and whatever follows from that: what comes after an
 * `await`, in the callback of a timer, and so on. `AsyncLocalStorage` of `node:async_hooks` knows.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";
import type { Thread } from "./thread.ts";

/** Name of the thread that runs what no other does. */
export const MAIN_NAME = "MainThread";

/** The threads that were started and have not ended, in the order in which they were started. */
export const alive = new Set<Thread>();

let storage: AsyncLocalStorage<Thread> | undefined;

/** Runs `code` as the thread's, as soon as the code that runs now awaits something or is done. */
export function runAs(thread: Thread, code: () => void): void {
  const all = threads();
  queueMicrotask(() => all.run(thread, code));
}

/** Runs `code` as the thread's, at once. */
export function runNow<T>(thread: Thread, code: () => T): T {
  return threads().run(thread, code);
}

function threads(): AsyncLocalStorage<Thread> {
  // Here rather than in an import: it takes longer to load than all the rest of the package.
  return storage ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)();
}

/** The thread whose code runs; `undefined` in the main thread. */
export function running(): Thread | undefined {
  return storage?.getStore();
}
