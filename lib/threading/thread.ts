/**
 * Functions that run concurrently in one isolate.
 *
 * @module
 */

import { DeadlockError } from "../errors.ts";
import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { i32 } from "../heap/views.ts";
import { checkOptions, checkTarget, type OptionNames } from "../arguments/options.ts";
import {
  ensureIsolate,
  isolateWord,
  nextId,
  stopRequested,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { holdLoop, releaseLoop } from "../parking/keep_alive.ts";
import { type Fiber, installHooks } from "../heap/hooks.ts";
import { Event } from "../sync/event.ts";
import { watchBlocking } from "./blocking.ts";
import { callExcepthook } from "./excepthook.ts";
import { alive, runAs, running } from "./running.ts";

/** Options of a {@linkcode Thread}. */
export interface ThreadOptions<Args extends readonly unknown[] = readonly unknown[]> {
  /** What the thread runs. */
  target?: (...args: Args) => unknown;
  /** The arguments of `target`, which gets these very objects and no copies. */
  args?: readonly [...Args];
  /**
   * A name for people to read.
   *
   * @default {"Thread-1", "Thread-2", … and the name of `target` in brackets}
   */
  name?: string;
  /**
   * Whether the program may end while the thread runs.
   *
   * @default {the flag of the thread that makes this one}
   */
  daemon?: boolean;
}

const threadNames: OptionNames<ThreadOptions> = {
  target: true,
  args: true,
  name: true,
  daemon: true,
};

/** What a thread consists of. */
export interface ThreadState extends Fiber {
  phase: "made" | "alive" | "ended";
  target: ((...args: readonly unknown[]) => unknown) | undefined;
  args: readonly unknown[];
  name: string;
  /** The opposite of `daemon`. */
  keepAlive: boolean;
  /** The process of `./dummy` that it belongs to, and what ends its waits. */
  process: object | undefined;
  signal: AbortSignal | undefined;
  /** Called when it has ended. */
  onEnd: (() => void) | undefined;
  ident: number | undefined;
  /** Set when it ends; made when it starts. */
  ended: Event | undefined;
  failure: { error: unknown } | undefined;
  /** Its attributes, by the `local()` that they belong to. */
  locals: WeakMap<object, object>;
}

const states = new WeakMap<Thread, ThreadState>();

/** What the thread consists of. */
export function threadState(thread: Thread): ThreadState {
  const it = states.get(thread);
  if (it === undefined) {
    throw new TypeError("Cannot use thread: its constructor did not run. A thread cannot be sent");
  }
  return it;
}

let defaultNames = 0;

/**
 * A function that runs concurrently with others in the same isolate: they share everything, and take
 * turns.
 *
 * - **It is no faster.** A thread has no core of its own. The threads of a process take turns at each
 *   `await`, so what computes without awaiting holds up all of them. For computing on all cores
 *   there are {@linkcode Process} and {@linkcode Pool}; threads are for waiting for several things
 *   at once, as Python's are under its global interpreter lock.
 * - **A blocking call blocks them all**: `queue.getSync()` in one thread keeps the others from
 *   running, even the one that would put something into the queue. Await `queue.get()`. A thread that
 *   blocks others is named on stderr, once.
 * - Functions, closures and objects are shared, not copied. Between two `await`s nobody else runs, so
 *   what happens there needs no lock.
 * - The program, or the worker, does not end before it, unless it is a daemon. A daemon does not keep
 *   the program alive while it waits by what this package offers: {@linkcode sleep}, queues, locks.
 *   Other things do as always, a timer of `setTimeout` for instance. `Deno.exit()` waits for nobody.
 * - An error that leaves it ends it and nothing else: {@linkcode excepthook} prints it, and
 *   {@linkcode Thread.error} has it.
 *
 * Follows Python's `threading.Thread`. To subclass it, override {@linkcode Thread.run}.
 *
 * @example Two that take turns
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
  /**
   * Makes a thread; `start()` starts it.
   *
   * @throws {TypeError} if `target` is not a function, `args` not an array, or there is no such option
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
      name: options.name ?? defaultName(target),
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

  /** What the thread does: calls `target` unless a subclass says otherwise. */
  run(): unknown {
    const { target, args } = threadState(this);
    return target?.(...args);
  }

  /**
   * Starts the thread. Its code does not begin inside this call, but as soon as the caller awaits
   * something or is done. (In Python either may come first. A {@linkcode Process} does not begin
   * inside the call either, and a caller may hold what the thread wants first.)
   *
   * @throws {Error} if it was started before
   */
  start(): void {
    const it = threadState(this);
    if (it.phase !== "made") {
      throw new Error(`Cannot start thread ${it.name}: it was started before. Make a new one`);
    }
    watch();
    ensureIsolate();
    it.phase = "alive";
    it.ident = nextId();
    it.ended = new Event();
    alive.add(this);
    if (it.keepAlive) holdLoop();
    runAs(this, () => live(this));
  }

  /**
   * Waits until the thread has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started, or is the one that calls
   * @throws the reason of `signal`, if that is aborted first
   */
  async join(options?: WaitOptions): Promise<boolean> {
    return await this.joinable().wait(options);
  }

  /**
   * Tells that the thread has ended, if it has. It cannot wait for that: the thread that it would
   * block is the one that all threads of the process run on.
   *
   * @returns true if it has ended, false if it has not and `timeoutMs` is 0
   * @throws {DeadlockError} if it has not ended and would be waited for
   * @throws {Error} if it was not started, or is the one that calls
   */
  joinSync(options?: WaitOptions): boolean {
    const deadline = deadlineOf(options);
    if (this.joinable().isSet()) return true;
    if (deadline === 0) return false;
    throw new DeadlockError(
      `Cannot block until thread ${this.name} has ended: it runs on the very thread that would ` +
        `block, and could never end. Use await thread.join()`,
    );
  }

  /** Whether the thread has been started and has not ended. */
  isAlive(): boolean {
    return threadState(this).phase === "alive";
  }

  /** The error that left the thread; `undefined` if none did. */
  get error(): unknown {
    return threadState(this).failure?.error;
  }

  /** Its name, for people to read; several threads may have the same. */
  get name(): string {
    return threadState(this).name;
  }
  set name(name: string) {
    threadState(this).name = String(name);
  }

  /**
   * Whether the program, or the worker, may end while it runs. To be set before it is started.
   *
   * Setting it throws an `Error` if the thread was started.
   */
  get daemon(): boolean {
    return !threadState(this).keepAlive;
  }
  set daemon(daemon: boolean) {
    const it = threadState(this);
    if (it.phase !== "made") {
      throw new Error(`Cannot set daemon of thread ${it.name}: it was started before`);
    }
    it.keepAlive = !daemon;
  }

  /** Its number, unique in the program; `undefined` before it is started. */
  get ident(): number | undefined {
    return threadState(this).ident;
  }

  /**
   * The number of what it really runs on: the `pid` of its process, the same for all threads of a
   * process; `undefined` before it is started.
   */
  get nativeId(): number | undefined {
    return this.ident === undefined ? undefined : i32[thisIsolate + isolateWord.PID];
  }

  /** Waits until the thread has ended, if it was started: `await using thread = …` does so. */
  async [Symbol.asyncDispose](): Promise<void> {
    await threadState(this).ended?.wait();
  }

  /** The event of its end. */
  private joinable(): Event {
    const { name, ended } = threadState(this);
    if (ended === undefined) throw new Error(`Cannot join thread ${name}: it was not started`);
    if (running() === this) {
      throw new Error(`Cannot join thread ${name}: it is the one that calls, and would never end`);
    }
    return ended;
  }
}

