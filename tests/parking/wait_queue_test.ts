/**
 * Wait queues with nodes in which no one sleeps: what each operation does to them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { allocate, free } from "../../lib/heap/allocator.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  publishEnd,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import type { Park } from "../../lib/parking/park.ts";
import {
  countWaiters,
  dequeue,
  enqueue,
  handOff,
  hasWaiters,
  hasWaitersRelaxed,
  QUEUE_WORDS,
  removeLateWaitersOf,
  removeWaitersOf,
  resumeGroup,
  wakeAll,
  wakeOne,
  wakeOtherQueuesOnOwner,
  wakeWaitersOnOwner,
  withQueueGuard,
} from "../../lib/parking/wait_queue.ts";
import { acquireNode, NodeState, nodeWord, returnNode } from "../../lib/parking/waiter_node.ts";
import { test } from "../fixtures/guarded.ts";

ensureIsolate();

const stateNames = new Map(Object.entries(NodeState).map(([name, state]) => [state, name]));

/** Two queues, words that waiters name, and the waiters. */
class Queues implements Disposable {
  readonly at = allocate((4 + 2 * QUEUE_WORDS) * 4);
  readonly word = this.at;
  readonly owner = this.at + 1;
  readonly group = this.at + 2;
  readonly queue = this.at + 4;
  readonly other = this.queue + QUEUE_WORDS;
  readonly #nodes: number[] = [];
  readonly #records: number[] = [];

  constructor() {
    i32.fill(0, this.at, this.other + QUEUE_WORDS);
  }

  /** Puts a waiter of this isolate into a queue. Returns its node; `undefined` if it does not wait. */
  join(more: Partial<Park> = {}): number | undefined {
    const node = acquireNode();
    const park = { queue: this.queue, word: this.word, expected: 0, ...more };
    if (enqueue(node, park, 0)) {
      this.#nodes.push(node);
      return node;
    }
    returnNode(node);
    return undefined;
  }

  /** As {@linkcode join}, for waiters that wait. */
  joined(...all: Partial<Park>[]): number[] {
    return all.map((more) => this.join(more)!);
  }

  /** Puts a waiter of another isolate into a queue, which this isolate does not have among its nodes. */
  joinedElsewhere(isolate: number, more: Partial<Park> = {}): number {
    const node = allocate(Object.keys(nodeWord).length * 4);
    assert(enqueue(node, { queue: this.queue, word: this.word, expected: 0, ...more }, 0));
    i32[node + nodeWord.ISOLATE] = isolate;
    this.#elsewhere.push(node);
    return node;
  }
  readonly #elsewhere: number[] = [];

  /** Returns the record of another isolate. */
  isolate(): number {
    const record = createIsolateRecord(thisIsolate);
    this.#records.push(record);
    return record;
  }

  /** Returns the states of the waiters, in the order in which they joined. */
  states(nodes: readonly number[]): (string | undefined)[] {
    return nodes.map((node) => stateNames.get(i32[node + nodeWord.STATE] as 0));
  }

  [Symbol.dispose](): void {
    for (const queue of [this.queue, this.other]) {
      assertEquals([hasWaiters(queue), hasWaitersRelaxed(queue)], [false, false]);
    }
    this.#nodes.forEach(returnNode);
    this.#elsewhere.forEach(free);
    this.#records.forEach(freeIsolateRecord);
    free(this.at);
  }
}

test("enqueue() lets a waiter wait only while all its conditions hold", () => {
  using queues = new Queues();
  const ended = queues.isolate();
  publishEnd(ended, 1);
  const { word, owner, group } = queues;
  i32[group] = 1;
  const refused: Partial<Park>[] = [
    { expected: 1 },
    { unless: group },
    { unless: word, admit: () => false },
  ];
  for (const park of refused) assertEquals(queues.join(park), undefined);
  i32[owner] = ended;
  assertEquals(queues.join({ ownerWord: owner }), undefined);
  assertEquals(hasWaiters(queues.queue), false);
  const [free, owned] = [0, queues.isolate()].map((record) => {
    i32[owner] = record;
    return queues.join({ ownerWord: owner, unless: word, admit: () => true })!;
  });
  assertEquals(queues.states([free, owned]), ["QUEUED", "QUEUED"]);
  assert(hasWaitersRelaxed(queues.queue));
  wakeAll(queues.queue);
});

