/**
 * The async parker: one `Atomics.waitAsync` for all waiting promises of this isolate.
 *
 * There is never more than one `waitAsync` outstanding, so none can take a wake-up that is meant for
 * another.
 *
 * @module
 */

import { hooks } from "../heap/hooks.ts";
import { isolateWord, stopRequested, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { hasControl, serveRequests, stopError, unlessStopped } from "./control.ts";
import {
  holdLoop,
  holdLoopForPeers,
  releaseLoop,
  releaseLoopForPeers,
  updateKeepAlive,
} from "./keep_alive.ts";
import { type Park, ParkResult } from "./park.ts";
import { DeadlineTimer } from "./timer.ts";
import { dequeue, enqueue } from "./wait_queue.ts";
import { acquireNode, type NodeAddress, nodeWord, returnNode, WaiterFlag } from "./waiter_node.ts";
import { hasPromisesToResume, nextWoken, takeReady } from "./woken.ts";

/** The promise of an algorithm that waits. */
export interface PromiseWaiter {
  signal: AbortSignal | undefined;
  keepAlive: boolean;
  /**
   * Resumes the steps, at once: a wake-up that waited for its turn among the microtasks would be lost
   * while another of them blocks the isolate.
   */
  resume(result: ParkResult): void;
  /** Throws the reason of the signal in the steps. */
  abort(): void;
}

interface Sleeper {
  waiter: PromiseWaiter;
  signal: AbortSignal | undefined;
  /** Whether it has a time-out. */
  timed: boolean;
  timer: DeadlineTimer | undefined;
  onAbort: (() => void) | undefined;
}

/** The waiting promises of this isolate, by node, and whether the isolate sleeps on `WAKE` for them. */
export const asyncParker: { sleepers: Map<NodeAddress, Sleeper>; isArmed: boolean } = {
  sleepers: new Map(),
  isArmed: false,
};

/** Returns the number of waiting promises of this isolate: 0 when a test ends. */
export function countParkedPromises(): number {
  return asyncParker.sleepers.size;
}

/**
 * Puts a promise to sleep.
 *
 * @returns `undefined` if it sleeps now; otherwise the result, because there is no need to sleep
 */
export function parkAsync(
  park: Park,
  deadline: number,
  waiter: PromiseWaiter,
): ParkResult | undefined {
  const { keepAlive } = waiter;
  const signal = park.untimed === true ? undefined : waiter.signal;
  if (park.untimed === true) deadline = Infinity;
  signal?.throwIfAborted();
  // Checked each time: a promise that is woken again and again would never get to its timer.
  if (deadline !== Infinity && deadline <= performance.now()) return ParkResult.TIMED_OUT;
  const node = acquireNode();
  if (!enqueue(node, park, WaiterFlag.ASYNC)) {
    returnNode(node);
    return unlessStopped(ParkResult.CHANGED);
  }
  park.onQueued?.();
  // The isolate that ended this one may have looked for its waiters before this node was in the queue.
  if (stopRequested() && dequeue(node)) {
    returnNode(node);
    throw stopError();
  }
  const timed = deadline !== Infinity;
  const sleeper: Sleeper = { waiter, signal, timed, timer: undefined, onAbort: undefined };
  asyncParker.sleepers.set(node, sleeper);
  if (keepAlive) (isEndless(sleeper) ? holdLoopForPeers : holdLoop)();
  // A waiter that times out or is aborted after it was woken is resumed as woken: the wake-up must be
  // used.
  if (timed) {
    sleeper.timer = new DeadlineTimer(deadline, () => {
      if (dequeue(node)) {
        endSleep(node, sleeper);
        waiter.resume(ParkResult.TIMED_OUT);
      }
    }, keepAlive);
  }
  if (signal !== undefined) {
    sleeper.onAbort = () => {
      if (dequeue(node)) {
        endSleep(node, sleeper);
        waiter.abort();
      }
    };
    signal.addEventListener("abort", sleeper.onAbort);
  }
  arm();
  return undefined;
}

function endSleep(node: NodeAddress, sleeper: Sleeper): void {
  asyncParker.sleepers.delete(node);
  sleeper.timer?.cancel();
  if (sleeper.onAbort !== undefined) {
    sleeper.signal!.removeEventListener("abort", sleeper.onAbort);
  }
  if (sleeper.waiter.keepAlive) (isEndless(sleeper) ? releaseLoopForPeers : releaseLoop)();
  returnNode(node);
}

/** Whether only another isolate can end the sleep. */
function isEndless({ timed, signal }: Sleeper): boolean {
  return !timed && signal === undefined;
}

/**
 * Makes the event loop of this isolate wait for wake-ups, unless it does so already. Call it when a hook
 * has been installed that the isolate calls when it is woken.
 */
export function arm(): void {
  if (asyncParker.isArmed) return;
  asyncParker.isArmed = true;
  const wake = thisIsolate + isolateWord.WAKE;
  const seen = Atomics.load(i32, wake);
  if (hasPromisesToResume() || hasControl()) {
    queueMicrotask(resumeWoken);
    return;
  }
  const sleep = Atomics.waitAsync(i32, wake, seen);
  if (sleep.async) sleep.value.then(resumeWoken);
  else queueMicrotask(resumeWoken);
}

/** Resumes the promises that were woken, in the order in which they were woken. */
function resumeWoken(): void {
  const { sleepers } = asyncParker;
  asyncParker.isArmed = false;
  if (hooks.onStop !== undefined && stopRequested()) return hooks.onStop(); // before a promise takes anything
  takeReady();
  // One at a time: the code that a promise resumes may block, and then forwards the wake-ups that are
  // left in the list.
  for (let node = nextWoken(); node !== undefined; node = nextWoken()) {
    const sleeper = sleepers.get(node)!;
    const state = Atomics.load(i32, node + nodeWord.STATE) as ParkResult;
    endSleep(node, sleeper);
    sleeper.waiter.resume(state);
  }
  serveRequests();
  if (sleepers.size > 0 || hooks.onStop !== undefined || hooks.serveRequests !== undefined) arm();
  updateKeepAlive();
}
