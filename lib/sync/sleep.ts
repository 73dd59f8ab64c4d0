/**
 * Sleeping for a time: a wait in a queue in which nobody is ever woken.
 *
 * @module
 */

import { checkOptions } from "../arguments/options.ts";
import { describe } from "../arguments/describe.ts";
import { i32 } from "../heap/views.ts";
import { ensureIsolate, isolateWord, recordWord, thisIsolate } from "../heap/isolate_record.ts";
import { awaitOn, blockOn, type Steps } from "../parking/wait.ts";
import { QUEUE_WORDS } from "../parking/wait_queue.ts";

/** Word of the isolate record: queue in which the isolate sleeps for a time, and no waiter is woken. */
const SLEEP_QUEUE = recordWord(23, "queue of sleeps", QUEUE_WORDS);

function* sleeping(ms: number): Steps<void> {
  const end = performance.now() + ms;
  ensureIsolate();
  const word = thisIsolate + isolateWord.PID; // never changes
  do yield { queue: thisIsolate + SLEEP_QUEUE, word, expected: i32[word] }; while (
    performance.now() < end
  ); // timers are up to a millisecond early, and end at 2^31 ms
}

/** A sleep of no time sleeps all the same: for one turn of the event loop. */
function timeoutFor(ms: number): number {
  if (typeof ms !== "number" || Number.isNaN(ms)) {
    throw new TypeError(`Cannot sleep: ms must be a number of milliseconds, not ${describe(ms)}`);
  }
  return Math.max(ms, Number.MIN_VALUE);
}

/**
 * Sleeps for some milliseconds; everything else goes on.
 *
 * - A sleep of 0 gives everything else a turn.
 * - It keeps the program alive, unless a daemon {@linkcode Thread} sleeps.
 *
 * Follows Python's `time.sleep`, which lets other threads go on.
 *
 * @param ms how long, in milliseconds
 * @throws {TypeError} if `ms` is not a number
 * @throws the reason of `signal`, if that is aborted first
 *
 * @example Two threads that take turns
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
  await awaitOn(sleeping(ms), { timeoutMs: timeoutFor(ms), signal: options?.signal });
  if (ms <= 0) await new Promise((resolve) => setTimeout(resolve, 0)); // it did not wait at all
}

/**
 * Blocks the thread for some milliseconds. A worker that is terminated does not sleep to the end.
 *
 * Follows Python's `time.sleep`.
 *
 * @param ms how long, in milliseconds
 * @throws {TypeError} if `ms` is not a number
 * @throws {TerminatedError} if this worker is told to end
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
  blockOn(sleeping(ms), { timeoutMs: timeoutFor(ms) });
}
