/**
 * The word that names the owner of a lock: who may take it over, and who learns of it.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { AbandonedLockError, Lock, TimeoutError } from "@sauropod/multiprocessing";
import { allocate, free } from "../../lib/heap/allocator.ts";
import {
  Control,
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  IsolateState,
  isolateWord,
  publishEnd,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { awaitOn, blockOn, type ParkResult, type Steps } from "../../lib/parking/wait.ts";
import { enqueue, hasWaiters } from "../../lib/parking/wait_queue.ts";
import { NodeState, nodeWord } from "../../lib/parking/waiter_node.ts";
import {
  acquiring,
  LockGuard,
  ownerOf,
  OWNERSHIP_WORDS,
  relinquish,
  throwUnlessAcquired,
  tryOwn,
} from "../../lib/sync/ownership.ts";
import { test } from "../fixtures/guarded.ts";
import { guard } from "../fixtures/workers.ts";

ensureIsolate();

/** The words of a lock that nobody owns, and the records of another isolate that lives and one that has ended. */
function makeOwnership() {
  const owner = allocate(OWNERSHIP_WORDS * 4);
  i32.fill(0, owner, owner + OWNERSHIP_WORDS);
  const [living, ended] = [createIsolateRecord(thisIsolate), createIsolateRecord(thisIsolate)];
  publishEnd(ended, 1);
  return {
    owner,
    queue: owner + 1,
    living,
    ended,
    [Symbol.dispose]: () => {
      assertEquals(hasWaiters(owner + 1), false);
      free(owner);
      for (const record of [living, ended]) freeIsolateRecord(record);
    },
  };
}

test("tryOwn() takes a free lock, and no other", () => {
  using words = makeOwnership();
  const { owner, living, ended } = words;
  assertEquals([tryOwn(owner), ownerOf(owner)], [true, thisIsolate]);
  for (const record of [thisIsolate, living, ended]) {
    i32[owner] = record;
    assertEquals([tryOwn(owner), ownerOf(owner)], [false, record]);
  }
  i32[owner] = 0;
  i32[thisIsolate + isolateWord.CONTROL] |= Control.STOP;
  const taken = tryOwn(owner);
  i32[thisIsolate + isolateWord.CONTROL] &= ~Control.STOP;
  assertEquals([taken, ownerOf(owner)], [false, 0]);
});

test("acquiring() takes over from an isolate that has ended, and tells so", () => {
  using words = makeOwnership();
  const { owner, living, ended } = words;
  const acquire = () => blockOn(acquiring(owner), { timeoutMs: 0 });
  assertEquals([acquire(), ownerOf(owner)], ["acquired", thisIsolate]);
  i32[owner] = ended;
  assertEquals([acquire(), ownerOf(owner)], ["abandoned", thisIsolate]);
  i32[owner] = living;
  assertEquals([acquire(), ownerOf(owner)], ["timed out", living]);
});

test("acquiring() looks again when another isolate was faster to take over", () => {
  using words = makeOwnership();
  const { owner, living, ended } = words;
  i32[owner] = ended;
  const { compareExchange } = Atomics;
  using _ = stub(
    Atomics,
    "compareExchange",
    ((...args: Parameters<typeof compareExchange>) => {
      if (args[1] === owner && Number(args[2]) === ended) i32[owner] = living;
      return compareExchange(...args);
    }) as typeof compareExchange,
  );
  assertEquals(blockOn(acquiring(owner), { timeoutMs: 0 }), "timed out");
  assertEquals(ownerOf(owner), living);
});

test("acquiring() of what an ended isolate owned wakes those that wait for it in other queues", async () => {
  using words = makeOwnership();
  using others = makeOwnership();
  const { owner, living, ended } = words;
  i32[owner] = living;
  const { owner: word, queue } = others;
  function* waiting(): Steps<ParkResult> {
    return yield { queue, word, expected: 0, ownerWord: owner };
  }
  const inOtherQueue = awaitOn(waiting(), guard);
  i32[owner] = ended;
  assertEquals(blockOn(acquiring(owner)), "abandoned");
  assertEquals(hasWaiters(queue), false);
  await inOtherQueue;
});

