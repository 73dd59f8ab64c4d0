// The declarations of lib/threading/current.ts

import type { Thread } from "./thread.d.ts";

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
export declare function mainThread(): Thread;

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
export declare function currentThread(): Thread;

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
export declare function enumerate(): Thread[];

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
export declare function activeCount(): number;

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
export declare function getIdent(): number;

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
export declare function getNativeId(): number;

export {};
