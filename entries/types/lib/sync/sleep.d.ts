// The declarations of lib/sync/sleep.ts

/**
 * Waits for a number of milliseconds, while other code of the isolate runs.
 *
 * - A sleep of 0 ms or less lasts for one turn of the event loop.
 * - The program stays alive during the sleep, unless the caller is a daemon {@linkcode Thread}.
 *
 * Follows Python's `time.sleep`, during which other threads run.
 *
 * @param ms how long to sleep, in milliseconds
 * @throws {TypeError} if `ms` is not a number
 * @throws {RangeError} if `ms` is NaN
 * @throws the reason of `signal`, if it is aborted first
 *
 * @example Two threads that alternate
 * ```ts
 * import { sleep } from "@sauropod/multiprocessing";
 * import { Thread } from "@sauropod/multiprocessing/threading";
 * import { assertEquals } from "@std/assert";
 *
 * const said: string[] = [];
 * const thread = new Thread({
 *   target: async () => {
 *     said.push("Tick");
 *     await sleep(20);
 *     said.push("Tock");
 *   },
 * });
 * thread.start();
 * await sleep(0);
 * said.push("meanwhile");
 * await thread.join();
 * assertEquals(said, ["Tick", "meanwhile", "Tock"]);
 * ```
 */
export declare function sleep(ms: number, options?: {
  signal?: AbortSignal;
}): Promise<void>;

/**
 * Blocks the isolate for a number of milliseconds. The termination of the worker interrupts the
 * sleep.
 *
 * Follows Python's `time.sleep`.
 *
 * @param ms how long to sleep, in milliseconds
 * @throws {TypeError} if `ms` is not a number
 * @throws {RangeError} if `ms` is NaN
 * @throws {TerminatedError} if this worker is terminated
 *
 * @example A blocking pause
 * ```ts
 * import { sleepSync } from "@sauropod/multiprocessing";
 * import { assert } from "@std/assert";
 *
 * const start = performance.now();
 * sleepSync(5);
 * assert(performance.now() - start >= 5);
 * ```
 */
export declare function sleepSync(ms: number): void;

export {};