test("waiters leave from any place, and the others stay in order", () => {
  using queues = new Queues();
  const all = queues.joined({}, {}, {}, {}, { overtaken: true });
  const [first, second, third, last, overtaken] = all;
  assertEquals([dequeue(second), dequeue(last)], [true, true]);
  assertEquals(queues.states(all), ["QUEUED", "UNUSED", "QUEUED", "UNUSED", "QUEUED"]);
  assertEquals(withQueueGuard(queues.queue, () => countWaiters(queues.queue)), 3);
  const order: number[] = [];
  while (hasWaiters(queues.queue)) {
    wakeOne(queues.queue);
    order.push(
      ...all.filter((node) =>
        !order.includes(node) && i32[node + nodeWord.STATE] === NodeState.WOKEN
      ),
    );
  }
  assertEquals(order, [overtaken, first, third]);
  assertEquals([dequeue(first), dequeue(third)], [false, false]); // woken at the last moment
  wakeOne(queues.queue);
  const [next] = queues.joined({});
  assertEquals(dequeue(next), true);
  const [again] = queues.joined({}, {});
  wakeAll(queues.queue);
  assertEquals(queues.states([again]), ["WOKEN"]);
});

test("waiters of isolates that have ended are skipped, and count as gone", () => {
  using queues = new Queues();
  const other = queues.isolate();
  const dead = queues.joinedElsewhere(other);
  const [own] = queues.joined({});
  publishEnd(other, 1);
  assertEquals(withQueueGuard(queues.queue, () => countWaiters(queues.queue)), 1);
  wakeOne(queues.queue);
  assertEquals(queues.states([dead, own]), ["SKIPPED", "WOKEN"]);
  assertEquals(dequeue(dead), true); // if it still runs, it was not woken
});

test("handOff() frees what is owned, or hands it to a waiter that was overtaken", () => {
  using queues = new Queues();
  const { owner, queue } = queues;
  const others = [queues.isolate(), queues.isolate()];
  i32[owner] = others[0];
  assertEquals([handOff(queue, owner, others[0]), i32[owner]], [true, 0]);
  const [first, overtaken] = queues.joined({}, { overtaken: true });
  const second = queues.joinedElsewhere(others[1]);
  i32[owner] = others[0];
  assertEquals([handOff(queue, owner, others[0]), i32[owner]], [true, thisIsolate]);
  assertEquals(queues.states([overtaken, first, second]), ["OWNER", "QUEUED", "QUEUED"]);
  assertEquals([handOff(queue, owner, thisIsolate), i32[owner]], [true, 0]);
  assertEquals(queues.states([first, second]), ["WOKEN", "QUEUED"]);
  // Another isolate has taken it: none of the waiters owns it.
  const [late] = queues.joined({ overtaken: true });
  i32[owner] = others[1];
  assertEquals([handOff(queue, owner, others[0]), i32[owner]], [false, others[1]]);
  assertEquals(queues.states([late, second]), ["WOKEN", "QUEUED"]);
  wakeAll(queue);
});

test("a group passes together, and breaks when one of it gives up", () => {
  using queues = new Queues();
  const { group, queue } = queues;
  const passing = queues.joined({ group }, { group });
  withQueueGuard(queue, () => resumeGroup(queue, NodeState.PASSED));
  assertEquals([...queues.states(passing), i32[group]], ["PASSED", "PASSED", 0]);
  i32[group] = 4; // other bits stay
  const breaking = queues.joined({ group }, { group }, { group });
  assertEquals(dequeue(breaking[1]), true);
  assertEquals(queues.states(breaking), ["BROKEN", "UNUSED", "BROKEN"]);
  assertEquals(i32[group], 5);
  const alone = queues.joined({}, {});
  dequeue(alone[0]);
  assertEquals(queues.states(alone), ["UNUSED", "QUEUED"]);
  wakeAll(queue);
});

