/**
 * The blocking parker: sleeping in `Atomics.wait` until a waiter of this isolate is woken.
 *
 * @module
 */

import { DeadlockError } from "../errors.ts";
import type { Address } from "../heap/address.ts";
import { SPINS } from "../heap/guard.ts";
import { hooks } from "../heap/hooks.ts";
import { isolateWord, stopRequested, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { msToNextAlarm, ringDueAlarms } from "./alarms.ts";
import {
  checkControl,
  hasControl,
  hasInterrupt,
  interruptedError,
  serveRequests,
  stopError,
  takeInterrupt,
  unlessStopped,
} from "./control.ts";
import { findDeadlock, findDeadlockOfAny } from "./deadlock.ts";
import { forwardWakeups } from "./forward_wakeups.ts";
import { type Park, ParkResult } from "./park.ts";
import { spinUntilChanged } from "./spin.ts";
import { dequeue, enqueue, wakeOne } from "./wait_queue.ts";
import {
  acquireNode,
  acquireNodes,
  type NodeAddress,
  NodeState,
  nodeWord,
  returnNode,
} from "./waiter_node.ts";
import { hasWokenPromises } from "./woken.ts";

/**
 * Blocks this isolate until it is woken, or the time is up.
 *
 * @param deadline on the clock of `performance.now()`
 * @param object the object that an isolate must have a handle for to end the wait; 0 for none
 * @throws {DeadlockError} if there is no time-out and no isolate can end the wait
 * @throws {TerminatedError} if this isolate is told to end
 * @throws {InterruptedError} if a signal interrupts it
 */
export function parkBlocking(park: Park, deadline: number, object: Address<"object">): ParkResult {
  const interruptible = park.untimed !== true;
  checkControl(0, interruptible);
  if (!interruptible) deadline = Infinity;
  if (deadline === 0) return ParkResult.TIMED_OUT;
  if (
    park.onQueued === undefined && park.admit === undefined && park.hasSpun !== true &&
    spinUntilChanged(park.word, park.expected, SPINS)
  ) return unlessStopped(ParkResult.CHANGED);
  const node = acquireNode();
  if (!enqueue(node, park, 0)) {
    returnNode(node);
    return unlessStopped(ParkResult.CHANGED);
  }
  park.onQueued?.();
  const wake = thisIsolate + isolateWord.WAKE;
  for (;;) {
    const seen = Atomics.load(i32, wake);
    const state = Atomics.load(i32, node + nodeWord.STATE);
    if (state !== NodeState.QUEUED) {
      returnNode(node);
      return unlessStopped(state as ParkResult, park.queue);
    }
    if (hasControl()) checkControl(node, interruptible);
    if (hasWokenPromises()) {
      const own = forwardWakeups(park.queue);
      if (own !== undefined) return leaveWithForwarded(own, node, park);
    }
    const leftMs = deadline === Infinity ? Infinity : deadline - performance.now();
    if (leftMs <= 0) {
      if (!dequeue(node)) continue; // woken at the last moment: that counts
      returnNode(node);
      return ParkResult.TIMED_OUT;
    }
    const deadlock = leftMs === Infinity ? findDeadlock(park, object) : undefined;
    if (deadlock !== undefined) {
      if (!dequeue(node)) continue;
      returnNode(node);
      // Ownership may have been handed to a promise of this isolate since READY was read. That was done
      // inside the queue's guard, which dequeue() has entered since, so the promise is in READY by now.
      const own = forwardWakeups(park.queue);
      if (own !== undefined) return own;
      throw new DeadlockError(`Cannot block: ${deadlock}`);
    }
    hooks.beforeBlock?.(leftMs);
    Atomics.wait(i32, wake, seen, Math.min(leftMs, msToNextAlarm()));
    ringDueAlarms();
  }
}

/** Ends a blocking sleep with the result that a promise of this isolate was woken with. */
function leaveWithForwarded(result: ParkResult, node: NodeAddress, park: Park): ParkResult {
  if (!dequeue(node)) {
    // This sleep was ended at the same time. One of the two wake-ups is enough, and the other goes to
    // the next waiter. Both cannot be ownership: there is one owner at a time.
    const own = Atomics.load(i32, node + nodeWord.STATE) as ParkResult;
    if (own === ParkResult.OWNER) result = own;
    wakeOne(park.queue);
  }
  returnNode(node);
  return result;
}

/**
 * Blocks this isolate in several queues at once. Returns the result of each sleep.
 *
 * @param objects for each queue, the object that an isolate must have a handle for to wake it; 0 for none
 * @throws {DeadlockError} if there is no time-out and no isolate can end the wait
 */
export function parkBlockingAny(
  parks: readonly Park[],
  deadline: number,
  objects: readonly Address<"object">[],
): ParkResult[] {
  checkControl();
  if (deadline === 0) return parks.map(() => ParkResult.TIMED_OUT);
  const nodes = acquireNodes(parks.length); // all of them first: there may be no memory for them
  const unchanged = parks.findIndex((park, at) => !enqueue(nodes[at], park, 0));
  const queued = unchanged === -1 ? nodes.length : unchanged;
  let timedOut = false;
  let deadlock: string | undefined;
  const wake = thisIsolate + isolateWord.WAKE;
  while (queued === nodes.length) {
    const seen = Atomics.load(i32, wake);
    if (nodes.some((node) => Atomics.load(i32, node + nodeWord.STATE) !== NodeState.QUEUED)) break;
    if (stopRequested() || hasInterrupt()) break;
    serveRequests();
    if (hasWokenPromises()) forwardWakeups(0);
    const leftMs = deadline === Infinity ? Infinity : deadline - performance.now();
    timedOut = leftMs <= 0;
    deadlock = leftMs === Infinity ? findDeadlockOfAny(objects) : undefined;
    if (timedOut || deadlock !== undefined) break;
    hooks.beforeBlock?.(leftMs);
    Atomics.wait(i32, wake, seen, Math.min(leftMs, msToNextAlarm()));
    ringDueAlarms();
  }
  nodes.slice(queued).forEach(returnNode);
  const results = nodes.map((node, at) => at < queued ? leaveQueue(node) : ParkResult.CHANGED);
  if (stopRequested()) {
    parks.forEach(({ queue }, at) => results[at] === ParkResult.WOKEN && wakeOne(queue));
    throw stopError();
  }
  const woken = results.some((result) => result !== ParkResult.CHANGED);
  if (!woken && takeInterrupt()) throw interruptedError();
  if (deadlock !== undefined && !woken) throw new DeadlockError(`Cannot block: ${deadlock}`);
  return timedOut && !woken ? parks.map(() => ParkResult.TIMED_OUT) : results;
}

/** Ends the sleep of a node. It is `CHANGED` if the node was not woken: its steps check again. */
function leaveQueue(node: NodeAddress): ParkResult {
  const result = dequeue(node)
    ? ParkResult.CHANGED
    : Atomics.load(i32, node + nodeWord.STATE) as ParkResult;
  returnNode(node);
  return result;
}
