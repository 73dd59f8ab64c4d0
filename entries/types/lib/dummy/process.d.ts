// The declarations of lib/dummy/process.ts

import type { CurrentProcess, ParentProcess } from "../process/current.d.ts";
import type { ProcessOptions } from "../process/process.d.ts";
import type { Thread } from "../threading/thread.d.ts";

/**
 * A `Process` that is a {@linkcode Thread}: it runs in this isolate, concurrently but not in
 * parallel, and its arguments are not copied.
 *
 * It has the methods of the package's `Process`, with the same names, exit codes and errors. The
 * differences are:
 *
 * - All such processes take turns on one core, and a blocking call (`…Sync`) blocks all of them.
 *   {@linkcode Process.joinSync} throws `DeadlockError`.
 * - `terminate()` makes the waits of the process throw `TerminatedError`. Other code cannot be
 *   ended; if it continues, that does not change the exit code.
 * - The process shares the variables of the program. `Deno.exit()` in it ends the program.
 * - An end of a pipe among the arguments is the creator's own: it is closed when either of them
 *   closes it, and not when the process ends.
 *
 * Follows Python's `multiprocessing.dummy.Process`, which has no `terminate()` and is named like a
 * thread.
 *
 * @example The example of `Process`, on threads
 * ```ts
 * import { Process, Queue } from "@sauropod/multiprocessing/dummy";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<string>();
 * const process = new Process({
 *   target: (name: string, out: Queue<string>) => out.put(`hello ${name}`),
 *   args: ["bob", queue],
 * });
 * process.start();
 * assertEquals(await queue.get(), "hello bob");
 * await process.join();
 * assertEquals(process.exitCode, 0);
 * ```
 */
export declare class Process<Args extends readonly unknown[] = readonly unknown[]>
  extends Thread<Args> {
  #private;
  /**
   * Makes a process; `start()` starts it. The start method and `startTimeoutMs` have no effect.
   *
   * @throws {TypeError} if `target` is not a function, `args` is not an array, or an option does
   * not exist
   * @throws {RangeError} if `startMethod` is not a start method of the package, or `startTimeoutMs` is
   * not greater than 0
   */
  constructor(options?: ProcessOptions<Args>);
  /**
   * Ends the process with exit code -15: its waits throw `TerminatedError`. Code that does not wait
   * with functions of this package continues.
   *
   * @throws {Error} if it was not started
   */
  terminate(): void;
  /** As {@linkcode Process.terminate}; the exit code is -9. */
  kill(): void;
  /**
   * Does nothing: the process has nothing to release.
   *
   * @throws {Error} if the process is still running
   */
  close(): void;
  /**
   * How the process ended: 0 if it returned, 1 after an error, -15 terminated, -9 killed;
   * `undefined` before it has ended.
   */
  get exitCode(): number | undefined;
  /** The number of the process, unique in the program; `undefined` before it is started. */
  get pid(): number | undefined;
}

/**
 * Returns the process that runs the calling code: the main program, or a {@linkcode Process} of
 * this module.
 *
 * @example In the main program
 * ```ts
 * import { currentProcess } from "@sauropod/multiprocessing/dummy";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(currentProcess().name, "MainProcess");
 * ```
 */
export declare function currentProcess(): CurrentProcess;

/**
 * Returns the process that started the current one; `undefined` in the main program.
 *
 * @example In the main program
 * ```ts
 * import { parentProcess } from "@sauropod/multiprocessing/dummy";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parentProcess(), undefined);
 * ```
 */
export declare function parentProcess(): ParentProcess | undefined;

/**
 * Returns the processes that the current process started and that have not ended.
 *
 * @example Until it has ended
 * ```ts
 * import { activeChildren, Process } from "@sauropod/multiprocessing/dummy";
 * import { assertEquals } from "@std/assert";
 *
 * const process = new Process({ target: () => {} });
 * process.start();
 * assertEquals(activeChildren(), [process]);
 * await process.join();
 * assertEquals(activeChildren(), []);
 * ```
 */
export declare function activeChildren(): Process[];

export {};
