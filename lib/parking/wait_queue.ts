/**
 * The queue in which waiters stand: first come, first served, in shared memory.
 *
 * A wait is a futex with a queue of our own. A waiter names a word and the value that it saw there;
 * it sleeps only if the word still has that value once the waiter stands in the queue. Who changes
 * the word changes it first and looks at the queue afterwards. Either the waiter sees the change or
 * the changer sees the waiter, because all four steps are sequentially consistent:
 *
 *     waiter:  HEAD = node;  if (word !== expected) leave the queue
 *     changer: word = new;   if (HEAD !== 0) wake
 *
 * (Looking at the word before joining the queue would lose the wake-up between the two.)
 *
 * | word of a queue | meaning |
 * |---|---|
 * | `GUARD` | guards the queue and the state of every node in it |
 * | `HEAD`, `TAIL` | first and last node; 0 when empty. `HEAD` is read without the guard |
 *
 * | `STATE` of a node | meaning | next |
 * |---|---|---|
 * | `UNUSED` 0 | in its thread's list of unused nodes | `QUEUED` by the waiter |
 * | `QUEUED` 1 | waits | `WOKEN` to `SKIPPED` by a waker; `UNUSED` by the waiter that gives up |
 * | `WOKEN` 2 | may look again | `UNUSED` by the waiter |
 * | `OWNER` 3 | was given what it waits for | `UNUSED` by the waiter |
 * | `PASSED` 5 | the group that it waited with goes on | `UNUSED` by the waiter |
 * | `BROKEN` 6 | the group that it waited with has broken up | `UNUSED` by the waiter |
 * | `SKIPPED` 7 | its thread had ended when its turn came | `UNUSED` by the waiter, should it go on |
 *
 * Those who wait for each other are a group: all in the queue go on, or none does. What ends their
 * wait is said in their nodes, inside `GUARD`, to all who stand in the queue at that moment; it is of
 * use to nobody else and is never passed on.
 *
 * Nodes belong to the thread that waits, in slabs that hang on its record, so that when the thread
 * ends others can find its nodes: those still queued are taken out, and a wake-up that the thread
 * did not live to use goes to the next in the queue.
 *
 * @module
 */

import { enter, leave } from "../heap/guard.ts";
import { allocate, free } from "../heap/allocator.ts";
import { i32 } from "../heap/views.ts";
import { updateKeepAlive } from "./keep_alive.ts";
import {
  forEachLiveIsolate,
  hasEnded,
  recordWord,
  thisIsolate,
  unpark,
} from "../heap/isolate_record.ts";

/** Word of the isolate record: stack of the nodes of its promises that were woken. */
export const READY: number = recordWord(11, "stack of woken promises");
/** Word of the isolate record: first slab of its nodes. */
const SLABS = recordWord(12, "first slab of waiter nodes");

/** Words that a queue takes in its owner's block. */
export const QUEUE_WORDS = 3;
const GUARD = 0;
const HEAD = 1;
const TAIL = 2;

/** Offsets of the words of a node. */
export const nodeWord = {
  STATE: 0,
  NEXT: 1,
  PREVIOUS: 2,
  QUEUE: 3,
  ISOLATE: 4,
  /** Address of the word that names the owner of what is waited for; 0 for none. */
  OWNER_WORD: 5,
  /** Bits of {@linkcode WaiterFlag}. */
  FLAGS: 6,
  NEXT_READY: 7,
  /** Address of the word whose lowest bit says that the group is broken; 0 for none. */
  GROUP: 8,
  /** Address of the queue whose first is woken if the waiter dies; 0 for none. */
  SUCCESSOR_QUEUE: 9,
} as const;
const NODE_WORDS = 10;

/** States of a node. */
export const NodeState = {
  UNUSED: 0,
  QUEUED: 1,
  WOKEN: 2,
  OWNER: 3,
  PASSED: 5,
  BROKEN: 6,
  SKIPPED: 7,
} as const;

/** Kinds of waiters. */
export const WaiterFlag = {
  /** A promise waits, not the thread. */
  ASYNC: 1,
  /** It was woken before and came too late: it stands first, and is given what it waits for. */
  OVERTAKEN: 2,
} as const;

