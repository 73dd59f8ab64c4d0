/**
 * The nodes of waiters in wait queues.
 *
 * | `STATE` of a node | meaning | next |
 * |---|---|---|
 * | `UNUSED` 0 | in the list of unused nodes of its isolate | `QUEUED` by the waiter |
 * | `QUEUED` 1 | in a queue | `WOKEN` to `SKIPPED` by a waker; `UNUSED` by the waiter, when it gives up |
 * | `WOKEN` 2 | woken: look again | `UNUSED` by the waiter |
 * | `OWNER` 3 | woken: the waiter owns what it waited for | `UNUSED` by the waiter |
 * | `PASSED` 5 | woken: the group that the waiter belonged to may pass | `UNUSED` by the waiter |
 * | `BROKEN` 6 | woken: the group that the waiter belonged to is broken | `UNUSED` by the waiter |
 * | `SKIPPED` 7 | its isolate had ended when its turn came | `UNUSED` by the waiter, if it still runs |
 *
 * Nodes belong to the isolate that waits, in slabs that are linked from its record. So when the isolate
 * ends, others can find its nodes.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { allocateUrgent, free, makePermanent } from "../heap/allocator.ts";
import { isMainIsolate, recordWord, thisIsolate } from "../heap/isolate_record.ts";
import { NODES_PER_SLAB } from "../heap/sizes.ts";
import { i32 } from "../heap/views.ts";

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
  /** The next node in the stack `READY`. */
  NEXT_READY: 7,
  /** Address of the word whose lowest bit says that the group is broken; 0 for none. */
  GROUP: 8,
  /** Address of the queue whose first waiter is woken if this waiter dies; 0 for none. */
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

/** Properties of a waiter. */
export const WaiterFlag = {
  /** A promise waits; the isolate is not blocked. */
  ASYNC: 1,
  /** It was woken before, and another isolate was faster: it queues at the front, and is handed ownership. */
  OVERTAKEN: 2,
} as const;

/** Address of a node. */
export type NodeAddress = Address<"waiter node">;

/** Word of the isolate record: stack of the nodes of its promises that were woken. */
export const READY: number = recordWord(11, "stack of woken promises");
/** Word of the isolate record: first slab of its nodes. */
const SLABS = recordWord(12, "first slab of waiter nodes");
/** Words of a slab before its nodes: the next slab, and one for alignment. */
const SLAB_HEADER = 2;

/** Nodes of this isolate that are not in use. */
export const unusedNodes: NodeAddress[] = [];

/**
 * Takes an unused node of this isolate.
 *
 * @throws {MemoryError} if the shared heap is full
 */
export function acquireNode(): NodeAddress {
  if (unusedNodes.length === 0) {
    const words = SLAB_HEADER + NODES_PER_SLAB * NODE_WORDS;
    const slab = allocateUrgent(words * 4);
    if (isMainIsolate()) makePermanent(slab);
    i32.fill(0, slab, slab + words);
    i32[slab] = i32[thisIsolate + SLABS];
    for (let at = NODES_PER_SLAB - 1; at >= 0; at--) {
      unusedNodes.push(slab + SLAB_HEADER + at * NODE_WORDS);
    }
    Atomics.store(i32, thisIsolate + SLABS, slab);
  }
  return unusedNodes.pop()!;
}

/**
 * Takes so many unused nodes of this isolate, or none.
 *
 * @throws {MemoryError} if the shared heap is full
 */
export function acquireNodes(count: number): NodeAddress[] {
  const nodes: NodeAddress[] = [];
  try {
    while (nodes.length < count) nodes.push(acquireNode());
  } catch (error) {
    nodes.forEach(returnNode);
    throw error;
  }
  return nodes;
}

/** Returns the number of nodes of this isolate that are in use. */
export function countNodesInUse(): number {
  let slabs = 0;
  for (let slab = i32[thisIsolate + SLABS]; slab !== 0; slab = i32[slab]) slabs++;
  return slabs * NODES_PER_SLAB - unusedNodes.length;
}

/** Returns a node that is in no queue and no list. */
export function returnNode(node: NodeAddress): void {
  Atomics.store(i32, node + nodeWord.STATE, NodeState.UNUSED);
  unusedNodes.push(node);
}

/** Iterates over all nodes of an isolate. */
export function* nodesOf(record: Address<"isolate">): Generator<NodeAddress> {
  let slab = Atomics.load(i32, record + SLABS);
  for (; slab !== 0; slab = i32[slab]) {
    for (let at = 0; at < NODES_PER_SLAB; at++) yield slab + SLAB_HEADER + at * NODE_WORDS;
  }
}

/** Frees the nodes of an isolate whose JavaScript has stopped. */
export function freeNodesOf(record: Address<"isolate">): void {
  let slab = Atomics.exchange(i32, record + SLABS, 0);
  while (slab !== 0) {
    const next = i32[slab];
    free(slab);
    slab = next;
  }
}
