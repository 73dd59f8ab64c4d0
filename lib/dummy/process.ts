/**
 * Processes that are threads.
 *
 * @module
 */

import { TerminatedError } from "../errors.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import { checkOptions } from "../arguments/options.ts";
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

interface Internals {
  /** Ends the waits of the process. */
  stop: AbortController;
  /** How it was ended; `undefined` if it ends by itself. */
  endedBy: number | undefined;
  parent: Parent;
}

/** What is kept of a parent, which is not kept itself. */
interface Parent {
  name: string;
  pid: number;
  /** `undefined` for the main program, or the worker: it lives as long as this code does. */
  ended: Event | undefined;
}

const internals = new WeakMap<Process, Internals>();

/** The process that runs this code, if it is one of these. */
function processNow(): Process | undefined {
  const thread = running();
  return thread && threadState(thread).process as Process | undefined;
}

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
export class Process<Args extends readonly unknown[] = readonly unknown[]> extends Thread<Args> {
  /**
   * Makes a process; `start()` starts it. The start method makes no difference.
   *
   * @throws {TypeError} if `target` is not a function, `args` not an array, or there is no such option
   * @throws {RangeError} if `startMethod` is none that exists here
   */
  constructor(options: ProcessOptions<Args> = {}) {
    ensureIsolate();
    checkOptions("make process", options, processNames);
    const { startMethod, ...rest } = options;
    startMethodFor(startMethod, "Cannot make process with start method");
    super({ ...rest, name: options.name ?? "" });
    const it = threadState(this);
    if (options.name === undefined) {
      it.name = `${this.constructor.name}-${Atomics.add(i32, PROCESS_NAMES, 1) + 1}`;
    }
    const creator = processNow();
    const { name, pid } = currentProcess();
    const stop = new AbortController();
    internals.set(this, {
      stop,
      endedBy: undefined,
      parent: { name, pid, ended: creator && threadState(creator).ended },
    });
    it.process = this;
    it.signal = stop.signal;
    it.onEnd = () => childrenOf(this.pid!).forEach((child) => child.daemon && child.terminate());
  }

  /**
   * Ends the process: its waits throw `TerminatedError`, its exit code is -15. Code that does not wait
   * for anything of this package goes on.
   *
   * @throws {Error} if it was not started
   */
  terminate(): void {
    this.#end("terminate", ExitCode.TERMINATED);
  }

  /** As {@linkcode Process.terminate}; exit code -9. */
  kill(): void {
    this.#end("kill", ExitCode.KILLED);
  }

  /**
   * Does nothing: there is nothing to let go of.
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
   * How the process ended: 0 it returned, 1 an error, -15 terminated, -9 killed; `undefined` while it
   * has not ended.
   */
  get exitCode(): number | undefined {
    const { phase, failure } = threadState(this);
    if (phase !== "ended") return undefined;
    return internals.get(this)!.endedBy ??
      (failure === undefined ? ExitCode.RETURNED : ExitCode.FAILED);
  }

  /** Its number, unique in the program; `undefined` before it is started. */
  get pid(): number | undefined {
    return this.ident;
  }

  #end(verb: string, exitCode: number): void {
    if (this.ident === undefined) {
      throw new Error(`Cannot ${verb} process ${this.name}: it was not started`);
    }
    if (!this.isAlive()) return;
    const it = internals.get(this)!;
    it.endedBy = exitCode;
    finishThread(this);
    it.stop.abort(new TerminatedError(`Cannot wait: process ${this.name} was told to end`));
  }
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
export function currentProcess(): CurrentProcess {
  const process = processNow();
  if (process === undefined) return realProcess();
  return { name: process.name, pid: process.pid!, daemon: process.daemon };
}

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
export function parentProcess(): ParentProcess | undefined {
  const process = processNow();
  if (process === undefined) return realParent();
  const { name, pid, ended } = internals.get(process)!.parent;
  return {
    name,
    pid,
    isAlive: () => !ended?.isSet(),
    join: async (options?: WaitOptions) =>
      ended === undefined
        ? await awaitOn(waitingForEnd(thisIsolate), options) !== undefined
        : await ended.wait(options),
  };
}

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
export function activeChildren(): Process[] {
  return childrenOf(currentProcess().pid);
}

/** The live processes that the one with this number started. */
function childrenOf(pid: number): Process[] {
  return [...aliveThreads].filter((thread): thread is Process =>
    thread instanceof Process && internals.get(thread)!.parent.pid === pid
  );
}
