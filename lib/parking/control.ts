/**
 * The control bits of this isolate: it is told to end, or requested to serve.
 *
 * @module
 */

import { InterruptedError, TerminatedError } from "../errors.ts";
import { hooks } from "../heap/hooks.ts";
import { Control, isolateWord, stopRequested, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { ParkResult } from "./park.ts";
import { dequeue, type QueueAddress, wakeOne } from "./wait_queue.ts";
import { type NodeAddress, NodeState, nodeWord, returnNode } from "./waiter_node.ts";

// Module-local: V8 inlines such constants.
const CONTROL = isolateWord.CONTROL;
const STOP = Control.STOP;

/**
 * Whether this isolate was told to end, by a plain read, which takes a nanosecond and may miss a request
 * that is made now. Every operation checks it, also one that need not wait: it is the next operation that
 * ends a worker.
 */
export function isStopping(): boolean {
  return (i32[thisIsolate + CONTROL] & STOP) !== 0;
}

/**
 * Throws if this isolate was told to end. For blocking operations, and those that never wait.
 *
 * @throws {TerminatedError} if this isolate was told to end
 */
export function throwIfStopping(): void {
  if (isStopping()) throw stopError();
}

/**
 * Ends an async operation of an isolate that was told to end. In a worker the promise is never settled,
 * as those that were pending: the event loop becomes free, and ends the worker.
 *
 * @throws {TerminatedError} in an isolate without a worker's event loop
 */
export function neverSettled(): Promise<never> {
  if (hooks.onStop === undefined) throw stopError();
  return new Promise(() => {});
}

/** Whether a control bit is set. */
export function hasControl(): boolean {
  return Atomics.load(i32, thisIsolate + isolateWord.CONTROL) !== 0;
}

/**
 * Acts on the control bits, before the isolate sleeps or while it sleeps with `node`.
 *
 * @param interruptible whether a signal may end the wait
 * @throws {TerminatedError} if the isolate was told to end; the node is returned then
 * @throws {InterruptedError} if a signal was received; the node is returned then
 */
export function checkControl(node: NodeAddress = 0, interruptible = true): void {
  const control = Atomics.load(i32, thisIsolate + isolateWord.CONTROL);
  if ((control & Control.STOP) !== 0) {
    if (node !== 0) {
      const queue = i32[node + nodeWord.QUEUE];
      const waited = dequeue(node);
      const state = Atomics.load(i32, node + nodeWord.STATE);
      returnNode(node);
      if (!waited) unlessStopped(state as ParkResult, queue);
    }
    throw stopError();
  }
  if ((control & Control.INTERRUPT) !== 0 && interruptible) throwInterrupted(node);
  serveRequests();
}

/**
 * Throws unless the node was woken at the last moment: that counts, and the next wait throws.
 *
 * @throws {InterruptedError} if it was not; the node is returned then
 */
function throwInterrupted(node: NodeAddress): void {
  if (node !== 0) {
    if (!dequeue(node)) return;
    returnNode(node);
  }
  takeInterrupt();
  throw interruptedError();
}

/** Whether a signal was received that is to interrupt this isolate. */
export function hasInterrupt(): boolean {
  return (Atomics.load(i32, thisIsolate + isolateWord.CONTROL) & Control.INTERRUPT) !== 0;
}

/** As {@linkcode hasInterrupt}, and takes note of the signal. */
export function takeInterrupt(): boolean {
  const word = thisIsolate + isolateWord.CONTROL;
  return (Atomics.and(i32, word, ~Control.INTERRUPT) & Control.INTERRUPT) !== 0;
}

/** Makes the error that a blocking wait throws when a signal was received. */
export function interruptedError(): InterruptedError {
  return new InterruptedError("Cannot continue to wait: the program received a signal");
}

/** Does what workers have requested of this isolate. Long computations of the package call it. */
export function serveRequests(): void {
  if ((Atomics.load(i32, thisIsolate + isolateWord.CONTROL) & Control.SERVICE) === 0) return;
  Atomics.and(i32, thisIsolate + isolateWord.CONTROL, ~Control.SERVICE);
  hooks.serveRequests?.();
}

/**
 * Returns the result of a sleep, unless this isolate was told to end meanwhile. Then it must not take
 * what it waited for: a wake-up that it received is handed to the next waiter of the queue.
 *
 * @throws {TerminatedError} if the isolate was told to end
 */
export function unlessStopped(result: ParkResult, queue: QueueAddress = 0): ParkResult {
  // The isolate of a skipped waiter has ended, although STOP may not be set yet.
  const isSkipped = result as number === NodeState.SKIPPED;
  if (result === ParkResult.OWNER || !stopRequested() && !isSkipped) return result;
  if (result === ParkResult.WOKEN) wakeOne(queue);
  throw stopError();
}

/**
 * How many operations may fail in a worker that was told to end, while it cleans up. A worker that
 * catches the error again and again is then ended in the operation.
 */
const MAX_STOP_ERRORS = 100;
let stopErrors = 0;

/**
 * Makes the error that operations throw in an isolate that was told to end. Called outside of guards: it
 * may be the last that the isolate does.
 */
export function stopError(): TerminatedError {
  if (++stopErrors > MAX_STOP_ERRORS) hooks.onStop?.();
  return new TerminatedError("Cannot continue: this worker was told to end");
}