/** What a waiter waits for. */
export interface Park {
  /** Address of the queue to stand in. */
  queue: number;
  /** Address of the word to watch. */
  word: number;
  /** Sleep only while the word has this value. */
  expected: number;
  /** Address of a word that is 0 while sleeping makes sense: set it before waking everybody. */
  unless?: number;
  /**
   * Address of the word that names the owning thread, if there is one: its death is noticed, and, if
   * it is the word to watch, that a thread would block for itself.
   */
  ownerWord?: number;
  /**
   * Looked at last, inside the queue's guard, with the waiter in the queue: whether it stays. A few
   * instructions that do not throw.
   */
  admit?: () => boolean;
  /** Whether the waiter was woken before and came too late. */
  overtaken?: boolean;
  /** Called when the waiter stands in the queue, before it sleeps. */
  onQueued?: () => void;
  /** Whether to sleep on when the time is up or the signal is aborted: to end what was begun. */
  untimed?: boolean;
  /**
   * Address of a word whose lowest bit says that the group in the queue is broken: it is set, and all
   * are told, when one of them gives up or dies, or the owner dies.
   */
  group?: number;
  /** Address of a queue whose first is woken if the waiter dies: what it was told is for that one. */
  successorQueue?: number;
  /**
   * How much longer than usual a thread looks before it sleeps, as a factor.
   *
   * @default {1}
   */
  spinFactor?: number;
}

const NODES_PER_SLAB = 28;
/** Nodes of this thread that nobody uses. */
const unused: number[] = [];

/** Takes an unused node of this thread. */
export function acquireNode(): number {
  if (unused.length === 0) {
    const slab = allocate((2 + NODES_PER_SLAB * NODE_WORDS) * 4);
    i32.fill(0, slab, slab + 2 + NODES_PER_SLAB * NODE_WORDS);
    i32[slab] = i32[thisIsolate + SLABS];
    for (let at = NODES_PER_SLAB - 1; at >= 0; at--) unused.push(slab + 2 + at * NODE_WORDS);
    Atomics.store(i32, thisIsolate + SLABS, slab);
  }
  return unused.pop()!;
}

/** Gives a node back that no queue and no list has any more. */
export function returnNode(node: number): void {
  Atomics.store(i32, node + nodeWord.STATE, NodeState.UNUSED);
  unused.push(node);
}

/**
 * Puts the node into the queue if the word still has the expected value.
 *
 * @returns whether it waits now
 */
export function enqueue(node: number, park: Park, kind: number): boolean {
  const { queue, word, expected } = park;
  const overtaken = park.overtaken === true;
  i32[node + nodeWord.QUEUE] = queue;
  i32[node + nodeWord.ISOLATE] = thisIsolate;
  i32[node + nodeWord.OWNER_WORD] = park.ownerWord ?? 0;
  i32[node + nodeWord.GROUP] = park.group ?? 0;
  i32[node + nodeWord.SUCCESSOR_QUEUE] = park.successorQueue ?? 0;
  i32[node + nodeWord.FLAGS] = overtaken ? kind | WaiterFlag.OVERTAKEN : kind;
  enter(queue + GUARD);
  Atomics.store(i32, node + nodeWord.STATE, NodeState.QUEUED);
  link(queue, node, overtaken);
  // The owner is asked for after the node is in sight: one that ends first says so in its state and
  // then looks for those who wait for it, so one of the two sees the other.
  const waits = Atomics.load(i32, word) === expected &&
    (park.unless === undefined || Atomics.load(i32, park.unless) === 0) &&
    (park.ownerWord === undefined || !isOwnerGone(park.ownerWord)) &&
    (park.admit === undefined || park.admit());
  if (!waits) remove(queue, node);
  leave(queue + GUARD);
  return waits;
}

function isOwnerGone(ownerWord: number): boolean {
  const owner = Atomics.load(i32, ownerWord);
  return owner !== 0 && hasEnded(owner);
}

/**
 * Takes the node out of its queue again, because its waiter gives up. A group that it waited with is
 * broken in the same section: the waiter may not live to do it afterwards.
 *
 * @returns whether it still waited; otherwise it has been woken meanwhile
 */
