/**
 * The wait queue: first come, first served, in shared memory.
 *
 * A wait works like a futex with an explicit queue. A waiter names a word and the value that it saw there.
 * It joins the queue, and sleeps only if the word still has that value. An isolate that changes the word
 * changes it first and looks at the queue afterwards. All four steps are sequentially consistent, so
 * either the waiter sees the change or the changer sees the waiter:
 *
 *     waiter:  HEAD = node;  if (word !== expected) leave the queue
 *     changer: word = new;   if (HEAD !== 0) wake
 *
 * (If the waiter looked at the word before it joined the queue, a wake-up between the two would be lost.)
 *
 * | word of a queue | meaning |
 * |---|---|
 * | `GUARD` | guards the queue and the state of every node in it |
 * | `HEAD`, `TAIL` | first and last node; 0 when empty. `HEAD` is read without the guard |
 *
 * The states of a node are listed in `waiter_node.ts`.
 *
 * Waiters that wait for each other form a group: either all of them pass, or none does. The result is
 * written to their nodes inside `GUARD`, for all waiters that are in the queue at that moment. It
 * concerns them alone and is never handed on.
 *
 * When an isolate ends, its nodes are removed from their queues, and a wake-up that it received and did
 * not use is handed to the next waiter of that queue.
 *
 * @module
 */

import type { Address, Word } from "../heap/address.ts";
import { enter, leave } from "../heap/guard.ts";
import { forEachLiveIsolate, hasEnded, thisIsolate, unpark } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { updateKeepAlive } from "./keep_alive.ts";
import type { Park } from "./park.ts";
import {
  type NodeAddress,
  nodesOf,
  NodeState,
  nodeWord,
  READY,
  WaiterFlag,
} from "./waiter_node.ts";

/** Number of words of a queue, in the block of the enclosing object. */
export const QUEUE_WORDS = 3;
const GUARD = 0;
const HEAD = 1;
const TAIL = 2;

/** Address of a queue. */
export type QueueAddress = Address<"wait queue">;

/**
 * Puts the node into the queue, if the word still has the expected value.
 *
 * @param flags bits of {@linkcode WaiterFlag}
 * @returns whether the node is in the queue now
 */
export function enqueue(node: NodeAddress, park: Park, flags: number): boolean {
  const { queue, word, expected } = park;
  const overtaken = park.overtaken === true;
  i32[node + nodeWord.QUEUE] = queue;
  i32[node + nodeWord.ISOLATE] = thisIsolate;
  i32[node + nodeWord.OWNER_WORD] = park.ownerWord ?? 0;
  i32[node + nodeWord.GROUP] = park.group ?? 0;
  i32[node + nodeWord.SUCCESSOR_QUEUE] = park.successorQueue ?? 0;
  i32[node + nodeWord.FLAGS] = overtaken ? flags | WaiterFlag.OVERTAKEN : flags;
  enter(queue + GUARD);
  Atomics.store(i32, node + nodeWord.STATE, NodeState.QUEUED);
  link(queue, node, overtaken);
  // The owner's state is read after the node is in the queue. An owner that ends publishes its state
  // first and looks for waiters afterwards, so one of the two sees the other.
  const waits = Atomics.load(i32, word) === expected &&
    (park.unless === undefined || Atomics.load(i32, park.unless) === 0) &&
    (park.ownerWord === undefined || !isOwnerGone(park.ownerWord)) &&
    (park.admit === undefined || park.admit());
  if (!waits) remove(queue, node);
  leave(queue + GUARD);
  return waits;
}

function isOwnerGone(ownerWord: Word): boolean {
  const owner = Atomics.load(i32, ownerWord);
  return owner !== 0 && hasEnded(owner);
}

/**
 * Removes the node of a waiter that gives up from its queue. The group of the waiter is broken inside the
 * same section, because the isolate might end before it could do so afterwards.
 *
 * @returns false if the node has been woken meanwhile
 */
export function dequeue(node: NodeAddress): boolean {
  const queue = i32[node + nodeWord.QUEUE];
  enter(queue + GUARD);
  const state = i32[node + nodeWord.STATE];
  if (state === NodeState.QUEUED) {
    remove(queue, node);
    const group = i32[node + nodeWord.GROUP];
    if (group !== 0) breakGroup(queue, group);
  }
  leave(queue + GUARD);
  return state === NodeState.QUEUED || state === NodeState.SKIPPED;
}

/** Whether a waiter is in the queue. */
export function hasWaiters(queue: QueueAddress): boolean {
  return Atomics.load(i32, queue + HEAD) !== 0;
}

/**
 * As {@linkcode hasWaiters}, by a plain read, which is 10 ns shorter and may miss a waiter that joins now.
 * For a choice between two paths that both check properly later.
 */
export function hasWaitersRelaxed(queue: QueueAddress): boolean {
  return i32[queue + HEAD] !== 0;
}

