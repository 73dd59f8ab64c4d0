// The declarations of lib/channels/wait_any.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";
import type { Waitable } from "../parking/readiness.d.ts";

/**
 * Waits until at least one of several things is ready, and returns all that are.
 *
 * | what | is ready when | then does not wait |
 * |---|---|---|
 * | `Connection` | a message came, or the other end is gone | `recv()` |
 * | a queue | it has an item, or is closed | `get()` |
 * | `Event` | it is set | `wait()` |
 * | `Process` | it has ended | `join()` |
 * | `Listener` | a client has connected, or it is closed | `accept()` |
 *
 * - It takes nothing. If others receive from the same queue they may be faster: take with a
 *   `timeoutMs`, or by `tryGet`.
 * - An event that is set and cleared again while this waits counts as ready.
 * - A connection that was sent to a worker is open here again, as with `poll()`.
 *
 * Follows Python's `multiprocessing.connection.wait`. It is also exported as `waitAny`. For promises
 * there is `Promise.race`.
 *
 * @typeParam T what is waited for
 * @param objects what is waited for
 * @param options `timeoutMs` of 0 or less: look only
 * @returns those that are ready, in the order given; none if `timeoutMs` passed first, or if there
 * is nothing to wait for
 * @throws {TypeError} if one of them cannot be waited for; the message names its index
 * @throws {ClosedError} if a connection was closed here
 * @throws {Error} if a process was not started
 * @throws the reason of `signal`, if that is aborted first
 *
 * @example Whoever is first
 * ```ts
 * import { Event, Pipe, waitAny } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const [here, there] = Pipe<string>();
 * const stop = new Event();
 * assertEquals(await wait([here, stop], { timeoutMs: 1 }), []);
 * setTimeout(() => there.sendSync("hello"), 5);
 * for (const ready of await wait([here, stop])) {
 *   if (ready instanceof Event) break;
 *   assertEquals(await ready.recv(), "hello");
 * }
 * ```
 */
export declare function waitAny<T extends Waitable>(
  objects: Iterable<T>,
  options?: WaitOptions,
): Promise<T[]>;

/**
 * As {@linkcode waitAny}, blocking the thread.
 *
 * @typeParam T what is waited for
 * @param objects what is waited for
 * @param options `timeoutMs` of 0 or less: look only
 * @returns those that are ready, in the order given; none if `timeoutMs` passed first, or if there
 * is nothing to wait for
 * @throws {TypeError} if one of them cannot be waited for; the message names its index
 * @throws {ClosedError} if a connection was closed here
 * @throws {Error} if a process was not started
 * @throws {TerminatedError} if this worker is told to end
 *
 * @example All that are ready
 * ```ts
 * import { Process, Queue, waitAnySync } from "@sauropod/multiprocessing";
 * import { assertEquals } from "@std/assert";
 *
 * const queues = [new Queue<number>(), new Queue<number>(), new Queue<number>()];
 * queues[2].putSync(1);
 * queues[0].putSync(2);
 * assertEquals(waitSync(queues), [queues[0], queues[2]]);
 *
 * const process = new Process({ target: () => {} });
 * process.start();
 * assertEquals(waitSync([queues[1], process]), [process]);
 * await process.join();
 * ```
 */
export declare function waitAnySync<T extends Waitable>(
  objects: Iterable<T>,
  options?: WaitOptions,
): T[];

export {};
