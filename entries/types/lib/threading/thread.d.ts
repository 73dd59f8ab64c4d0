// The declarations of lib/threading/thread.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

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
export declare class Thread<Args extends readonly unknown[] = readonly unknown[]>
  implements AsyncDisposable {
  #private;
  /**
   * Makes a thread; `start()` starts it.
   *
   * @throws {TypeError} if `target` is not a function, `args` is not an array, or an option does
   * not exist
   */
  constructor(options?: ThreadOptions<Args>);
  /** Runs the thread. Calls `target`, unless a subclass overrides it. */
  run(): unknown;
  /**
   * Starts the thread. The thread's code runs only after the caller awaits or returns, so the caller
   * may still hold a lock that the thread needs, as with a {@linkcode Process}. In Python, either may
   * run first.
   *
   * @throws {Error} if it was started before
   */
  start(): void;
  /**
   * Waits until the thread has ended.
   *
   * @returns true once it has ended, false if `timeoutMs` passed first
   * @throws {Error} if it was not started
   * @throws {DeadlockError} if it is the calling thread
   * @throws the reason of `signal`, if it is aborted first
   */
  join(options?: WaitOptions): Promise<boolean>;
  /**
   * Returns whether the thread has ended. Never waits, because blocking would also stop the thread.
   *
   * @returns true if it has ended, false if it has not and `timeoutMs` is 0
   * @throws {DeadlockError} if it has not ended and `timeoutMs` is greater than 0, or is the calling thread
   * @throws {Error} if it was not started
   */
  joinSync(options?: WaitOptions): boolean;
  /** Returns whether the thread has been started and has not ended. */
  isAlive(): boolean;
  /** The uncaught error that ended the thread; `undefined` if there is none. */
  get error(): unknown;
  /** The human-readable name. Several threads may have the same. */
  get name(): string;
  set name(name: string);
  /**
   * Whether the program, or the worker, may end while the thread runs. Setting it throws an `Error`
   * once the thread was started.
   */
  get daemon(): boolean;
  set daemon(daemon: boolean);
  /** The number of the thread, unique in the program; `undefined` before it is started. */
  get ident(): number | undefined;
  /**
   * The `pid` of the process: all its threads share one thread of the operating system. `undefined`
   * before the thread is started.
   */
  get nativeId(): number | undefined;
  /** Waits until the thread has ended, if it was started. */
  [Symbol.asyncDispose](): Promise<void>;
  /** Returns the event of its end, if the calling thread may wait for it. */
  private endEvent;
}

export {};