test("relinquish() frees a lock, whoever owns it, and tells whether it was held", () => {
  using words = makeOwnership();
  const { owner, living, ended } = words;
  assertEquals(relinquish(owner), false);
  for (const record of [thisIsolate, living, ended]) {
    i32[owner] = record;
    assertEquals([relinquish(owner), ownerOf(owner)], [true, 0]);
  }
});

test("relinquish() wakes the first waiter, whoever owned the lock", async () => {
  for (const isOwn of [true, false]) {
    using words = makeOwnership();
    const { owner, living } = words;
    i32[owner] = isOwn ? thisIsolate : living;
    const waits = [awaitOn(acquiring(owner), guard), awaitOn(acquiring(owner), guard)];
    assertEquals([relinquish(owner), ownerOf(owner)], [true, 0]);
    assertEquals([await waits[0], ownerOf(owner)], ["acquired", thisIsolate]);
    assertEquals([relinquish(owner), await waits[1]], [true, "acquired"]);
  }
});

test("relinquish() wakes a waiter that joins the queue while the lock is freed", async () => {
  for (const isOwn of [true, false]) {
    using words = makeOwnership();
    const { owner, living } = words;
    i32[owner] = isOwn ? thisIsolate : living;
    const { compareExchange } = Atomics;
    let waiting: Promise<unknown> | undefined;
    {
      using _ = stub(
        Atomics,
        "compareExchange",
        ((...args: Parameters<typeof compareExchange>) => {
          if (args[1] === owner && Number(args[3]) === 0) {
            waiting ??= awaitOn(acquiring(owner), guard);
          }
          return compareExchange(...args);
        }) as typeof compareExchange,
      );
      assertEquals([relinquish(owner), ownerOf(owner)], [true, 0]);
    }
    assertEquals([await waiting, ownerOf(owner)], ["acquired", thisIsolate]);
  }
});

test("an isolate that was ended wakes another waiter when it acquires a lock, and releases none", () => {
  using words = makeOwnership();
  const { owner, queue, living } = words;
  const node = allocate(Object.keys(nodeWord).length * 4);
  i32[owner] = thisIsolate;
  assert(enqueue(node, { queue, word: owner, expected: thisIsolate }, 0));
  i32[node + nodeWord.ISOLATE] = living;
  const state = thisIsolate + isolateWord.STATE;
  const before = i32[state];
  i32[state] = IsolateState.ENDED;
  try {
    assertEquals([relinquish(owner), ownerOf(owner)], [true, thisIsolate]);
    assertEquals(i32[node + nodeWord.STATE], NodeState.QUEUED);
    i32[owner] = 0;
    assertEquals(acquiring(owner).next(), { done: true, value: "acquired" });
    assertEquals(i32[node + nodeWord.STATE], NodeState.WOKEN);
  } finally {
    i32[state] = before;
  }
  free(node);
});

test("throwUnlessAcquired() throws for a lock that was not acquired, or abandoned", () => {
  throwUnlessAcquired("acquired");
  assertThrows(() => throwUnlessAcquired("abandoned"), AbandonedLockError);
  assertThrows(
    () => throwUnlessAcquired("timed out", { timeoutMs: 7 }),
    TimeoutError,
    "after 7 ms",
  );
});

test("LockGuard.release() throws if the lock was released otherwise, the first time", () => {
  const lock = new Lock();
  const held = lock.acquireSync();
  lock.release();
  assertThrows(() => held.release(), Error, "it is not held");
  held.release();
});

test("LockGuard.release() in an isolate that was told to end throws nothing", () => {
  const held = new LockGuard({
    release() {
      throw new Error("it is not held");
    },
  });
  i32[thisIsolate + isolateWord.CONTROL] |= Control.STOP;
  try {
    held.release();
  } finally {
    i32[thisIsolate + isolateWord.CONTROL] &= ~Control.STOP;
  }
});
