// The declarations of lib/threading/excepthook.ts

import type { Thread } from "./thread.d.ts";

/** What an {@linkcode ExceptHook} is told. */
export interface ExceptHookArgs {
  /** What was thrown. */
  readonly error: unknown;
  /** The thread that it left. */
  readonly thread: Thread;
}

/** What is done with an error that leaves a thread. */
export type ExceptHook = (args: ExceptHookArgs) => unknown;

/**
 * Prints an error that leaves a thread on stderr. This is what happens unless
 * {@linkcode setExcepthook} says otherwise.
 *
 * Follows Python's `threading.excepthook`.
 *
 * @example Print all but what is expected
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
export declare function excepthook({ error, thread }: ExceptHookArgs): void;

/**
 * Says what is done with the errors that leave the threads of this process.
 *
 * The hook is called in the thread, which ends when the hook has: when its promise is settled, if it
 * returns one. An error of the hook itself is printed, and so is the error that it was called with.
 *
 * Does what assigning to Python's `threading.excepthook` does; names that a module exports cannot be
 * assigned to.
 *
 * @param next what is done from now on; nothing for {@linkcode excepthook}, the default
 * @returns what was done until now
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
