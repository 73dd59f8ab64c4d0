/**
 * `Process`: a function that runs in its own worker.
 *
 * @module
 */

import { rootWord } from "../heap/root_words.ts";
import { showStateOf } from "../arguments/shown.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import {
  checkOptions,
  checkTarget,
  checkTimeLimit,
  type OptionNames,
} from "../arguments/options.ts";
import { type ReadySteps, readySteps, type Waitable } from "../parking/readiness.ts";
import { ensureIsolate, exitCodeOf, isolateWord } from "../heap/isolate_record.ts";
import { awaitOn, blockOn } from "../parking/wait.ts";
import { calleeAddress } from "../codec/functions.ts";
import { isRegistered, registrationAdvice } from "../codec/task.ts";
import { waitForCleanUp } from "../runtime/host.ts";
import {
  ExitCode,
  freeError,
  stopIsolate,
  takeError,
  waitingForEnd,
} from "../runtime/lifecycle.ts";
import { currentIdentity, fillReserve, startIsolate } from "../runtime/start_request.ts";
import { checkLaunch, launchNames, type LaunchOptions } from "../runtime/launch.ts";
import { type StartMethod, startMethodFor } from "../runtime/start_method.ts";

export const PROCESS_NAMES: number = rootWord(8, "processes named by default");

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

/** The names of the options of a process. */
export const processNames: OptionNames<ProcessOptions> = {
  target: true,
  args: true,
  name: "string",
  daemon: "boolean",
  startMethod: true,
  startTimeoutMs: true,
  ...launchNames,
};

/** The state of a process. */
interface ProcessState {
  target: ((...args: readonly unknown[]) => unknown) | undefined;
  args: readonly unknown[];
  name: string;
  daemon: boolean;
  startMethod: StartMethod;
  startTimeoutMs: number;
  launch: LaunchOptions;
  /** Isolate record of its worker; 0 before it is started. */
  record: number;
  closed: boolean;
  error: { error: unknown } | undefined;
}

// Not in private fields: an instance that a worker receives is made without calling its constructor.
const states = new WeakMap<Process, ProcessState>();

/** Returns the state of a process; `verb` is what an error says cannot be done. */
function stateOf(process: Process, verb: string): ProcessState {
  const state = states.get(process);
  if (state === undefined) {
    throw new TypeError(`Cannot ${verb} process: its constructor did not run (call super())`);
  }
  if (state.closed) {
    throw new Error(`Cannot ${verb} process ${state.name}: it is closed. Use it before close()`);
  }
  return state;
}

/** The processes that this isolate started and that are not known to have ended. */
const started = new Set<Process>();
/** Frees the errors that were not read of processes that have ended. */
const collected = new FinalizationRegistry<number>(freeError);

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
export class Process<Args extends readonly unknown[] = readonly unknown[]> implements Waitable {
  /**
   * Makes a process; `start()` starts it.
   *
   * @throws {TypeError} if `target` is not a function, `args` is not an array, or an option does
   * not exist
   * @throws {RangeError} if `startMethod` is not a start method of this package, or `startTimeoutMs` is
   * not greater than 0
   */
  constructor(options: ProcessOptions<Args> = {}) {
    checkOptions("make process", options, processNames);
    checkTarget("make process", options, this.run === Process.prototype.run);
    const { target, args = [], startTimeoutMs = Infinity } = options;
    checkTimeLimit("make process", "startTimeoutMs", startTimeoutMs);
    const startMethod = startMethodFor(options.startMethod, "make process", "startMethod");
    const launch = checkLaunch("make process", options, startMethod);
    ensureIsolate();
    states.set(this, {
      target: target as ProcessState["target"],
      args,
      name: options.name ??
        `${this.constructor.name}-${Atomics.add(i32, PROCESS_NAMES, 1) + 1}`,
      daemon: options.daemon ?? currentIdentity().daemon,
      startMethod,
      startTimeoutMs,
      launch,
      record: 0,
      closed: false,
      error: undefined,
    });
    if (startMethod === "forkserver") fillReserve();
  }

  /** Runs the process, in its worker. Calls `target`, unless a subclass overrides it. */
  run(): unknown {
    const { target, args } = stateOf(this, "run");
    return target?.(...args);
  }

  /**
   * Starts the process. Its arguments are copied during the call.
   *
   * @throws {Error} if it was started before, or this worker is importing the module of a task
   * @throws {DataCloneError} if `target` or `args` cannot cross; the message names the path to the
   *   part
   */
  start(): void {
    const state = stateOf(this, "start");
    if (state.record !== 0) {
      throw new Error(`Cannot start process ${state.name}: it was started before. Make a new one`);
    }
    const subclass = this.run !== Process.prototype.run;
    if (subclass && !isRegistered(this.constructor)) {
      const name = this.constructor.name;
      throw new TypeError(
        `Cannot start process ${state.name}: register its class with ${registrationAdvice(name)}`,
      );
    }
    if (!subclass && state.target !== undefined) calleeAddress(state.target, "target");
    state.record = startIsolate({
      runner: "process",
      name: state.name,
      daemon: state.daemon,
      payload: subclass ? this : { target: state.target, args: state.args },
      payloadName: subclass ? "this" : "",
      startMethod: state.startMethod,
      startTimeoutMs: state.startTimeoutMs,
      launch: state.launch,
    });
    state.target = undefined; // so that target and arguments can be collected
    state.args = [];
    forgetEnded();
    started.add(this as Process);
    collected.register(this, state.record);
  }

