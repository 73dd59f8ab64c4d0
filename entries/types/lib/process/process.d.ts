// The declarations of lib/process/process.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { LaunchOptions } from "../runtime/launch.d.ts";
import type { StartMethod } from "../runtime/start_method.d.ts";

/** Options of a {@linkcode Process}. */
export interface ProcessOptions<Args extends readonly unknown[] = readonly unknown[]>
  extends LaunchOptions {
  /**
   * The function to run: a task, a function that uses no variables outside itself, or a built-in.
   */
  target?: ((...args: Args) => unknown) | undefined;
  /** The arguments of `target`. `start()` copies them; shared objects are shared. */
  args?: readonly [...Args] | undefined;
  /**
   * A human-readable name.
   *
   * @default {"Process-1", "Process-2", …}
   */
  name?: string | undefined;
  /**
   * Whether the program may end while the process runs.
   *
   * @default {the flag of the process that makes this one}
   */
  daemon?: boolean | undefined;
  /**
   * `"spawn"`: a fresh worker; `"forkserver"`: a worker that was started in advance; `"process"`: a process
   * of the operating system.
   *
   * @default {getStartMethod()}
   */
  startMethod?: StartMethod | undefined;
  /**
   * How long its worker may take to import the modules of `target` and `args`, in milliseconds. If it
   * takes longer, the process ends with exit code 1, and its `error` is a `TimeoutError`. Without a limit,
   * a warning after ten seconds says what the worker is waiting for.
   *
   * @default {Infinity}
   */
  startTimeoutMs?: number | undefined;
}

/**
 * A function that runs in its own worker, in parallel with the rest of the program. With
 * `startMethod: "process"`, that worker is in a process of the operating system.
 *
 * - The worker has its own copy of every module. It shares only shared objects among its arguments:
 *   queues, pipes, locks, events, shared arrays.
 * - The program does not end before the process, unless the process is a daemon.
 * - An uncaught error ends the process with exit code 1. The worker prints the error, as in Python,
 *   and {@linkcode Process.error} returns it. It does not end the program.
 *
 * Follows Python's `multiprocessing.Process`. To subclass it, override {@linkcode Process.run} and
 * register the class: `task(import.meta, MyProcess)`.
 *
 * @example Hello, bob
 * ```ts
 * import { Process, Queue } from "@sauropod/multiprocessing";
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
  implements Waitable {
  #private;
  /**
   * Makes a process; `start()` starts it.
   *
   * @throws {TypeError} if `target` is not a function, `args` is not an array, or an option does
   * not exist
   * @throws {RangeError} if `startMethod` is not a start method of this package, or `startTimeoutMs` is
   * not greater than 0
   */
  constructor(options?: ProcessOptions<Args>);
  /** Runs the process, in its worker. Calls `target`, unless a subclass overrides it. */
  run(): unknown;
  /**
   * Starts the process. Its arguments are copied during the call.
   *
   * @throws {Error} if it was started before, or this worker is importing the module of a task
   * @throws {DataCloneError} if `target` or `args` cannot cross; the message names the path to the
   *   part
   */
  start(): void;
  /**
   * Waits until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws the reason of `signal`, if it is aborted first
   */
  join(options?: WaitOptions): Promise<boolean>;
  /**
   * Blocks the isolate until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws {TerminatedError} if the calling worker is told to end
   */
  joinSync(options?: WaitOptions): boolean;
  /**
   * Ends the process with exit code -15: its current blocking wait, or else its next operation of
   * this package, throws `TerminatedError`, its promises do not continue, and its worker is ended.
   *
   * Deno cannot interrupt a worker that computes without using the package. The process nevertheless
   * counts as ended and does not keep the program alive: see {@linkcode abandonedWorkers}. With
   * `startMethod: "process"`, none of its code goes on: it gets SIGTERM, and SIGKILL 100 ms later.
   *
   * @throws {Error} if it was not started
   */
  terminate(): void;
  /**
   * As {@linkcode Process.terminate}, giving the worker less time to react; the exit code is -9. A process
   * of the operating system gets SIGKILL.
   */
  kill(): void;
  /**
   * Releases the process. Afterwards only `name` and `daemon` may be used. Idempotent.
   *
   * @throws {Error} if it is still running
   */
  close(): void;
  /** Returns whether the process has been started and has not ended. */
  isAlive(): boolean;
  /**
   * How the process ended: 0 if it returned, 1 after an error, n after `Deno.exit(n)`, -15
   * terminated, -9 killed, 133 if it is one of the operating system whose heap is full; `undefined` before
   * it has ended.
   */
  get exitCode(): number | undefined;
  /** The error that ended the process; `undefined` if it has not ended or ended otherwise. */
  get error(): unknown;
  /**
   * The number of the process, unique in the program; `undefined` before it is started. With
   * `startMethod: "process"` it is that of the operating system, from shortly after `start()` on.
   */
  get pid(): number | undefined;
  /** The human-readable name. */
  get name(): string;
  /** Whether the program may end while it runs. */
  get daemon(): boolean;
  /** The steps of `waitAny()`: they end when the process has ended. */
  [readySteps](): Generator<unknown, boolean, never>;
}

/**
 * Returns the processes that the current process started and that have not ended. Workers of pools
 * are not included.
 *
 * Follows Python's `multiprocessing.active_children`.
 */
export declare function activeChildren(): Process[];

export {};
