/**
 * `Thread`: a function that runs concurrently with others in one isolate.
 *
 * @module
 */

import { showStateOf } from "../arguments/shown.ts";
import { DeadlockError } from "../errors.ts";
import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import { checkOptions, checkTarget, type OptionNames } from "../arguments/options.ts";
import { checkBoolean, checkString } from "../arguments/values.ts";
import {
  ensureIsolate,
  isolateWord,
  nextId,
  stopRequested,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { holdLoop, releaseLoop } from "../parking/keep_alive.ts";
import { type Fiber, hooks, installHooks } from "../heap/hooks.ts";
import { Event } from "../sync/event.ts";
import { warnAboutBlocking } from "./blocking.ts";
import { callExcepthook } from "./excepthook.ts";
import { aliveThreads, runLaterAs, running } from "./running.ts";

/** Options of a {@linkcode Thread}. */
export interface ThreadOptions<Args extends readonly unknown[] = readonly unknown[]> {
  /** The function to run. */
  target?: ((...args: Args) => unknown) | undefined;
  /** The arguments of `target`. They are not copied. */
  args?: readonly [...Args] | undefined;
  /**
   * A human-readable name.
   *
   * @default {"Thread-1", "Thread-2", … with the name of `target` in parentheses}
   */
  name?: string | undefined;
  /**
   * Whether the program may end while the thread runs.
   *
   * @default {the flag of the thread that makes this one}
   */
  daemon?: boolean | undefined;
}

const threadNames: OptionNames<ThreadOptions> = {
  target: true,
  args: true,
  name: "string",
  daemon: "boolean",
};

/** The state of a thread. */
export interface ThreadState extends Fiber {
  phase: "made" | "alive" | "ended";
  target: ((...args: readonly unknown[]) => unknown) | undefined;
  args: readonly unknown[];
  name: string;
  /** The negation of `daemon`. */
  keepAlive: boolean;
  /** The process of `./dummy` that the thread belongs to. */
  process: object | undefined;
  /** Ends the waits of the thread. */
  signal: AbortSignal | undefined;
  /** Called when the thread has ended. */
  onEnd: (() => void) | undefined;
  ident: number | undefined;
  /** Set when the thread ends; `undefined` before it starts. */
  ended: Event | undefined;
  failure: { error: unknown } | undefined;
  /** The local properties of the thread, by the key of their `local()` object. */
  locals: WeakMap<object, object>;
}

const states = new WeakMap<Thread, ThreadState>();

/** Returns the state of a thread. */
export function threadState(thread: Thread): ThreadState {
  const state = states.get(thread);
  if (state === undefined) {
    throw new TypeError("Cannot use thread: its constructor did not run. A thread cannot be sent");
  }
  return state;
}

/**
 * A function that runs concurrently with others in the same isolate. Threads share everything and
 * take turns.
 *
 * - **Threads do not compute in parallel.** The threads of a process share one core and take turns
 *   at each `await`, so a thread that computes without awaiting delays all others. To compute on
 *   all cores, use {@linkcode Process} or {@linkcode Pool}. Use threads to wait for several things
 *   at once, as in Python with the GIL.
 * - **A blocking call blocks all threads**: `queue.getSync()` in one thread keeps the others from
 *   running, even one that would put an item into the queue. Await `queue.get()` instead. A warning
 *   names a thread that blocks others, once.
 * - Functions, closures and objects are shared, not copied. No other thread runs between two
 *   `await`s, so code there needs no lock.
 * - The program, or the worker, does not end before the thread, unless the thread is a daemon. A
 *   daemon does not keep the program alive while it waits with functions of this package, such as
 *   {@linkcode sleep}, queues and locks. Other waits do, for example a timer of `setTimeout`.
 *   `Deno.exit()` does not wait for threads.
 * - A thread that awaits what no other code brings, such as the other parties of a `Barrier`, keeps the
 *   program alive, as in Python: any code of the isolate could still bring it, so that it cannot is not
 *   known. Pass a `timeoutMs` where that may happen.
 * - An uncaught error ends only the thread: {@linkcode excepthook} prints it, and
 *   {@linkcode Thread.error} returns it.
 *
 * Follows Python's `threading.Thread`. To subclass it, override {@linkcode Thread.run}.
 *
 * @example Two threads that take turns
 * ```ts
 * import { sleep } from "@sauropod/multiprocessing";
 * import { Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * const said: string[] = [];
 * const say = async (word: string, times: number) => {
 *   for (let i = 0; i < times; i++) {
 *     said.push(word);
 *     await sleep(10);
 *   }
 * };
 * const threads = ["Tick", "Tock"].map((word) => new Thread({ target: say, args: [word, 2] }));
 * for (const thread of threads) thread.start();
 * for (const thread of threads) await thread.join();
 * assertEquals(said, ["Tick", "Tock", "Tick", "Tock"]);
 * ```
 *
 * @example A subclass
 * ```ts
 * import { Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * class Fetcher extends Thread {
 *   text = "";
 *   constructor(readonly url: string) {
 *     super({ name: `fetcher of ${url}` });
 *   }
 *   override async run() {
 *     this.text = await (await fetch(this.url)).text();
 *   }
 * }
 *
 * const fetcher = new Fetcher("data:,hello");
 * fetcher.start();
 * await fetcher.join();
 * assertEquals(fetcher.text, "hello");
 * ```
 */
export class Thread<Args extends readonly unknown[] = readonly unknown[]>
  implements AsyncDisposable {
  static #namesGiven = 0;

  /**
   * Makes a thread; `start()` starts it.
   *
   * @throws {TypeError} if `target` is not a function, `args` is not an array, or an option does
   * not exist
   */
  constructor(options: ThreadOptions<Args> = {}) {
    checkOptions("make thread", options, threadNames);
    checkTarget("make thread", options, this.run === Thread.prototype.run);
    const { target, args = [] } = options;
    const current = running();
    const creator = current && threadState(current);
    states.set(this, {
      phase: "made",
      target: target as ThreadState["target"],
      args,
      name: options.name ?? Thread.#defaultName(target),
      keepAlive: options.daemon === undefined ? creator?.keepAlive ?? true : !options.daemon,
      process: creator?.process,
      signal: creator?.signal,
      onEnd: undefined,
      ident: undefined,
      ended: undefined,
      failure: undefined,
      locals: new WeakMap(),
    });
  }

  /** Runs the thread. Calls `target`, unless a subclass overrides it. */
  run(): unknown {
    const { target, args } = threadState(this);
    return target?.(...args);
  }

  /**
   * Starts the thread. The thread's code runs only after the caller awaits or returns, so the caller
   * may still hold a lock that the thread needs, as with a {@linkcode Process}. In Python, either may
   * run first.
   *
   * @throws {Error} if it was started before
   */
  start(): void {
    const state = threadState(this);
    if (state.phase !== "made") {
      throw new Error(`Cannot start thread ${state.name}: it was started before. Make a new one`);
    }
    prepareForThreads();
    ensureIsolate();
    state.phase = "alive";
    state.ident = nextId();
    state.ended = new Event();
    aliveThreads.add(this);
    if (state.keepAlive) holdLoop();
    runLaterAs(this, () => runThread(this));
  }

  /**
   * Waits until the thread has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws {DeadlockError} if it is the calling thread
   * @throws the reason of `signal`, if it is aborted first
   */
  async join(options?: WaitOptions): Promise<boolean> {
    return await this.endEvent().wait(options);
  }

  /**
   * Returns whether the thread has ended. Never waits, because blocking would also stop the thread.
   *
   * @returns true if it has ended, false if it has not and `timeoutMs` is 0
   * @throws {DeadlockError} if it has not ended and `timeoutMs` is greater than 0, or is the calling thread
   * @throws {Error} if it was not started
   */
  joinSync(options?: WaitOptions): boolean {
    const deadline = deadlineOf(options);
    if (this.endEvent().isSet()) return true;
    if (deadline === 0) return false;
    throw new DeadlockError(
      `Cannot block until thread ${this.name} has ended: it runs in the isolate that would block, ` +
        `and could never end. Use await thread.join()`,
    );
  }

  /** Returns whether the thread has been started and has not ended. */
  isAlive(): boolean {
    return threadState(this).phase === "alive";
  }

  /** The uncaught error that ended the thread; `undefined` if there is none. */
  get error(): unknown {
    return threadState(this).failure?.error;
  }

  /** The human-readable name. Several threads may have the same. */
  get name(): string {
    return threadState(this).name;
  }
  set name(name: string) {
    checkString("set name of thread", "name", name);
    threadState(this).name = name;
  }

  /**
   * Whether the program, or the worker, may end while the thread runs. Setting it throws an `Error`
   * once the thread was started.
   */
  get daemon(): boolean {
    return !threadState(this).keepAlive;
  }
  set daemon(daemon: boolean) {
    checkBoolean("set daemon of thread", "daemon", daemon);
    const state = threadState(this);
    if (state.phase !== "made") {
      throw new Error(`Cannot set daemon of thread ${state.name}: it was started before`);
    }
    state.keepAlive = !daemon;
  }

  /** The number of the thread, unique in the program; `undefined` before it is started. */
  get ident(): number | undefined {
    return threadState(this).ident;
  }

  /**
   * The `pid` of the process: all its threads share one thread of the operating system. `undefined`
   * before the thread is started.
   */
  get nativeId(): number | undefined {
    return this.ident === undefined ? undefined : i32[thisIsolate + isolateWord.PID];
  }

  /** Waits until the thread has ended, if it was started. */
  async [Symbol.asyncDispose](): Promise<void> {
    await threadState(this).ended?.wait();
  }

  /** Returns the event of its end, if the calling thread may wait for it. */
  private endEvent(): Event {
    const { name, ended } = threadState(this);
    if (ended === undefined) {
      throw new Error(`Cannot join thread ${name}: it was not started. Call start() first`);
    }
    if (running() === this) {
      throw new DeadlockError(
        `Cannot join thread ${name}: it is the calling thread, and would never end`,
      );
    }
    return ended;
  }

  static #defaultName(target: { name: string } | undefined): string {
    const name = `Thread-${++Thread.#namesGiven}`;
    // A function expression in the options has the name `target`, which says nothing.
    return target === undefined || ["", "target"].includes(target.name)
      ? name
      : `${name} (${target.name})`;
  }
}