  /**
   * Waits until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws the reason of `signal`, if it is aborted first
   */
  async join(options?: WaitOptions): Promise<boolean> {
    const record = this.#recordFor("join");
    const ended = this.#joined(await awaitOn(waitingForEnd(record), options));
    if (ended) await waitForCleanUp(record);
    return ended;
  }

  /**
   * Blocks the isolate until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws {TerminatedError} if the calling worker is told to end
   */
  joinSync(options?: WaitOptions): boolean {
    return this.#joined(blockOn(waitingForEnd(this.#recordFor("join")), options));
  }

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
  terminate(): void {
    stopIsolate(this.#recordFor("terminate"), ExitCode.TERMINATED);
  }

  /**
   * As {@linkcode Process.terminate}, giving the worker less time to react; the exit code is -9. A process
   * of the operating system gets SIGKILL.
   */
  kill(): void {
    stopIsolate(this.#recordFor("kill"), ExitCode.KILLED);
  }

  /**
   * Releases the process. Afterwards only `name` and `daemon` may be used. Idempotent.
   *
   * @throws {Error} if it is still running
   */
  close(): void {
    const state = states.get(this);
    if (state === undefined || state.closed) return;
    if (this.isAlive()) {
      throw new Error(
        `Cannot close process ${state.name}: it is still running. Call join() or terminate() first`,
      );
    }
    state.closed = true;
    started.delete(this as Process);
  }

  /** Returns whether the process has been started and has not ended. */
  isAlive(): boolean {
    const { record } = stateOf(this, "use");
    return record !== 0 && exitCodeOf(record) === undefined;
  }

  /**
   * How the process ended: 0 if it returned, 1 after an error, n after `Deno.exit(n)`, -15
   * terminated, -9 killed, 133 if it is one of the operating system whose heap is full; `undefined` before
   * it has ended.
   */
  get exitCode(): number | undefined {
    const { record } = stateOf(this, "use");
    return record === 0 ? undefined : exitCodeOf(record);
  }

  /** The error that ended the process; `undefined` if it has not ended or ended otherwise. */
  get error(): unknown {
    const state = stateOf(this, "use");
    if (this.exitCode === undefined) return undefined;
    state.error ??= takeError(state.record);
    return state.error?.error;
  }

  /**
   * The number of the process, unique in the program; `undefined` before it is started. With
   * `startMethod: "process"` it is that of the operating system, from shortly after `start()` on.
   */
  get pid(): number | undefined {
    const { record } = stateOf(this, "use");
    return record === 0 ? undefined : i32[record + isolateWord.PID];
  }

  /** The human-readable name. */
  get name(): string {
    return states.get(this)?.name ?? currentIdentity().name;
  }

  /** Whether the program may end while it runs. */
  get daemon(): boolean {
    return states.get(this)?.daemon ?? currentIdentity().daemon;
  }

  /** The steps of `waitAny()`: they end when the process has ended. */
  [readySteps](): Generator<unknown, boolean, never> {
    return hasEndedBy(this.#recordFor("wait for"));
  }

  #joined(exitCode: number | undefined): boolean {
    if (exitCode !== undefined) started.delete(this as Process);
    return exitCode !== undefined;
  }

  #recordFor(verb: string): number {
    const { record, name } = stateOf(this, verb);
    if (record === 0) {
      throw new Error(`Cannot ${verb} process ${name}: it was not started. Call start() first`);
    }
    return record;
  }
}

showStateOf(Process as { prototype: Process }, (process) => {
  const state = states.get(process);
  const { name, daemon } = process;
  if (state === undefined) return { name, daemon, ...(process as object) }; // in its worker
  const { record, closed } = state;
  if (record === 0) return { name, daemon, state: "initial", ...(process as object) };
  const [pid, exitCode] = [i32[record + isolateWord.PID], exitCodeOf(record)];
  if (closed) return { name, daemon, state: "closed", ...(process as object) };
  return exitCode === undefined
    ? { name, pid, daemon, state: "started", ...(process as object) }
    : { name, pid, daemon, state: "stopped", exitCode, ...(process as object) };
});

/** Steps that wait for the end of an isolate, and return whether it has ended. */
function* hasEndedBy(record: number): ReadySteps {
  return (yield* waitingForEnd(record)) !== undefined;
}

/**
 * Returns the processes that the current process started and that have not ended. Workers of pools
 * are not included.
 *
 * Follows Python's `multiprocessing.active_children`.
 */
export function activeChildren(): Process[] {
  forgetEnded();
  return [...started];
}

/** Forgets the processes that have ended, as Python does at the same times. */
function forgetEnded(): void {
  for (const process of started) {
    if (!process.isAlive()) started.delete(process);
  }
}
