// The declarations of lib/threading/excepthook.ts

import type { Thread } from "./thread.d.ts";

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
export declare function excepthook(args: ExceptHookArgs): void;

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
export declare function setExcepthook(next?: ExceptHook): ExceptHook;

export {};
