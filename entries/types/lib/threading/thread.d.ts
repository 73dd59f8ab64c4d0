// The declarations of lib/threading/thread.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

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
export declare class Thread<Args extends readonly unknown[] = readonly unknown[]>
  implements AsyncDisposable {
  /**
   * Makes a thread; `start()` starts it.
   *
   * @throws {TypeError} if `target` is not a function, `args` not an array, or there is no such option
   */
  constructor(options?: ThreadOptions<Args>);
  /** What the thread does: calls `target` unless a subclass says otherwise. */
  run(): unknown;
  /**
   * Starts the thread. Its code does not begin inside this call, but as soon as the caller awaits
   * something or is done. (In Python either may come first. A {@linkcode Process} does not begin
   * inside the call either, and a caller may hold what the thread wants first.)
   *
   * @throws {Error} if it was started before
   */
  start(): void;
  /**
   * Waits until the thread has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started, or is the one that calls
   * @throws the reason of `signal`, if that is aborted first
   */
  join(options?: WaitOptions): Promise<boolean>;
  /**
   * Tells that the thread has ended, if it has. It cannot wait for that: the thread that it would
   * block is the one that all threads of the process run on.
   *
   * @returns true if it has ended, false if it has not and `timeoutMs` is 0
   * @throws {DeadlockError} if it has not ended and would be waited for
   * @throws {Error} if it was not started, or is the one that calls
   */
  joinSync(options?: WaitOptions): boolean;
  /** Whether the thread has been started and has not ended. */
  isAlive(): boolean;
  /** The error that left the thread; `undefined` if none did. */
  get error(): unknown;
  /** Its name, for people to read; several threads may have the same. */
  get name(): string;
  set name(name: string);
  /**
   * Whether the program, or the worker, may end while it runs. To be set before it is started.
   *
   * Setting it throws an `Error` if the thread was started.
   */
  get daemon(): boolean;
  set daemon(daemon: boolean);
  /** Its number, unique in the program; `undefined` before it is started. */
  get ident(): number | undefined;
  /**
   * The number of what it really runs on: the `pid` of its process, the same for all threads of a
   * process; `undefined` before it is started.
   */
  get nativeId(): number | undefined;
  /** Waits until the thread has ended, if it was started: `await using thread = …` does so. */
  [Symbol.asyncDispose](): Promise<void>;
  /** The event of its end. */
  private joinable;
}

export {};
