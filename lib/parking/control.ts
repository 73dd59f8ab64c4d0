/**
 * The control bits of this isolate: it is told to end, or requested to serve.
 *
 * @module
 */

import { TerminatedError } from "../errors.ts";
import { hooks } from "../heap/hooks.ts";
import { Control, isolateWord, stopRequested, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { ParkResult } from "./park.ts";
import { dequeue, type QueueAddress, wakeOne } from "./wait_queue.ts";
import { type NodeAddress, NodeState, nodeWord, returnNode } from "./waiter_node.ts";

/** Whether a control bit is set. */
export function hasControl(): boolean {
  return Atomics.load(i32, thisIsolate + isolateWord.CONTROL) !== 0;
}

/**
 * Acts on the control bits, before the isolate sleeps or while it sleeps with `node`.
 *
 * @throws {TerminatedError} if the isolate was told to end; the node is returned then
 */
export function checkControl(node: NodeAddress = 0): void {
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
  serveRequests();
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

/** Makes the error that waits throw in an isolate that was told to end. */
export function stopError(): TerminatedError {
  return new TerminatedError("Cannot wait: this worker was told to end");
}