test("removeWaitersOf() removes waiters, and hands on what woke them", () => {
  using queues = new Queues();
  const { queue, other, group } = queues;
  const living = queues.isolate();
  const [queued, unused] = queues.joined({}, {});
  const woken = queues.joined({ queue: other })[0];
  wakeOne(other);
  dequeue(unused);
  const next = [queues.joinedElsewhere(living), queues.joinedElsewhere(living, { queue: other })];
  removeWaitersOf(thisIsolate);
  assertEquals(queues.states([queued, unused, woken]), ["UNUSED", "UNUSED", "WOKEN"]);
  assertEquals(queues.states(next), ["QUEUED", "WOKEN"]);
  wakeAll(queue);
  i32[woken + nodeWord.STATE] = NodeState.UNUSED;
  // The waiters of a group of which one dies learn of it.
  const [dead] = queues.joined({ group });
  const member = queues.joinedElsewhere(living, { group });
  removeWaitersOf(thisIsolate);
  assertEquals([...queues.states([dead, member]), i32[group]], ["UNUSED", "BROKEN", 1]);
  // A waiter that was to use a wake-up for another queue leaves it to the first one there.
  for (const isWoken of [false, true]) {
    const [heir] = queues.joined({ successorQueue: other });
    if (isWoken) wakeOne(queue);
    const successor = queues.joinedElsewhere(living, { queue: other });
    removeWaitersOf(thisIsolate);
    assertEquals(queues.states([successor]), ["WOKEN"]);
    i32[heir + nodeWord.STATE] = NodeState.UNUSED;
  }
});

test("removeLateWaitersOf() removes waiters that are in a queue, and touches no others", () => {
  using queues = new Queues();
  const { queue, other } = queues;
  const living = queues.isolate();
  const [late] = queues.joined({});
  const [woken] = queues.joined({ queue: other });
  wakeOne(other);
  const next = queues.joinedElsewhere(living, { queue: other });
  removeLateWaitersOf(thisIsolate);
  assertEquals(queues.states([late, woken, next]), ["UNUSED", "WOKEN", "QUEUED"]);
  assertEquals(hasWaiters(queue), false);
  wakeAll(other);
});

test("wakeWaitersOnOwner() wakes the waiters for what an isolate owned, and no others", () => {
  using queues = new Queues();
  const { queue, other, owner, group, word } = queues;
  const [ended, living] = [queues.isolate(), queues.isolate()];
  i32[owner] = ended;
  i32[word] = living;
  const all = queues.joined(
    { ownerWord: owner, expected: living },
    { ownerWord: word, expected: living },
    { expected: living },
    { ownerWord: owner, expected: living, queue: other, group },
    { expected: living, queue: other, group },
  );
  wakeWaitersOnOwner(ended);
  assertEquals(queues.states(all), ["WOKEN", "QUEUED", "QUEUED", "BROKEN", "BROKEN"]);
  assertEquals(i32[group], 1);
  wakeWaitersOnOwner(ended);
  assertEquals(queues.states(all.slice(1, 3)), ["QUEUED", "QUEUED"]);
  wakeAll(queue);
});

test("wakeOtherQueuesOnOwner() wakes the waiters that name the word in other queues", () => {
  using queues = new Queues();
  const { queue, other, owner, word } = queues;
  const all = queues.joined(
    { ownerWord: owner },
    { ownerWord: owner, queue: other },
    { ownerWord: word, queue: other },
    { queue: other },
  );
  wakeOtherQueuesOnOwner(owner, queue);
  assertEquals(queues.states(all), ["QUEUED", "WOKEN", "QUEUED", "QUEUED"]);
  wakeAll(queue);
  wakeAll(other);
});