/** Wakes the first waiter of the queue. Call it after the word has been changed. */
export function wakeOne(queue: QueueAddress): void {
  if (!hasWaiters(queue)) return;
  enter(queue + GUARD);
  const node = takeFirst(queue);
  const woken = node === 0 ? 0 : endWait(node, NodeState.WOKEN);
  leave(queue + GUARD);
  if (woken !== 0) unpark(woken); // outside: on a core that both share, it may run at once and need the guard
}

/** Wakes all waiters of the queue. Call it after the word has been changed. */
export function wakeAll(queue: QueueAddress): void {
  if (!hasWaiters(queue)) return;
  enter(queue + GUARD);
  for (let node = takeFirst(queue); node !== 0; node = takeFirst(queue)) {
    wake(node, NodeState.WOKEN);
  }
  leave(queue + GUARD);
}

/**
 * Runs a section of a few instructions that do not throw, while no waiter joins or leaves the queue or is
 * woken.
 *
 * @returns what the section returns
 */
export function withQueueGuard<T>(queue: QueueAddress, section: () => T): T {
  enter(queue + GUARD);
  const result = section();
  leave(queue + GUARD);
  return result;
}

/** Returns the number of waiters in the queue whose isolates live. Inside {@linkcode withQueueGuard}. */
export function countWaiters(queue: QueueAddress): number {
  let count = 0;
  for (let node = i32[queue + HEAD]; node !== 0; node = i32[node + nodeWord.NEXT]) {
    if (!hasEnded(i32[node + nodeWord.ISOLATE])) count++;
  }
  return count;
}

/** Wakes the group in the queue with this state. Inside {@linkcode withQueueGuard}. */
export function resumeGroup(
  queue: QueueAddress,
  state: typeof NodeState.PASSED | typeof NodeState.BROKEN,
): void {
  for (let node = takeFirst(queue); node !== 0; node = takeFirst(queue)) wake(node, state);
}

/** Marks the group as broken and wakes it. Inside `GUARD`. */
function breakGroup(queue: QueueAddress, group: Word): void {
  Atomics.or(i32, group, 1);
  resumeGroup(queue, NodeState.BROKEN);
}

/**
 * Clears the owner word and wakes the first waiter of the queue. If that waiter has been overtaken before,
 * ownership is handed to it directly, and no other isolate can take it in between.
 *
 * @returns false, with nothing done, if the word does not name `owner` any more
 */
export function handOff(
  queue: QueueAddress,
  ownerWord: Word,
  owner: Address<"isolate">,
): boolean {
  enter(queue + GUARD);
  const node = takeFirst(queue);
  const isDirect = node !== 0 && (i32[node + nodeWord.FLAGS] & WaiterFlag.OVERTAKEN) !== 0;
  const next = isDirect ? i32[node + nodeWord.ISOLATE] : 0;
  const cleared = Atomics.compareExchange(i32, ownerWord, owner, next) === owner;
  const state = cleared && isDirect ? NodeState.OWNER : NodeState.WOKEN;
  const woken = node === 0 ? 0 : endWait(node, state);
  leave(queue + GUARD);
  if (woken !== 0) unpark(woken);
  return cleared;
}

/**
 * Removes the waiters of an isolate that has ended from all queues, and hands on the wake-ups that they
 * received. Groups that they belonged to are broken. Call it once, when the end is published: from then on
 * no waiter of the isolate is woken.
 */
export function removeWaitersOf(record: Address<"isolate">): void {
  for (const node of nodesOf(record)) {
    if (i32[node + nodeWord.STATE] !== NodeState.UNUSED) removeWaiter(node);
  }
}

/**
 * Removes the waiters that joined a queue after {@linkcode removeWaitersOf}, while their isolate still ran.
 * Only waiters in a queue are looked at: the queues of the others may have been freed since.
 */
export function removeLateWaitersOf(record: Address<"isolate">): void {
  for (const node of nodesOf(record)) {
    if (i32[node + nodeWord.STATE] === NodeState.QUEUED) removeWaiter(node);
  }
}

function removeWaiter(node: NodeAddress): void {
  const queue = i32[node + nodeWord.QUEUE];
  if (queue === 0) return;
  enter(queue + GUARD);
  const state = stateIn(queue, node);
  const group = i32[node + nodeWord.GROUP];
  const successorQueue = i32[node + nodeWord.SUCCESSOR_QUEUE];
  if (state === NodeState.QUEUED) {
    remove(queue, node);
    if (group !== 0) breakGroup(queue, group);
  }
  leave(queue + GUARD);
  if (state === NodeState.WOKEN) wakeOne(queue);
  if (state !== NodeState.UNUSED && successorQueue !== 0) wakeOne(successorQueue);
}

/** Wakes all waiters for things that an isolate owned when it ended. */
export function wakeWaitersOnOwner(owner: Address<"isolate">): void {
  wakeWhere((ownerWord) => Atomics.load(i32, ownerWord) === owner);
}

