/**
 * Forwarding the wake-ups of promises that cannot run.
 *
 * Promises that were woken cannot run while their isolate blocks. Their wake-ups would be lost to all
 * other waiters, which could leave every waiter asleep. So a blocked isolate uses such a wake-up itself,
 * if it waits in the same queue, or wakes the next waiter of that queue; ownership that a promise was
 * handed is handed off in the same way. (A wake-up too many only makes a waiter look once more.)
 *
 * @module
 */

import { thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { ParkResult } from "./park.ts";
import { handOff, type QueueAddress, wakeOne } from "./wait_queue.ts";
import { NodeState, nodeWord } from "./waiter_node.ts";
import { forwarded, takeReady, woken } from "./woken.ts";

/**
 * Forwards the wake-ups of the promises of this isolate.
 *
 * @param queue the queue in which the isolate itself is blocked; 0 for none
 * @returns the result of the isolate's own sleep, if a wake-up came from `queue`
 */
export function forwardWakeups(queue: QueueAddress): ParkResult | undefined {
  let own: ParkResult | undefined;
  takeReady();
  for (let node; (node = woken.shift()) !== undefined;) {
    forwarded.push(node);
    const from = i32[node + nodeWord.QUEUE];
    const state = Atomics.load(i32, node + nodeWord.STATE) as ParkResult;
    if (state !== ParkResult.WOKEN && state !== ParkResult.OWNER) continue; // concerns its waiter alone
    Atomics.store(i32, node + nodeWord.STATE, NodeState.WOKEN); // the promise has to look again
    if (from === queue && own === undefined) own = state;
    else if (state === ParkResult.OWNER) {
      handOff(from, i32[node + nodeWord.OWNER_WORD], thisIsolate);
    } else wakeOne(from);
  }
  return own;
}
