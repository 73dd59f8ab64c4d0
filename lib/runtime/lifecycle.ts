/**
 * The end of a thread, and waiting for it.
 *
 * Whoever knows first that a thread has ended says so to all who depend on it: the thread itself
 * when it returns, fails or exits, another one that terminates it.
 *
 * @module
 */

import { ERROR, EXIT_CHANNEL, EXIT_MESSAGE, START_REQUEST } from "./words.ts";
import { i32 } from "../heap/views.ts";
import { dropRef, markAllHeldUnreachable, notifyUnreachable } from "../objects/shared_object.ts";
import {
  Control,
  exitCodeOf,
  hasEnded,
  isolateWord,
  LIVE_WORKERS,
  postControl,
  publishEnd,
  thisIsolate,
} from "../heap/isolate_record.ts";
import { ParkResult, type Steps } from "../parking/wait.ts";
import { removeWaitersOf, wakeAll, wakeWaitersOnOwner } from "../parking/wait_queue.ts";
import { pushBlock } from "../channels/channel.ts";
import { NeedsImport } from "../codec/decoder.ts";
import { freeMessage, sharedObjectsIn, storeValue, takeValue } from "../codec/message.ts";

/** Exit codes of threads that were ended by others: minus the number of Unix's signal, as in Python. */
export const ExitCode = { RETURNED: 0, FAILED: 1, TERMINATED: -15, KILLED: -9 } as const;

/**
 * Declares a thread ended and tells all who depend on it.
 *
 * The thread itself, if it still runs, learns it before they do, so that none of its waits ends
 * because of its own end with anything but `TerminatedError`.
 *
 * @returns false if that was done before
 */
export function endIsolate(record: number, exitCode: number): boolean {
  if (!publishEnd(record, exitCode)) return false;
  Atomics.or(i32, record + isolateWord.CONTROL, Control.STOP);
  markAllHeldUnreachable(record); // ends of pipes
  removeWaitersOf(record); // wake-ups it did not use go to others
  wakeWaitersOnOwner(record); // locks it held
  const will = Atomics.exchange(i32, record + EXIT_MESSAGE, 0);
  if (will !== 0) pushBlock(i32[record + EXIT_CHANNEL], will);
  Atomics.sub(i32, LIVE_WORKERS, 1); // when none is left, nothing more is to come
  wakeAll(record + isolateWord.ENDED_QUEUE);
  return true;
}

/**
 * Tells all that is in the order of a thread which has ended before it had read it that nobody will
 * get it. The thread may be reading still, so the message stays until {@linkcode freeStartRequest}.
 */
export function cancelStartRequest(record: number): void {
  const word = record + START_REQUEST;
  const order = Atomics.load(i32, word);
  if (order <= 0 || Atomics.compareExchange(i32, word, order, -order) !== order) return;
  sharedObjectsIn(order).forEach(notifyUnreachable);
}

/** Lets go of the order that a thread had not read when it ended, once its JavaScript has stopped. */
export function freeStartRequest(record: number): void {
  const order = -Atomics.exchange(i32, record + START_REQUEST, 0);
  if (order <= 0) return;
  sharedObjectsIn(order).forEach(dropRef);
  freeMessage(order);
}

/**
 * Declares a thread ended without waiting for it, and asks it to end. In this order, so that what it
 * does while the request passes through it, such as releasing a lock, comes after its end.
 */
export function stopIsolate(record: number, exitCode: number): void {
  endIsolate(record, exitCode);
  cancelStartRequest(record);
  postControl(record, Control.STOP);
}

/** Says that this thread's JavaScript has stopped. */
export function acknowledgeEnd(): void {
  Atomics.store(i32, thisIsolate + isolateWord.ACKNOWLEDGED, 1);
  wakeAll(thisIsolate + isolateWord.ENDED_QUEUE);
}

/** Keeps the error that ends this thread for its parent. */
export function publishError(error: unknown): void {
  let message: number;
  try {
    message = storeValue(error, "error");
  } catch (reason) {
    message = storeValue(new Error(String(error), { cause: reason }), "error");
  }
  Atomics.store(i32, thisIsolate + ERROR, message);
}

/** Takes the error that ended a thread, if there is one, out of its record. */
export function takeError(record: number): { error: unknown } | undefined {
  const message = Atomics.exchange(i32, record + ERROR, 0);
  if (message === 0) return undefined;
  try {
    return { error: takeValue(message) };
  } catch (error) {
    if (!(error instanceof NeedsImport)) throw error;
    return { error: new Error("The worker's error is of a class that is not registered here") };
  }
}

let goingOn: (() => Promise<void>) | undefined;

/** Says what a worker waits for between the end of its order and its own. */
export function setBeforeEnd(wait: () => Promise<void>): void {
  goingOn = wait;
}

/** Waits for what goes on in this worker when its order has ended. */
export async function beforeEnd(): Promise<void> {
  await goingOn?.();
}

/** Steps of waiting for the end of a thread: its exit code, or `undefined` if the time is up. */
export function* waitingForEnd(record: number): Steps<number | undefined> {
  const word = record + isolateWord.STATE;
  for (;;) {
    const seen = Atomics.load(i32, word);
    if (hasEnded(record)) return exitCodeOf(record);
    const outcome = yield { queue: record + isolateWord.ENDED_QUEUE, word, expected: seen };
    if (outcome === ParkResult.TIMED_OUT) return undefined;
  }
}

/** Steps of waiting until a thread that has ended does not compute any more: whether it does not. */
export function* waitingForQuiescence(record: number): Steps<boolean> {
  const word = record + isolateWord.ACKNOWLEDGED;
  while (Atomics.load(i32, word) === 0) {
    const outcome = yield { queue: record + isolateWord.ENDED_QUEUE, word, expected: 0 };
    if (outcome === ParkResult.TIMED_OUT) return Atomics.load(i32, word) !== 0;
  }
  return true;
}
