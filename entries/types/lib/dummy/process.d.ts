// The declarations of lib/dummy/process.ts

import type { CurrentProcess, ParentProcess } from "../process/current.d.ts";
import type { ProcessOptions } from "../process/process.d.ts";
import type { Thread } from "../threading/thread.d.ts";

/**
 * A `Process` that is a {@linkcode Thread}: it runs in this isolate, concurrently and not in
 * parallel, and gets its arguments as they are, not copied.
 *
 * What a program does with a `Process` it can do with this one, and sees the same: names, exit codes,
 * errors. What differs, and cannot be helped:
 *
 * - All such processes take turns on one core, and a blocking call (`…Sync`) blocks them all:
 *   {@linkcode Process.joinSync} throws a `DeadlockError`.
 * - `terminate()` ends its waits, with a `TerminatedError`. Nothing else of it can be ended; what it
 *   goes on to do has no effect on its exit code.
 * - It sees the variables of the program, and changes them. `Deno.exit()` in it ends the program.
 * - The end of a pipe that it is given is the creator's, not another: it is closed when either closes
 *   it, and not when the process ends.
 *
 * Follows Python's `multiprocessing.dummy.Process`, which has no `terminate()` and names itself as a
 * thread.
 *
 * @example The same program, on threads
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
   * Makes a process; `start()` starts it. The start method makes no difference.
   *
   * @throws {TypeError} if `target` is not a function, `args` not an array, or there is no such option
   * @throws {RangeError} if `startMethod` is none that exists here
   */
  constructor(options?: ProcessOptions<Args>);
  /**
   * Ends the process: its waits throw `TerminatedError`, its exit code is -15. Code that does not wait
   * for anything of this package goes on.
   *
   * @throws {Error} if it was not started
   */
  terminate(): void;
  /** As {@linkcode Process.terminate}; exit code -9. */
  kill(): void;
  /**
   * Does nothing: there is nothing to let go of.
   *
   * @throws {Error} if the process is still running
   */
  close(): void;
  /**
   * How the process ended: 0 it returned, 1 an error, -15 terminated, -9 killed; `undefined` while it
   * has not ended.
   */
  get exitCode(): number | undefined;
  /** Its number, unique in the program; `undefined` before it is started. */
  get pid(): number | undefined;
}

/**
 * The process that runs this code: the main program, or one of these that are threads.
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
 * The process that started this one; `undefined` in the main program.
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
 * The processes that this one started and that have not ended.
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
