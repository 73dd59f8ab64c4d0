/**
 * Processes that run as threads.
 *
 * @module
 */

import { TerminatedError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import { checkOptions, checkTimeLimit } from "../arguments/options.ts";
import { ensureIsolate, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn } from "../parking/wait.ts";
import {
  type CurrentProcess,
  currentProcess as realProcess,
  type ParentProcess,
  parentProcess as realParent,
} from "../process/current.ts";
import { PROCESS_NAMES, processNames, type ProcessOptions } from "../process/process.ts";
import { ExitCode, waitingForEnd } from "../runtime/lifecycle.ts";
import { startMethodFor } from "../runtime/start_method.ts";
import type { Event } from "../sync/event.ts";
import { aliveThreads, running } from "../threading/running.ts";
import { finishThread, Thread, threadState } from "../threading/thread.ts";

/** The state of a process, beside that of its thread. */
interface ProcessState {
  /** Ends the waits of the process. */
  stop: AbortController;
  /** Exit code of `terminate()` or `kill()`; `undefined` if neither was called in time. */
  forcedExitCode: number | undefined;
  parent: Parent;
}

/** A description of a parent, which does not keep the parent itself from being collected. */
interface Parent {
  name: string;
  pid: number;
  /** `undefined` for the main program or a worker, which lives as long as this code. */
  ended: Event | undefined;
}

const states = new WeakMap<Process, ProcessState>();

/**
 * Returns the process of this module that runs the calling code; `undefined` in the main program.
 */
function runningProcess(): Process | undefined {
  const thread = running();
  return thread && threadState(thread).process as Process | undefined;
}

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
export class Process<Args extends readonly unknown[] = readonly unknown[]> extends Thread<Args> {
  /**
   * Makes a process; `start()` starts it. The start method and `startTimeoutMs` have no effect.
   *
   * @throws {TypeError} if `target` is not a function, `args` is not an array, or an option does
   * not exist
   * @throws {RangeError} if `startMethod` is not a start method of the package, or `startTimeoutMs` is
   * not greater than 0
   */
  constructor(options: ProcessOptions<Args> = {}) {
    ensureIsolate();
    checkOptions("make process", options, processNames);
    const { startMethod, startTimeoutMs, ...rest } = options;
    startMethodFor(startMethod, "make process", "startMethod");
    if (startTimeoutMs !== undefined) {
      checkTimeLimit("make process", "startTimeoutMs", startTimeoutMs);
    }
    super({ ...rest, name: options.name ?? "" });
    const state = threadState(this);
    if (options.name === undefined) {
      state.name = `${this.constructor.name}-${Atomics.add(i32, PROCESS_NAMES, 1) + 1}`;
    }
    const creator = runningProcess();
    const { name, pid } = currentProcess();
    const stop = new AbortController();
    states.set(this, {
      stop,
      forcedExitCode: undefined,
      parent: { name, pid, ended: creator && threadState(creator).ended },
    });
    state.process = this;
    state.signal = stop.signal;
    state.onEnd = () => childrenOf(this.pid!).forEach((child) => child.daemon && child.terminate());
  }

  /**
   * Ends the process with exit code -15: its waits throw `TerminatedError`. Code that does not wait
   * with functions of this package continues.
   *
   * @throws {Error} if it was not started
   */
  terminate(): void {
    this.#end("terminate", ExitCode.TERMINATED);
  }

  /** As {@linkcode Process.terminate}; the exit code is -9. */
  kill(): void {
    this.#end("kill", ExitCode.KILLED);
  }

  /**
   * Does nothing: the process has nothing to release.
   *
   * @throws {Error} if the process is still running
   */
  close(): void {
    if (this.isAlive()) {
      throw new Error(
        `Cannot close process ${this.name}: it is still running. Call join() or terminate() first`,
      );
    }
  }

  /**
   * How the process ended: 0 if it returned, 1 after an error, -15 terminated, -9 killed;
   * `undefined` before it has ended.
   */
  get exitCode(): number | undefined {
    const { phase, failure } = threadState(this);
    if (phase !== "ended") return undefined;
    return states.get(this)!.forcedExitCode ??
      (failure === undefined ? ExitCode.RETURNED : ExitCode.FAILED);
  }

  /** The number of the process, unique in the program; `undefined` before it is started. */
  get pid(): number | undefined {
    return this.ident;
  }

  #end(verb: string, exitCode: number): void {
    if (this.ident === undefined) {
      throw new Error(
        `Cannot ${verb} process ${this.name}: it was not started. Call start() first`,
      );
    }
    if (!this.isAlive()) return;
    const state = states.get(this)!;
    state.forcedExitCode = exitCode;
    finishThread(this);
    state.stop.abort(new TerminatedError(`Cannot wait: process ${this.name} was told to end`));
  }
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
export function currentProcess(): CurrentProcess {
  const process = runningProcess();
  if (process === undefined) return realProcess();
  return { name: process.name, pid: process.pid!, daemon: process.daemon };
}

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
export function parentProcess(): ParentProcess | undefined {
  const process = runningProcess();
  if (process === undefined) return realParent();
  const { name, pid, ended } = states.get(process)!.parent;
  return {
    name,
    pid,
    isAlive: () => !ended?.isSet(),
    join: async (options?: WaitOptions) =>
      ended === undefined
        ? await awaitOn(waitingForEnd(thisIsolate), options) !== undefined
        : ended.wait(options),
  };
}

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
export function activeChildren(): Process[] {
  return childrenOf(currentProcess().pid);
}

/** Returns the live processes that the process with this `pid` started. */
function childrenOf(pid: number): Process[] {
  return [...aliveThreads].filter((thread): thread is Process =>
    thread instanceof Process && states.get(thread)!.parent.pid === pid
  );
}
