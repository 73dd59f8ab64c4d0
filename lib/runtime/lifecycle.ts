/**
 * The end of an isolate, and waiting for it.
 *
 * The isolate that first knows of an end publishes it and notifies the isolates that depend on the ended
 * one: the isolate itself if it returns, fails or exits; another one if that terminates it.
 *
 * @module
 */

import { ERROR, EXIT_CHANNEL, EXIT_MESSAGE, LEAVES, START_REQUEST } from "./words.ts";
import { allocateUrgent } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import {
  type Destination,
  dropRef,
  markAllHeldUnreachable,
  notifyNeverReached,
} from "../objects/shared_object.ts";
import {
  Control,
  exitCodeOf,
  forEachLiveIsolate,
  hasEnded,
  type IsolateAddress,
  isolateWord,
  LIVE_WORKERS,
  publishEnd,
  thisIsolate,
  unpark,
} from "../heap/isolate_record.ts";
import { ParkResult, type Steps } from "../parking/wait.ts";
import { removeWaitersOf, wakeAll, wakeWaitersOnOwner } from "../parking/wait_queue.ts";
import { pushBlock } from "../channels/channel.ts";
import { dropChannelRef } from "../channels/channel_handle.ts";
import {
  discardMessage,
  freeMessage,
  type MessageAddress,
  sharedObjectsIn,
  storeThrown,
  takeThrown,
} from "../codec/message.ts";

/** Exit codes. For a terminated or killed isolate, minus the number of Unix's signal, as in Python. */
export const ExitCode = { RETURNED: 0, FAILED: 1, TERMINATED: -15, KILLED: -9 } as const;

/**
 * Declares an isolate ended and notifies the isolates that depend on it.
 *
 * If it still runs, it is told to stop before the others are notified. So when its own end wakes one of
 * its waits, that wait throws `TerminatedError`.
 *
 * @returns false if the isolate was declared ended before
 */
export function endIsolate(record: IsolateAddress, exitCode: number): boolean {
  if (!publishEnd(record, exitCode)) return false;
  Atomics.or(i32, record + isolateWord.CONTROL, Control.STOP);
  markAllHeldUnreachable(record); // ends of pipes
  removeWaitersOf(record); // its unused wake-ups go to other waiters
  wakeWaitersOnOwner(record); // locks it held
  try {
    sendExitMessage(record);
  } finally {
    wakeAll(record + isolateWord.ENDED_QUEUE); // before it counts as gone: this ends waits too
    Atomics.sub(i32, LIVE_WORKERS, 1); // at 0, no worker can wake a waiter any more
    forEachLiveIsolate(unpark); // an isolate that blocks checks whether another one can still end its wait
  }
  return true;
}

/** Sends the exit message of an isolate that has ended, unless that was done. */
function sendExitMessage(record: IsolateAddress): void {
  const exitMessage = Atomics.exchange(i32, record + EXIT_MESSAGE, 0);
  if (exitMessage === 0) return;
  pushBlock(i32[record + EXIT_CHANNEL], exitMessage, allocateUrgent);
  dropChannelRef(i32[record + EXIT_CHANNEL]);
}

/**
 * Does what is left of the end of an isolate that may have ended before it was given its start request, as a
 * worker of the warm reserve may.
 */
export function completeEnd(record: IsolateAddress): void {
  if (!hasEnded(record)) return;
  sendExitMessage(record);
  cancelStartRequest(record);
}

/**
 * Cancels the start request of an isolate that ended before it had read the request: the shared objects
 * in it are told that the isolate will not reach them. The isolate may still be reading, so the message
 * stays until {@linkcode freeStartRequest}.
 */
export function cancelStartRequest(record: IsolateAddress): void {
  const word = record + START_REQUEST;
  const message = Atomics.load(i32, word);
  if (message <= 0 || Atomics.compareExchange(i32, word, message, -message) !== message) return;
  for (const object of sharedObjectsIn(message)) notifyNeverReached(object, record);
}

/** Frees the cancelled start request of an isolate, once its JavaScript has stopped. */
export function freeStartRequest(record: IsolateAddress): void {
  const message = -Atomics.exchange(i32, record + START_REQUEST, 0);
  if (message <= 0) return;
  sharedObjectsIn(message).forEach(dropRef);
  freeMessage(message);
}

/**
 * Declares an isolate ended without waiting for it, which makes it stop. Anything that it does while the stop
 * unwinds its calls, such as releasing a lock, comes after its end.
 */
export function stopIsolate(record: IsolateAddress, exitCode: number): void {
  endIsolate(record, exitCode);
  cancelStartRequest(record);
}

/** Ends a worker that could not start, with the error that its parent can read. */
export function failToStart(record: IsolateAddress, error: unknown): void {
  if (hasEnded(record)) return;
  Atomics.store(i32, record + ERROR, storeThrown(error)); // before the end is published
  endIsolate(record, ExitCode.FAILED);
  cancelStartRequest(record);
}

/** Publishes that the JavaScript of an isolate has stopped. */
export function acknowledgeEnd(record: IsolateAddress): void {
  Atomics.store(i32, record + isolateWord.ACKNOWLEDGED, 1);
  wakeAll(record + isolateWord.ENDED_QUEUE);
}

/** Where what this isolate returns or throws is read. */
export function destinationOfResults(): Destination {
  return i32[thisIsolate + LEAVES] === 1 ? "program" : "heap";
}

/** Stores the error that ends this isolate, for its parent. */
export function publishError(error: unknown): void {
  publishErrorMessage(storeThrown(error, destinationOfResults()));
}

/** As {@linkcode publishError}, for an error that is stored already. */
export function publishErrorMessage(message: MessageAddress): void {
  Atomics.store(i32, thisIsolate + ERROR, message);
}

/** Takes the message with the error that ended an isolate out of its record; 0 if there is none. */
export function takeErrorMessage(record: IsolateAddress): MessageAddress {
  return Atomics.exchange(i32, record + ERROR, 0);
}

/** Takes the error that ended an isolate out of its record, if there is one. */
export function takeError(record: IsolateAddress): { error: unknown } | undefined {
  const message = takeErrorMessage(record);
  return message === 0 ? undefined : { error: takeThrown(message) };
}

/** Frees the error that ended an isolate, if there is one. */
export function freeError(record: IsolateAddress): void {
  const message = takeErrorMessage(record);
  if (message !== 0) discardMessage(message, "drop");
}

/** Steps of waiting for the end of an isolate: its exit code, or `undefined` if the wait timed out. */
export function* waitingForEnd(record: IsolateAddress): Steps<number | undefined> {
  const word = record + isolateWord.STATE;
  for (;;) {
    const seen = Atomics.load(i32, word);
    if (hasEnded(record)) return exitCodeOf(record);
    const outcome = yield { queue: record + isolateWord.ENDED_QUEUE, word, expected: seen };
    if (outcome === ParkResult.TIMED_OUT) return undefined;
  }
}

/** Steps of waiting until the JavaScript of an ended isolate has stopped: false if the wait timed out. */
export function* waitingForQuiescence(record: IsolateAddress): Steps<boolean> {
  const word = record + isolateWord.ACKNOWLEDGED;
  while (Atomics.load(i32, word) === 0) {
    const outcome = yield { queue: record + isolateWord.ENDED_QUEUE, word, expected: 0 };
    if (outcome === ParkResult.TIMED_OUT) return Atomics.load(i32, word) !== 0;
  }
  return true;
}