/** Functions written in the options get the name `target`, which tells nothing. */
function defaultName(target: { name: string } | undefined): string {
  const name = `Thread-${++defaultNames}`;
  return target === undefined || ["", "target"].includes(target.name)
    ? name
    : `${name} (${target.name})`;
}

/** What a thread does from its beginning to its end. */
async function live(thread: Thread): Promise<void> {
  const it = threadState(thread);
  try {
    await thread.run();
  } catch (error) {
    if (it.phase === "alive" && !stopRequested() && !it.signal?.aborted) {
      it.failure = { error };
      await callExcepthook({ error, thread });
    }
  } finally {
    finishThread(thread);
  }
}

/** Declares the thread ended, if nobody did before. */
export function finishThread(thread: Thread): void {
  const it = threadState(thread);
  if (it.phase !== "alive") return;
  it.phase = "ended";
  it.target = undefined; // so that the arguments can be collected
  it.args = [];
  it.locals = new WeakMap();
  alive.delete(thread);
  if (it.keepAlive) releaseLoop();
  it.ended!.set();
  it.onEnd?.();
}

let watching = false;

/** Prepares this isolate for threads. */
export function watch(): void {
  if (watching) return;
  watching = true;
  installHooks({
    currentFiber() {
      const thread = running();
      return thread === undefined ? undefined : threadState(thread);
    },
    beforeEnd: othersEnded,
  });
  watchBlocking();
}

/** Waits until no thread is left that is not a daemon; they may start others meanwhile. */
async function othersEnded(): Promise<void> {
  for (const thread of alive) {
    if (!thread.daemon) await threadState(thread).ended!.wait();
  }
}
