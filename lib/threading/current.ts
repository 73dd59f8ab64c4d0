/**
 * The threads that there are.
 *
 * @module
 */

import { i32 } from "../heap/views.ts";
import { ensureIsolate, isolateWord, thisIsolate } from "../heap/isolate_record.ts";
import { alive, MAIN_NAME, running } from "./running.ts";
import { Thread } from "./thread.ts";

/** The thread that runs what no other does. Nobody started it and it does not end by itself. */
class MainThread extends Thread {
  constructor() {
    super({ name: MAIN_NAME, daemon: false });
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

function cannotJoin({ name }: Thread): Error {
  return new Error(`Cannot join thread ${name}: it does not end before its process does`);
}

let main: Thread | undefined;

/**
 * The thread that runs what no other thread does: the main module of the program, or the order of a
 * worker.
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
  return main ??= new MainThread();
}

/**
 * The thread that runs this code: the one that called the function, however many `await`s ago.
 *
 * Follows Python's `threading.current_thread`.
 *
 * @example Each knows itself
 * ```ts
 * import { sleep } from "@sauropod/multiprocessing";
 * import { currentThread, Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * const names: string[] = [];
 * const tell = async () => {
 *   await sleep(1);
 *   names.push(currentThread().name);
 * };
 * const threads = ["a", "b"].map((name) => new Thread({ target: tell, name }));
 * for (const thread of threads) thread.start();
 * for (const thread of threads) await thread.join();
 * assertEquals(names.sort(), ["a", "b"]);
 * ```
 */
export function currentThread(): Thread {
  return running() ?? mainThread();
}

/**
 * The threads of this process that are alive: the main one, then the others in the order in which
 * they were started.
 *
 * Follows Python's `threading.enumerate`.
 *
 * @example All of them
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
  return [mainThread(), ...alive];
}

/**
 * Number of threads of this process that are alive, the main one included.
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
  return 1 + alive.size;
}

/**
 * The number of the thread that runs this code, unique in the program. That of the main thread is the
 * `pid` of its process.
 *
 * Follows Python's `threading.get_ident`.
 *
 * @example As the thread itself has it
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
 * The number of what this code really runs on: the `pid` of this process, whichever of its threads
 * calls.
 *
 * Follows Python's `threading.get_native_id`.
 *
 * @example Threads of a process run on one
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
