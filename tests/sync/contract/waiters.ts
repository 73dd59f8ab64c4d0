/**
 * Looking at the wait queue of a shared object: a clause that must know that a party waits asks here,
 * and never sleeps for a while instead.
 *
 * @module
 */
import {
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  RLock,
  Semaphore,
  type SharedHandle,
} from "@sauropod/multiprocessing";
import { addressOf, objectWord } from "../../../lib/objects/shared_object.ts";
import { countWaiters, withQueueGuard } from "../../../lib/parking/wait_queue.ts";
import { turn } from "../../fixtures/guarded.ts";

/** The offsets of the wait queues among the words of an object. */
const queueOffsets = new Map<unknown, number>([
  [Lock, 1],
  [RLock, 1],
  [Semaphore, 1],
  [BoundedSemaphore, 1],
  [Event, 1],
  [Condition, 2],
]);
const OTHER_QUEUE_OFFSET = 4;

/** Returns how many waiters are in the queue of an object. */
export function waiters(object: SharedHandle): number {
  const offset = queueOffsets.get(object.constructor) ?? OTHER_QUEUE_OFFSET;
  const queue = addressOf(object)! + objectWord.FIRST + offset;
  return withQueueGuard(queue, () => countWaiters(queue));
}

/** Waits until exactly `count` waiters are in the queue of an object. */
export async function untilWaiting(object: SharedHandle, count: number): Promise<void> {
  while (waiters(object) !== count) await turn();
}
