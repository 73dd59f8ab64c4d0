// The declarations of lib/process/process.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { readySteps, Waitable } from "../parking/readiness.d.ts";
import type { StartMethod } from "../runtime/start_method.d.ts";

/** Options of a {@linkcode Process}. */
export interface ProcessOptions<Args extends readonly unknown[] = readonly unknown[]> {
  /** What the process runs: a task, a function that sees nothing outside itself, or a built-in one. */
  target?: (...args: Args) => unknown;
  /** The arguments of `target`, which are copied by `start()`; shared objects are shared. */
  args?: readonly [...Args];
  /**
   * A name for people to read.
   *
   * @default {"Process-1", "Process-2", …}
   */
  name?: string;
  /**
   * Whether the program may end while the process runs.
   *
   * @default {the flag of the process that makes this one}
   */
  daemon?: boolean;
  /**
   * `"spawn"`: in a fresh worker; `"forkserver"`: in one that was started ahead of time.
   *
   * @default {getStartMethod()}
   */
  startMethod?: StartMethod;
}

/**
 * A function that runs in a worker of its own, at the same time as the rest of the program.
 *
 * - Its worker has its own copy of every module; it shares only what is shared on purpose: queues,
 *   pipes, locks, events and shared arrays among its arguments.
 * - The program does not end before it, unless it is a daemon.
 * - An error that nobody catches ends it with exit code 1: the worker prints it, as in Python, and
 *   {@linkcode Process.error} has it. It never ends the program.
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
   * @throws {TypeError} if `target` is not a function, `args` not an array, or there is no such option
   * @throws {RangeError} if `startMethod` is none that exists here
   */
  constructor(options?: ProcessOptions<Args>);
  /** What the process does, in its worker: calls `target` unless a subclass says otherwise. */
  run(): unknown;
  /**
   * Starts the process. Its arguments are copied at the call.
   *
   * @throws {Error} if it was started before, or this worker is only importing a module
   * @throws {DataCloneError} if target or args cannot cross; the message names the path to the part
   */
  start(): void;
  /**
   * Waits until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws the reason of `signal`, if that is aborted first
   */
  join(options?: WaitOptions): Promise<boolean>;
  /**
   * Blocks the thread until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws {TerminatedError} if this worker is told to end
   */
  joinSync(options?: WaitOptions): boolean;
  /**
   * Ends the process: its blocking waits throw `TerminatedError`, its promises go on no more, its
   * worker is ended, its exit code is -15.
   *
   * Code that computes without waiting is not interrupted, since Deno cannot: the process counts as
   * ended all the same and does not keep the program alive.
   *
   * @throws {Error} if it was not started
   */
  terminate(): void;
  /** As {@linkcode Process.terminate}, leaving it hardly any time to stop by itself; exit code -9. */
  kill(): void;
  /**
   * Lets go of the process: from then on only its name may be asked for. Closing twice is safe.
   *
   * @throws {Error} if it is still running
   */
  close(): void;
  /** Whether the process has been started and has not ended. */
  isAlive(): boolean;
  /**
   * How the process ended: 0 it returned, 1 an error, n `Deno.exit(n)`, -15 terminated, -9 killed;
   * `undefined` while it has not ended.
   */
  get exitCode(): number | undefined;
  /** The error that ended the process; `undefined` if none did. */
  get error(): unknown;
  /** Its number, unique in the program; `undefined` before it is started. */
  get pid(): number | undefined;
  /** Its name, for people to read. */
  get name(): string;
  /** Whether the program may end while it runs. */
  get daemon(): boolean;
  /** Steps of waiting until the process has ended, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never>;
}

/**
 * The processes that this one started and that have not ended. Workers of pools are not among them:
 * the pool has them.
 */
export declare function activeChildren(): Process[];

export {};