/**
 * Wakes all waiters in other queues than `own` whose park names `ownerWord`. Called by the isolate that
 * took over ownership from one that ended, because {@linkcode wakeWaitersOnOwner} cannot find these
 * waiters any more.
 */
export function wakeOtherQueuesOnOwner(ownerWord: Word, own: QueueAddress): void {
  wakeWhere((word, queue) => word === ownerWord && queue !== own);
}

/** Wakes the waiters of all isolates whose park names an owner and that `isAffected` selects. */
function wakeWhere(isAffected: (ownerWord: Word, queue: QueueAddress) => boolean): void {
  forEachLiveIsolate((record) => {
    for (const node of nodesOf(record)) {
      const ownerWord = i32[node + nodeWord.OWNER_WORD];
      if (ownerWord === 0 || i32[node + nodeWord.STATE] !== NodeState.QUEUED) continue;
      const queue = i32[node + nodeWord.QUEUE];
      if (queue === 0 || !isAffected(ownerWord, queue)) continue;
      enter(queue + GUARD);
      if (stateIn(queue, node) === NodeState.QUEUED && isAffected(ownerWord, queue)) {
        const group = i32[node + nodeWord.GROUP];
        if (group !== 0) {
          breakGroup(queue, group);
        } else {
          unlink(queue, node);
          wake(node, NodeState.WOKEN);
        }
      }
      leave(queue + GUARD);
    }
  });
}

/**
 * Returns the state of another isolate's node if the node is in this queue, else `UNUSED`. Before this
 * section the node may have left the queue or joined another. Its isolate writes the queue before the
 * state, so they are read in the other order. Inside `GUARD`.
 */
function stateIn(queue: QueueAddress, node: NodeAddress): number {
  const state = Atomics.load(i32, node + nodeWord.STATE);
  return Atomics.load(i32, node + nodeWord.QUEUE) === queue ? state : NodeState.UNUSED;
}

/** Ends the wait of a node that is out of the queue, and unparks its isolate. Inside `GUARD`. */
function wake(node: NodeAddress, state: number): void {
  unpark(endWait(node, state));
}

/**
 * Sets the state of a node that is out of the queue, and returns its isolate, which is to be unparked. Inside
 * `GUARD`. As soon as the state is set, a blocked waiter may reuse its node, so all other words are read before.
 */
function endWait(node: NodeAddress, state: number): Address<"isolate"> {
  const isolate = i32[node + nodeWord.ISOLATE];
  const flags = i32[node + nodeWord.FLAGS];
  Atomics.store(i32, node + nodeWord.STATE, state);
  if ((flags & WaiterFlag.ASYNC) !== 0) {
    const ready = isolate + READY;
    let first = Atomics.load(i32, ready);
    for (;;) {
      i32[node + nodeWord.NEXT_READY] = first;
      const found = Atomics.compareExchange(i32, ready, first, node);
      if (found === first) break;
      first = found;
    }
    if (isolate === thisIsolate) updateKeepAlive();
  }
  return isolate;
}

/** Removes the first node whose isolate lives, and returns it; 0 for none. Inside `GUARD`. */
function takeFirst(queue: QueueAddress): number {
  for (;;) {
    const node = i32[queue + HEAD];
    if (node === 0) return 0;
    unlink(queue, node);
    if (!hasEnded(i32[node + nodeWord.ISOLATE])) return node;
    Atomics.store(i32, node + nodeWord.STATE, NodeState.SKIPPED);
  }
}

/** Adds a node at the end of the queue, or at its front. Inside `GUARD`. */
function link(queue: QueueAddress, node: NodeAddress, atFront: boolean): void {
  const next = atFront ? i32[queue + HEAD] : 0;
  const previous = atFront ? 0 : i32[queue + TAIL];
  i32[node + nodeWord.NEXT] = next;
  i32[node + nodeWord.PREVIOUS] = previous;
  if (next === 0) i32[queue + TAIL] = node;
  else i32[next + nodeWord.PREVIOUS] = node;
  if (previous === 0) Atomics.store(i32, queue + HEAD, node);
  else i32[previous + nodeWord.NEXT] = node;
}

/** Removes a node that is not woken. Inside `GUARD`. */
function remove(queue: QueueAddress, node: NodeAddress): void {
  unlink(queue, node);
  Atomics.store(i32, node + nodeWord.STATE, NodeState.UNUSED);
}

/**
 * Removes a node from the queue. Its state stays `QUEUED` until it is woken: the waiter reads it without
 * the guard, and must not take the moment between the two for the end of its wait. Inside `GUARD`.
 */
function unlink(queue: QueueAddress, node: NodeAddress): void {
  const next = i32[node + nodeWord.NEXT];
  const previous = i32[node + nodeWord.PREVIOUS];
  if (next === 0) i32[queue + TAIL] = previous;
  else i32[next + nodeWord.PREVIOUS] = previous;
  if (previous === 0) Atomics.store(i32, queue + HEAD, next);
  else i32[previous + nodeWord.NEXT] = next;
}
