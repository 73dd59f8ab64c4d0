/**
 * The thread that currently runs, and the threads that are alive.
 *
 * The code of a thread is its `run()` and all continuations of it: code after an `await`, callbacks
 * of timers and so on. `AsyncLocalStorage` of `node:async_hooks` keeps track of them.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";
import type { Thread } from "./thread.ts";

/** Name of the main thread. */
export const MAIN_NAME = "MainThread";

/** The threads that were started and have not ended, in the order in which they were started. */
export const aliveThreads = new Set<Thread>();

// A `let`, since it is made on first use: see `threadStorage`.
let storage: AsyncLocalStorage<Thread | undefined> | undefined;

/** Runs `code` as the thread, as soon as the running code awaits something or returns. */
export function runLaterAs(thread: Thread, code: () => void): void {
  const storage = threadStorage();
  queueMicrotask(() => storage.run(thread, code));
}

/** Runs `code` as the thread, immediately; `undefined`: as the main thread. */
export function runAs<T>(thread: Thread | undefined, code: () => T): T {
  return threadStorage().run(thread, code);
}

function threadStorage(): AsyncLocalStorage<Thread | undefined> {
  // Not an import: the module takes longer to load than the rest of the package.
  return storage ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)();
}

/** Returns the thread whose code runs; `undefined` in the main thread. */
export function running(): Thread | undefined {
  return storage?.getStore();
}
