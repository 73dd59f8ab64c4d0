/**
 * The nodes of waiters: taken, returned, and freed with their isolate.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MemoryError } from "@sauropod/multiprocessing";
import {
  adoptIsolate,
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { NODES_PER_SLAB } from "../../lib/heap/sizes.ts";
import { i32 } from "../../lib/heap/views.ts";
import {
  acquireNode,
  acquireNodes,
  countNodesInUse,
  freeNodesOf,
  nodesOf,
  NodeState,
  nodeWord,
  returnNode,
  unusedNodes,
} from "../../lib/parking/waiter_node.ts";
import { test } from "../fixtures/guarded.ts";
import { fillFreeBlocks, usedBytes, useUpHeadroom, useUpHeap } from "../fixtures/heap.ts";

ensureIsolate();

/** Number of words of a node. */
const WORDS = Object.keys(nodeWord).length;

test("acquireNode() returns nodes that are unused and do not overlap, in the order of their addresses", () => {
  fillFreeBlocks();
  const nodes = acquireNodes(2 * NODES_PER_SLAB + 1);
  assertEquals(countNodesInUse(), nodes.length);
  for (const node of nodes) {
    assertEquals([...i32.subarray(node, node + WORDS)], Array(WORDS).fill(0));
    i32.fill(node, node, node + WORDS);
  }
  for (const node of nodes) {
    assertEquals([...i32.subarray(node, node + WORDS)], Array(WORDS).fill(node));
  }
  const all = [...nodesOf(thisIsolate)];
  assert(nodes.every((node) => all.includes(node)));
  assertEquals(all.length % NODES_PER_SLAB, 0);
  nodes.forEach(returnNode);
  assertEquals(nodes.map((node) => i32[node + nodeWord.STATE]), nodes.map(() => NodeState.UNUSED));
  assertEquals(countNodesInUse(), 0);
  const slab = all.slice(0, NODES_PER_SLAB);
  assertEquals(slab, slab.toSorted((a, b) => a - b));
});

test("acquireNodes() takes all nodes or none", () => {
  const unused = unusedNodes.length;
  {
    using _heap = useUpHeap(32);
    using _headroom = useUpHeadroom(32);
    assertEquals(acquireNodes(unused).map(returnNode).length, unused); // there is memory for these
    assertThrows(() => acquireNodes(unused + 1), MemoryError);
  }
  assertEquals([countNodesInUse(), unusedNodes.length], [0, unused]);
});

test("acquireNode() uses the headroom when the heap is full", () => {
  const used: number[] = [];
  {
    using _ = useUpHeap(32);
    while (unusedNodes.length > 0) used.push(acquireNode());
    used.push(acquireNode());
  }
  used.forEach(returnNode);
  assertEquals(countNodesInUse(), 0);
});

test("freeNodesOf() frees the nodes of an isolate that has ended", () => {
  const main = thisIsolate;
  const own = unusedNodes.splice(0);
  const before = usedBytes();
  const record = createIsolateRecord(main);
  const withRecord = usedBytes();
  adoptIsolate(i32.buffer, record);
  const nodes = acquireNodes(NODES_PER_SLAB + 1);
  assertEquals([...nodesOf(record)].toSorted(), [...nodes, ...unusedNodes].toSorted());
  assertEquals(countNodesInUse(), nodes.length);
  assert(usedBytes() > withRecord);
  adoptIsolate(i32.buffer, main);
  unusedNodes.splice(0, Infinity, ...own);
  freeNodesOf(record);
  assertEquals([usedBytes(), [...nodesOf(record)]], [withRecord, []]);
  freeNodesOf(record);
  freeIsolateRecord(record);
  assertEquals(usedBytes(), before);
});