export function dequeue(node: number): boolean {
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

/** Whether somebody stands in the queue. */
export function hasWaiters(queue: number): boolean {
  return Atomics.load(i32, queue + HEAD) !== 0;
}

/**
 * As {@linkcode hasWaiters}, at a glance that is not atomic, and 10 ns shorter: who came this moment
 * may be missed. For a choice of ways, each of which looks properly in the end.
 */
export function hasWaitersRelaxed(queue: number): boolean {
  return i32[queue + HEAD] !== 0;
}

/** Wakes the first in the queue. To be called after the word has been changed. */
export function wakeOne(queue: number): void {
  if (!hasWaiters(queue)) return;
  enter(queue + GUARD);
  const node = takeFirst(queue);
  if (node !== 0) wake(node, NodeState.WOKEN);
  leave(queue + GUARD);
}

/** Wakes everybody in the queue. To be called after the word has been changed. */
export function wakeAll(queue: number): void {
  if (!hasWaiters(queue)) return;
  enter(queue + GUARD);
  for (let node = takeFirst(queue); node !== 0; node = takeFirst(queue)) {
    wake(node, NodeState.WOKEN);
  }
  leave(queue + GUARD);
}

/**
 * Runs a few instructions, which do not throw, while nobody joins or leaves the queue or is woken.
 *
 * @returns what they return
 */
export function withQueueGuard<T>(queue: number, section: () => T): T {
  enter(queue + GUARD);
  const result = section();
  leave(queue + GUARD);
  return result;
}

/** How many living threads' waiters stand in the queue. {@linkcode withQueueGuard}. */
export function countWaiters(queue: number): number {
  let count = 0;
  for (let node = i32[queue + HEAD]; node !== 0; node = i32[node + nodeWord.NEXT]) {
    if (!hasEnded(i32[node + nodeWord.ISOLATE])) count++;
  }
  return count;
}

/** Tells the group in the queue how its wait has ended. {@linkcode withQueueGuard}. */
export function resumeGroup(
  queue: number,
  state: typeof NodeState.PASSED | typeof NodeState.BROKEN,
): void {
  for (let node = takeFirst(queue); node !== 0; node = takeFirst(queue)) wake(node, state);
}

function breakGroup(queue: number, group: number): void {
  Atomics.or(i32, group, 1);
  resumeGroup(queue, NodeState.BROKEN);
}

/**
 * Frees the owner word and wakes the first in the queue; if that one has been overtaken before, it
 * becomes the owner instead, and nobody can come between.
 *
 * @returns false, with nothing done, if the word does not name `owner` any more
 */
export function handOff(queue: number, ownerWord: number, owner: number): boolean {
  enter(queue + GUARD);
  const node = takeFirst(queue);
  const handsOver = node !== 0 && (i32[node + nodeWord.FLAGS] & WaiterFlag.OVERTAKEN) !== 0;
  const next = handsOver ? i32[node + nodeWord.ISOLATE] : 0;
  const passed = Atomics.compareExchange(i32, ownerWord, owner, next) === owner;
  if (node !== 0) wake(node, passed && handsOver ? NodeState.OWNER : NodeState.WOKEN);
  leave(queue + GUARD);
  return passed;
}

/**
 * Takes the waiters of a thread that has ended out of all queues, and passes on what they were told.
 * A group that one of them waited with is broken.
 */
export function removeWaitersOf(record: number): void {
  for (const node of nodesOf(record)) {
    const queue = i32[node + nodeWord.QUEUE];
    if (i32[node + nodeWord.STATE] === NodeState.UNUSED || queue === 0) continue;
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
}

/** Wakes all who wait for something that a thread which has ended still owns. */
export function wakeWaitersOnOwner(owner: number): void {
  wakeWhere((ownerWord) => Atomics.load(i32, ownerWord) === owner);
}

/**
 * Wakes all who sleep in other queues than `own` while they mind who is named by `ownerWord`. Called by
 * who took over from the dead: {@linkcode wakeWaitersOnOwner} does not find them any more.
 */
export function wakeOtherQueuesOnOwner(ownerWord: number, own: number): void {
  wakeWhere((word, queue) => word === ownerWord && queue !== own);
}

/** Wakes those of all threads' waiters that mind an owner, where `isMeant`. */
function wakeWhere(isMeant: (ownerWord: number, queue: number) => boolean): void {
  forEachLiveIsolate((record) => {
    for (const node of nodesOf(record)) {
      const ownerWord = i32[node + nodeWord.OWNER_WORD];
      if (ownerWord === 0 || i32[node + nodeWord.STATE] !== NodeState.QUEUED) continue;
      const queue = i32[node + nodeWord.QUEUE];
      if (queue === 0 || !isMeant(ownerWord, queue)) continue;
      enter(queue + GUARD);
      if (stateIn(queue, node) === NodeState.QUEUED && isMeant(ownerWord, queue)) {
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
 * The state of another thread's node as far as this queue is concerned: while nobody held the guard
 * the node may have left the queue, or gone to another. Its thread names the queue before it sets the
 * state, so they are read in the other order. Inside `GUARD`.
 */
function stateIn(queue: number, node: number): number {
  const state = Atomics.load(i32, node + nodeWord.STATE);
  return Atomics.load(i32, node + nodeWord.QUEUE) === queue ? state : NodeState.UNUSED;
}

/** Frees the nodes of a thread whose JavaScript has stopped. */
export function freeNodesOf(record: number): void {
  let slab = Atomics.exchange(i32, record + SLABS, 0);
  while (slab !== 0) {
    const next = i32[slab];
    free(slab);
    slab = next;
  }
}

function* nodesOf(record: number): Generator<number> {
  let slab = Atomics.load(i32, record + SLABS);
  for (; slab !== 0; slab = i32[slab]) {
    for (let at = 0; at < NODES_PER_SLAB; at++) yield slab + 2 + at * NODE_WORDS;
  }
}

/**
 * Sets a node's state and tells its thread. Inside `GUARD`, the node out of the queue. As soon as the
 * state is set a blocked waiter may use its node for something else: what is needed is read before.
 */
function wake(node: number, state: number): void {
  const thread = i32[node + nodeWord.ISOLATE];
  const kind = i32[node + nodeWord.FLAGS];
  Atomics.store(i32, node + nodeWord.STATE, state);
  if ((kind & WaiterFlag.ASYNC) !== 0) {
    const ready = thread + READY;
    let first = Atomics.load(i32, ready);
    for (;;) {
      i32[node + nodeWord.NEXT_READY] = first;
      const found = Atomics.compareExchange(i32, ready, first, node);
      if (found === first) break;
      first = found;
    }
    if (thread === thisIsolate) updateKeepAlive();
  }
  unpark(thread);
}

/** Takes the first node whose thread is alive out of the queue. Inside `GUARD`. */
function takeFirst(queue: number): number {
  for (;;) {
    const node = i32[queue + HEAD];
    if (node === 0) return 0;
    unlink(queue, node);
    if (!hasEnded(i32[node + nodeWord.ISOLATE])) return node;
    Atomics.store(i32, node + nodeWord.STATE, NodeState.SKIPPED);
  }
}

/** Adds a node at the end of the queue, or at its front. Inside `GUARD`. */
function link(queue: number, node: number, atFront: boolean): void {
  const next = atFront ? i32[queue + HEAD] : 0;
  const previous = atFront ? 0 : i32[queue + TAIL];
  i32[node + nodeWord.NEXT] = next;
  i32[node + nodeWord.PREVIOUS] = previous;
  if (next === 0) i32[queue + TAIL] = node;
  else i32[next + nodeWord.PREVIOUS] = node;
  if (previous === 0) Atomics.store(i32, queue + HEAD, node);
  else i32[previous + nodeWord.NEXT] = node;
}

/** Takes a node out of the queue that nobody wakes. Inside `GUARD`. */
function remove(queue: number, node: number): void {
  unlink(queue, node);
  Atomics.store(i32, node + nodeWord.STATE, NodeState.UNUSED);
}

/**
 * Takes a node out of the queue. Its state stays `QUEUED` until it is woken: the waiter looks at it
 * without the guard, and must not take the moment between the two for the end of its wait.
 * Inside `GUARD`.
 */
function unlink(queue: number, node: number): void {
  const next = i32[node + nodeWord.NEXT];
  const previous = i32[node + nodeWord.PREVIOUS];
  if (next === 0) i32[queue + TAIL] = previous;
  else i32[next + nodeWord.PREVIOUS] = previous;
  if (previous === 0) Atomics.store(i32, queue + HEAD, next);
  else i32[previous + nodeWord.NEXT] = next;
}
