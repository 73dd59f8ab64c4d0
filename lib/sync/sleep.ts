/**
 * Sleeping for a time: a timed wait in a queue that no waker uses.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { checkMilliseconds } from "../arguments/values.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate, isolateWord, recordWord, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn, blockOn, ParkResult, type Steps } from "../parking/wait.ts";
import { QUEUE_WORDS } from "../parking/wait_queue.ts";

/** Word of the isolate record: the queue in which the isolate sleeps, and no waiter is woken. */
const SLEEP_QUEUE = recordWord(23, "queue of sleeps", QUEUE_WORDS);

function* sleeping(): Steps<void> {
  ensureIsolate();
  const word = thisIsolate + isolateWord.PID; // never changes
  const park = { queue: thisIsolate + SLEEP_QUEUE, word, expected: i32[word] };
  while ((yield park) !== ParkResult.TIMED_OUT);
}

/** The timeout of a sleep. It is never 0, so that the shortest sleep still yields once. */
function timeoutFor(ms: number): number {
  checkMilliseconds("sleep", "ms", ms);
  return Math.max(ms, Number.MIN_VALUE);
}

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
export async function sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void> {
  checkOptions("sleep", options, { signal: true });
  await awaitOn(sleeping(), { timeoutMs: timeoutFor(ms), signal: options?.signal });
  if (ms <= 0) await new Promise((resolve) => setTimeout(resolve, 0)); // the wait ended at once
}

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
export function sleepSync(ms: number): void {
  blockOn(sleeping(), { timeoutMs: timeoutFor(ms) });
}
