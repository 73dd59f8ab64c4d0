/**
 * A function that runs in a worker of its own.
 *
 * @module
 */

import { rootWord } from "../heap/root_words.ts";
import type { WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import { checkOptions, checkTarget, type OptionNames } from "../arguments/options.ts";
import { type ReadySteps, readySteps, type Waitable } from "../parking/readiness.ts";
import { ensureIsolate, exitCodeOf, isolateWord } from "../heap/isolate_record.ts";
import { awaitOn, blockOn } from "../parking/wait.ts";
import { isRegistered, registrationAdvice } from "../codec/task.ts";
import { clearedUpAfter } from "../runtime/host.ts";
import { ExitCode, stopIsolate, takeError, waitingForEnd } from "../runtime/lifecycle.ts";
import { currentIdentity, fillReserve, startIsolate } from "../runtime/start_request.ts";
import { type StartMethod, startMethodFor } from "../runtime/start_method.ts";

export const PROCESS_NAMES: number = rootWord(8, "processes named by default");

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

/** The options of a process. */
export const processNames: OptionNames<ProcessOptions> = {
  target: true,
  args: true,
  name: true,
  daemon: true,
  startMethod: true,
};

interface Internals {
  target: ((...args: readonly unknown[]) => unknown) | undefined;
  args: readonly unknown[];
  name: string;
  daemon: boolean;
  startMethod: StartMethod;
  /** Its thread's record; 0 before it is started. */
  record: number;
  closed: boolean;
  error: { error: unknown } | undefined;
}

// Not in private fields: an instance that arrives in its worker is made without its constructor.
const internals = new WeakMap<Process, Internals>();

function internalsOf(process: Process, verb: string): Internals {
  const it = internals.get(process);
  if (it === undefined) {
    throw new TypeError(`Cannot ${verb} process: its constructor did not run (call super())`);
  }
  if (it.closed) throw new Error(`Cannot ${verb} process ${it.name}: it is closed`);
  return it;
}

const started = new Set<Process>();

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
export class Process<Args extends readonly unknown[] = readonly unknown[]> implements Waitable {
  /**
   * Makes a process; `start()` starts it.
   *
   * @throws {TypeError} if `target` is not a function, `args` not an array, or there is no such option
   * @throws {RangeError} if `startMethod` is none that exists here
   */
  constructor(options: ProcessOptions<Args> = {}) {
    checkOptions("make process", options, processNames);
    checkTarget("make process", options, this.run === Process.prototype.run);
    const { target, args = [] } = options;
    const startMethod = startMethodFor(
      options.startMethod,
      "Cannot make process with start method",
    );
    ensureIsolate();
    internals.set(this, {
      target: target as Internals["target"],
      args,
      name: options.name ??
        `${this.constructor.name}-${Atomics.add(i32, PROCESS_NAMES, 1) + 1}`,
      daemon: options.daemon ?? currentIdentity().daemon,
      startMethod,
      record: 0,
      closed: false,
      error: undefined,
    });
    if (startMethod === "forkserver") fillReserve();
  }

  /** What the process does, in its worker: calls `target` unless a subclass says otherwise. */
  run(): unknown {
    const { target, args } = internalsOf(this, "run");
    return target?.(...args);
  }

  /**
   * Starts the process. Its arguments are copied at the call.
   *
   * @throws {Error} if it was started before, or this worker is only importing a module
   * @throws {DataCloneError} if target or args cannot cross; the message names the path to the part
   */
  start(): void {
    const it = internalsOf(this, "start");
    if (it.record !== 0) {
      throw new Error(`Cannot start process ${it.name}: it was started before. Make a new one`);
    }
    const subclass = this.run !== Process.prototype.run;
    if (subclass && !isRegistered(this.constructor)) {
      const name = this.constructor.name;
      throw new TypeError(
        `Cannot start process ${it.name}: register its class with ${registrationAdvice(name)}`,
      );
    }
    it.record = startIsolate({
      runner: "process",
      name: it.name,
      daemon: it.daemon,
      payload: subclass ? this : { target: it.target, args: it.args },
      payloadName: subclass ? "this" : "",
      startMethod: it.startMethod,
    });
    it.target = undefined; // so that the arguments can be collected
    it.args = [];
    started.add(this as Process);
  }

  /**
   * Waits until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws the reason of `signal`, if that is aborted first
   */
  async join(options?: WaitOptions): Promise<boolean> {
    const record = this.#recordFor("join");
    const ended = this.#joined(await awaitOn(waitingForEnd(record), options));
    if (ended) await clearedUpAfter(record);
    return ended;
  }

  /**
   * Blocks the thread until the process has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws {TerminatedError} if this worker is told to end
   */
  joinSync(options?: WaitOptions): boolean {
    return this.#joined(blockOn(waitingForEnd(this.#recordFor("join")), options));
  }

  /**
   * Ends the process: its blocking waits throw `TerminatedError`, its promises go on no more, its
   * worker is ended, its exit code is -15.
   *
   * Code that computes without waiting is not interrupted, since Deno cannot: the process counts as
   * ended all the same and does not keep the program alive.
   *
   * @throws {Error} if it was not started
   */
  terminate(): void {
    stopIsolate(this.#recordFor("terminate"), ExitCode.TERMINATED);
  }

  /** As {@linkcode Process.terminate}, leaving it hardly any time to stop by itself; exit code -9. */
  kill(): void {
    stopIsolate(this.#recordFor("kill"), ExitCode.KILLED);
  }

  /**
   * Lets go of the process: from then on only its name may be asked for. Closing twice is safe.
   *
   * @throws {Error} if it is still running
   */
  close(): void {
    const it = internals.get(this);
    if (it === undefined || it.closed) return;
    if (this.isAlive()) {
      throw new Error(
        `Cannot close process ${it.name}: it is still running. Call join() or terminate() first`,
      );
    }
    it.closed = true;
    started.delete(this as Process);
  }

  /** Whether the process has been started and has not ended. */
  isAlive(): boolean {
    const { record } = internalsOf(this, "ask");
    return record !== 0 && exitCodeOf(record) === undefined;
  }

  /**
   * How the process ended: 0 it returned, 1 an error, n `Deno.exit(n)`, -15 terminated, -9 killed;
   * `undefined` while it has not ended.
   */
  get exitCode(): number | undefined {
    const { record } = internalsOf(this, "ask");
    return record === 0 ? undefined : exitCodeOf(record);
  }

  /** The error that ended the process; `undefined` if none did. */
  get error(): unknown {
    const it = internalsOf(this, "ask");
    if (this.exitCode === undefined) return undefined;
    it.error ??= takeError(it.record);
    return it.error?.error;
  }

  /** Its number, unique in the program; `undefined` before it is started. */
  get pid(): number | undefined {
    const { record } = internalsOf(this, "ask");
    return record === 0 ? undefined : i32[record + isolateWord.PID];
  }

  /** Its name, for people to read. */
  get name(): string {
    return internals.get(this)?.name ?? currentIdentity().name;
  }

  /** Whether the program may end while it runs. */
  get daemon(): boolean {
    return internals.get(this)?.daemon ?? currentIdentity().daemon;
  }

  /** Steps of waiting until the process has ended, for `wait`. */
  [readySteps](): Generator<unknown, boolean, never> {
    return hasEndedBy(this.#recordFor("wait for"));
  }

  #joined(exitCode: number | undefined): boolean {
    if (exitCode !== undefined) started.delete(this as Process);
    return exitCode !== undefined;
  }

  #recordFor(verb: string): number {
    const { record, name } = internalsOf(this, verb);
    if (record === 0) throw new Error(`Cannot ${verb} process ${name}: it was not started`);
    return record;
  }
}

/** Steps of waiting for the end of a thread: whether it has ended. */
function* hasEndedBy(record: number): ReadySteps {
  return (yield* waitingForEnd(record)) !== undefined;
}

/**
 * The processes that this one started and that have not ended. Workers of pools are not among them:
 * the pool has them.
 */
export function activeChildren(): Process[] {
  for (const process of started) {
    if (!process.isAlive()) started.delete(process);
  }
  return [...started];
}
