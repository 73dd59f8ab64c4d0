/**
 * The thread that currently runs, and the threads that are alive.
 *
 * The code of a thread is its `run()` and all continuations of it: code after an `await`, callbacks
 * of timers and so on. `AsyncLocalStorage` of `node:async_hooks` keeps track of them.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";
import type { Level } from "./nesting.ts";
import type { Thread } from "./thread.ts";

/** Name of the main thread. */
export const MAIN_NAME = "MainThread";

/** The threads that were started and have not ended, in the order in which they were started. */
export const aliveThreads = new Set<Thread>();

/** What code keeps through each `await`. */
export interface Context {
  /** The thread that runs it; `undefined`: the main thread. */
  readonly thread: Thread | undefined;
  /** The level of the task that it belongs to. */
  readonly level: Level | undefined;
}

// A `let`, since it is made on first use: see `contextStorage`.
let storage: AsyncLocalStorage<Context> | undefined;

/** Runs `code` as the thread, as soon as the running code awaits something or returns. */
export function runLaterAs(thread: Thread, code: () => void): void {
  queueMicrotask(() => runAs(thread, code));
}

/** Runs `code` as the thread, immediately; `undefined`: as the main thread. */
export function runAs<T>(thread: Thread | undefined, code: () => T): T {
  return runInContext({ thread, level: currentContext()?.level }, code);
}

/** Runs `code` in the context, immediately. */
export function runInContext<T>(context: Context, code: () => T): T {
  return contextStorage().run(context, code);
}

function contextStorage(): AsyncLocalStorage<Context> {
  // Not an import: the module takes longer to load than the rest of the package.
  return storage ??= new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)();
}

/** Whether contexts are followed: some code has run in one. */
export function isStorageLoaded(): boolean {
  return storage !== undefined;
}

/** Returns the context of the calling code; `undefined` outside of any. */
export function currentContext(): Context | undefined {
  return storage?.getStore();
}

/** Returns the thread whose code runs; `undefined` in the main thread. */
export function running(): Thread | undefined {
  return storage?.getStore()?.thread;
}
