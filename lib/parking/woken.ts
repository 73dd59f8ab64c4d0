/**
 * The promises of this isolate that were woken and have not been resumed.
 *
 * Wakers push nodes onto the stack `READY` of the isolate's record; the isolate moves them from there to
 * its lists, in the order in which they were woken.
 *
 * @module
 */

import { thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { Fifo } from "./fifo.ts";
import { type NodeAddress, nodeWord, READY } from "./waiter_node.ts";

/** Nodes of promises that were woken, in order. */
export const woken: Fifo<NodeAddress> = new Fifo();
/** Nodes of promises whose wake-ups were forwarded while the isolate blocked, in order. */
export const forwarded: Fifo<NodeAddress> = new Fifo();

/** Whether promises were woken that have neither been resumed nor had their wake-ups forwarded. */
export function hasWokenPromises(): boolean {
  return woken.length > 0 || Atomics.load(i32, thisIsolate + READY) !== 0;
}

/** Whether promises were woken that have not been resumed. */
export function hasPromisesToResume(): boolean {
  return forwarded.length > 0 || hasWokenPromises();
}

/** Moves the nodes of the stack `READY` to the list. */
export function takeReady(): void {
  const newestFirst = [];
  let node: NodeAddress = Atomics.exchange(i32, thisIsolate + READY, 0);
  for (; node !== 0; node = i32[node + nodeWord.NEXT_READY]) newestFirst.push(node);
  while (newestFirst.length > 0) woken.push(newestFirst.pop()!);
}

/** Takes the node of the next promise to resume out of the lists. */
export function nextWoken(): NodeAddress | undefined {
  return forwarded.shift() ?? woken.shift();
}
