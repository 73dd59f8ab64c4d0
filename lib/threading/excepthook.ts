/**
 * The hook that handles uncaught errors of threads.
 *
 * @module
 */

import { printError } from "../sync/callbacks.ts";
import { isOptionsObject } from "../arguments/options.ts";
import { checkFunction, hasMethod, wrongType } from "../arguments/values.ts";
import type { Thread } from "./thread.ts";

/** The argument of an {@linkcode ExceptHook}. */
export interface ExceptHookArgs {
  /** The error, or another thrown value. */
  readonly error: unknown;
  /** The thread that did not catch it. */
  readonly thread: Thread;
}

/** Handles an uncaught error of a thread. */
export type ExceptHook = (args: ExceptHookArgs) => unknown;

/**
 * Prints an uncaught error of a thread to stderr. This is the default hook;
 * {@linkcode setExcepthook} replaces it.
 *
 * Follows Python's `threading.excepthook`.
 *
 * @example Print all errors except expected ones
 * ```ts
 * import { excepthook, setExcepthook, Thread } from "@sauropod/multiprocessing/threading";
 * import { assertInstanceOf } from "@std/assert";
 *
 * setExcepthook((args) => {
 *   if (!(args.error instanceof RangeError)) excepthook(args);
 * });
 * const thread = new Thread({ target: () => "x".repeat(-1) });
 * thread.start();
 * await thread.join();
 * setExcepthook();
 * assertInstanceOf(thread.error, RangeError);
 * ```
 */
export function excepthook(args: ExceptHookArgs): void {
  if (!isOptionsObject(args)) {
    throw wrongType("print exception", "args", "an object", args, "Write { error, thread }");
  }
  const { error, thread } = args;
  if (!hasMethod(thread, "isAlive")) {
    throw wrongType("print exception", "thread", "a Thread", thread);
  }
  printError(`Exception in thread ${thread.name}:`, error);
}

/** The hook of this process. */
const installed: { hook: ExceptHook } = { hook: excepthook };

/**
 * Sets the hook that handles uncaught errors of the threads of this process.
 *
 * The hook is called in the thread, which ends after the hook: after its promise is settled, if it
 * returns one. If the hook itself throws, its error and the original one are printed.
 *
 * Follows assignment to Python's `threading.excepthook`, which the exports of a JavaScript module
 * do not allow.
 *
 * @param next the new hook, by default {@linkcode excepthook}
 * @returns the previous hook
 * @throws {TypeError} if `next` is not a function
 *
 * @example Collect the errors
 * ```ts
 * import { setExcepthook, Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * const failed: string[] = [];
 * setExcepthook(({ error, thread }) => failed.push(`${thread.name}: ${error}`));
 * const thread = new Thread({
 *   name: "reader",
 *   target: () => {
 *     throw new Error("no such file");
 *   },
 * });
 * thread.start();
 * await thread.join();
 * setExcepthook();
 * assertEquals(failed, ["reader: Error: no such file"]);
 * ```
 */
export function setExcepthook(next: ExceptHook = excepthook): ExceptHook {
  checkFunction("set excepthook", "next", next);
  const previous = installed.hook;
  installed.hook = next;
  return previous;
}

/** Calls the hook with an error. */
export async function callExcepthook(args: ExceptHookArgs): Promise<void> {
  try {
    await installed.hook(args);
  } catch (failure) {
    printError(`Exception in the excepthook called for thread ${args.thread.name}:`, failure);
    excepthook(args);
  }
}
