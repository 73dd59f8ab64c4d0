/**
 * What becomes of an error that leaves a thread.
 *
 * @module
 */

import type { Thread } from "./thread.ts";

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
export function excepthook({ error, thread }: ExceptHookArgs): void {
  console.error(`Exception in thread ${thread.name}:`, error);
}

let hook: ExceptHook = excepthook;

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
export function setExcepthook(next: ExceptHook = excepthook): ExceptHook {
  if (typeof next !== "function") {
    throw new TypeError(`Cannot set excepthook: it must be a function, not ${typeof next}`);
  }
  const previous = hook;
  hook = next;
  return previous;
}

/** Tells the hook of an error. */
export async function callExcepthook(args: ExceptHookArgs): Promise<void> {
  try {
    await hook(args);
  } catch (failure) {
    console.error(`Exception in the excepthook called for thread ${args.thread.name}:`, failure);
    excepthook(args);
  }
}