showStateOf(Thread as { prototype: Thread }, (thread) => {
  const { name, ident, daemon } = thread;
  const unstarted = threadState(thread).phase === "made" ? "initial" : "stopped";
  return {
    name,
    ...(ident === undefined ? {} : { ident }),
    daemon,
    state: thread.isAlive() ? "started" : unstarted,
    ...(thread as object),
  };
});

/** Runs a thread from its beginning to its end. */
async function runThread(thread: Thread): Promise<void> {
  const state = threadState(thread);
  try {
    await thread.run();
  } catch (error) {
    if (state.phase === "alive" && !stopRequested() && !state.signal?.aborted) {
      state.failure = { error };
      await callExcepthook({ error, thread });
    }
  } finally {
    finishThread(thread);
  }
}

/** Marks the thread as ended, unless it has ended before. */
export function finishThread(thread: Thread): void {
  const state = threadState(thread);
  if (state.phase !== "alive") return;
  state.phase = "ended";
  state.target = undefined; // so that target and arguments can be collected
  state.args = [];
  state.locals = new WeakMap();
  aliveThreads.delete(thread);
  if (state.keepAlive) releaseLoop();
  if (!stopRequested()) state.ended!.set(); // otherwise nothing of this isolate waits any more
  state.onEnd?.();
}

/** Prepares this isolate for threads, once. */
export function prepareForThreads(): void {
  if (hooks.currentFiber !== undefined) return;
  installHooks({
    currentFiber() {
      const thread = running();
      return thread === undefined ? undefined : threadState(thread);
    },
    beforeEnd: nonDaemonsEnded,
  });
  warnAboutBlocking();
}

/** Waits until only daemons are left. Threads that are started meanwhile are waited for, too. */
async function nonDaemonsEnded(): Promise<void> {
  for (const thread of aliveThreads) {
    if (!thread.daemon) await threadState(thread).ended!.wait();
  }
}
