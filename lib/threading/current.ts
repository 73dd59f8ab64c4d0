/**
 * The current thread, the main thread and the list of all.
 *
 * @module
 */

import { DeadlockError } from "../errors.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate, isolateWord, thisIsolate } from "../heap/isolate_record.ts";
import { aliveThreads, MAIN_NAME, running } from "./running.ts";
import { Thread } from "./thread.ts";

/** The thread of all code that no other thread runs. It is never started and never ends. */
class MainThread extends Thread {
  static #instance: MainThread | undefined;

  static get instance(): MainThread {
    return MainThread.#instance ??= new MainThread();
  }

  constructor() {
    super({ name: MAIN_NAME });
  }
  override start(): void {
    throw new Error(`Cannot start thread ${this.name}: it was started before. Make a new one`);
  }
  override join(): Promise<boolean> {
    return Promise.reject(cannotJoin(this));
  }
  override joinSync(): boolean {
    throw cannotJoin(this);
  }
  override isAlive(): boolean {
    return true;
  }
  override get daemon(): boolean {
    return false;
  }
  override set daemon(_daemon: boolean) {
    throw new Error(`Cannot set daemon of thread ${this.name}: it was started before`);
  }
  override get ident(): number {
    return getNativeId();
  }
}

function cannotJoin({ name }: Thread): DeadlockError {
  return new DeadlockError(`Cannot join thread ${name}: it does not end before its process does`);
}

/**
 * Returns the thread of all code that no other thread runs: the main module of the program, or the
 * target of a worker.
 *
 * Follows Python's `threading.main_thread`.
 *
 * @example Where the program begins
 * ```ts
 * import { currentThread, mainThread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals, assertStrictEquals } from "@std/assert";
 *
 * assertStrictEquals(currentThread(), mainThread());
 * assertEquals(mainThread().name, "MainThread");
 * ```
 */
export function mainThread(): Thread {
  return MainThread.instance;
}

/**
 * Returns the thread that runs the calling code, also after any number of `await`s.
 *
 * Follows Python's `threading.current_thread`.
 *
 * @example The name of each thread
 * ```ts
 * import { sleep } from "@sauropod/multiprocessing";
 * import { currentThread, Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * const names: string[] = [];
 * const pushName = async () => {
 *   await sleep(1);
 *   names.push(currentThread().name);
 * };
 * const threads = ["a", "b"].map((name) => new Thread({ target: pushName, name }));
 * for (const thread of threads) thread.start();
 * for (const thread of threads) await thread.join();
 * assertEquals(names.sort(), ["a", "b"]);
 * ```
 */
export function currentThread(): Thread {
  return running() ?? mainThread();
}

/**
 * Returns the threads of this process that are alive: the main thread, then the others in the order
 * in which they were started.
 *
 * Follows Python's `threading.enumerate`.
 *
 * @example All threads
 * ```ts
 * import { enumerate, Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * await using thread = new Thread({ target: () => {}, name: "short" });
 * thread.start();
 * assertEquals(enumerate().map(({ name }) => name), ["MainThread", "short"]);
 * ```
 */
export function enumerate(): Thread[] {
  return [mainThread(), ...aliveThreads];
}

/**
 * Returns the number of threads of this process that are alive, including the main thread.
 *
 * Follows Python's `threading.active_count`.
 *
 * @example The main thread alone
 * ```ts
 * import { activeCount } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(activeCount(), 1);
 * ```
 */
export function activeCount(): number {
  return 1 + aliveThreads.size;
}

/**
 * Returns the number of the current thread, unique in the program. The number of the main thread is
 * the `pid` of its process.
 *
 * Follows Python's `threading.get_ident`.
 *
 * @example The same as `ident`
 * ```ts
 * import { currentThread, getIdent } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getIdent(), currentThread().ident);
 * ```
 */
export function getIdent(): number {
  return currentThread().ident!;
}

/**
 * Returns the `pid` of this process, in all of its threads: they share one thread of the operating
 * system.
 *
 * Follows Python's `threading.get_native_id`.
 *
 * @example The pid of the process
 * ```ts
 * import { currentProcess } from "@sauropod/multiprocessing";
 * import { getNativeId } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getNativeId(), currentProcess().pid);
 * ```
 */
export function getNativeId(): number {
  ensureIsolate();
  return i32[thisIsolate + isolateWord.PID];
}
