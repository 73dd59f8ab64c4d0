/**
 * Arrivals at a barrier whose parties have ended at some moment before.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Barrier, BrokenBarrierError } from "@sauropod/multiprocessing";
import { allocate, free } from "../../lib/heap/allocator.ts";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  publishEnd,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf } from "../../lib/objects/shared_object.ts";
import type { Park } from "../../lib/parking/park.ts";
import { ParkResult } from "../../lib/parking/wait.ts";
import { enqueue, wakeAll } from "../../lib/parking/wait_queue.ts";
import { nodeWord } from "../../lib/parking/waiter_node.ts";
import { arriving, barrierWord, endParty } from "../../lib/sync/barrier_protocol.ts";
import { test } from "../fixtures/guarded.ts";
import { guard } from "../fixtures/workers.ts";

ensureIsolate();

/** Word of a barrier that names the isolate that runs the action. */
const RUNNER = barrierWord.STATE + 1;

/** Returns what a party sleeps on that arrives now. */
function parkOf(barrier: Barrier): Park {
  return arriving(addressOf(barrier)!).next().value as Park;
}

/** Lets a party of another isolate arrive at a barrier, and wait there. */
function partyElsewhere(barrier: Barrier) {
  const record = createIsolateRecord(thisIsolate);
  const node = allocate(Object.keys(nodeWord).length * 4);
  const park = parkOf(barrier);
  assert(enqueue(node, park, 0));
  i32[node + nodeWord.ISOLATE] = record;
  return {
    record,
    park,
    get state() {
      return i32[node + nodeWord.STATE];
    },
    [Symbol.dispose]: () => {
      wakeAll(park.queue);
      free(node);
      freeIsolateRecord(record);
    },
  };
}

test("the last party breaks a barrier when one that waits has ended, and nobody has noted it", () => {
  for (const action of [undefined, () => {}]) {
    const barrier = new Barrier(2, { action });
    using party = partyElsewhere(barrier);
    assertEquals(barrier.nWaiting, 1);
    publishEnd(party.record, 1);
    assertThrows(() => barrier.waitSync(guard), BrokenBarrierError);
    assertEquals(barrier.broken, true);
  }
});

test("the last party lets one pass that waits in another isolate", () => {
  const barrier = new Barrier(2);
  using party = partyElsewhere(barrier);
  assertEquals([barrier.waitSync(guard), party.state], [1, ParkResult.PASSED]);
  assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
});

test("a party breaks a barrier whose action was run by an isolate that has ended", () => {
  const barrier = new Barrier(2, { action: () => {} });
  const address = addressOf(barrier)!;
  const runner = createIsolateRecord(thisIsolate);
  i32[address + barrierWord.COUNT] = 2; // all have arrived
  i32[address + RUNNER] = runner;
  assertThrows(() => barrier.waitSync({ timeoutMs: 0 }), Error, "still running");
  assertEquals(barrier.broken, false);
  publishEnd(runner, 1);
  assertThrows(() => barrier.waitSync(guard), BrokenBarrierError);
  assertEquals(barrier.broken, true);
  freeIsolateRecord(runner);
});

test("a party arrives after a reset although the isolate that ran the action before has ended", async () => {
  const barrier = new Barrier(2, { action: () => {} });
  const address = addressOf(barrier)!;
  const runner = createIsolateRecord(thisIsolate);
  i32[address + barrierWord.COUNT] = 2;
  i32[address + RUNNER] = runner;
  barrier.reset();
  publishEnd(runner, 1);
  const first = barrier.wait(guard);
  assertEquals(i32[address + RUNNER], 0);
  assertEquals([await barrier.wait(guard), await first], [1, 0]);
  freeIsolateRecord(runner);
});

test("a party does not wait where another has become the last, or has died, meanwhile", () => {
  const barrier = new Barrier(2);
  const address = addressOf(barrier)!;
  const { admit } = parkOf(barrier);
  const count = address + barrierWord.COUNT;
  i32[address + RUNNER] = thisIsolate;
  assertEquals([admit!(), i32[count]], [false, 0]);
  i32[address + RUNNER] = 0;
  i32[count] = 1;
  assertEquals([admit!(), i32[count]], [false, 1]);
  i32[count] = 0;
  assertEquals([admit!(), i32[count]], [true, 1]);
  barrier.reset();
});

test("the end of a party breaks its barrier, unless it returned or the barrier was reset since", async () => {
  const barrier = new Barrier(2);
  const address = addressOf(barrier)!;
  const [returned, died] = [createIsolateRecord(thisIsolate), createIsolateRecord(thisIsolate)];
  publishEnd(returned, 0);
  publishEnd(died, -15);
  const waiting = barrier.wait(guard).catch((error) => error);
  endParty(address, { isolate: returned, reached: true, holdings: 1 });
  endParty(address, { isolate: died, reached: false, holdings: 1 });
  endParty(address, { isolate: died, reached: true, holdings: 7 }); // of another time than this
  assertEquals([barrier.broken, barrier.nWaiting], [false, 1]);
  endParty(address, { isolate: died, reached: true, holdings: 1 });
  assertEquals(barrier.broken, true);
  assert(await waiting instanceof BrokenBarrierError);
  // Where no party waits it is broken by the next one.
  barrier.reset();
  endParty(address, { isolate: died, reached: true, holdings: 0 });
  assertEquals(barrier.broken, false);
  await assertRejects(() => barrier.wait(guard), BrokenBarrierError);
  assertEquals(barrier.broken, true);
  barrier.reset();
  assertEquals((await Promise.all([barrier.wait(guard), barrier.wait(guard)])).sort(), [0, 1]);
  for (const record of [returned, died]) freeIsolateRecord(record);
});

test("Barrier.waitSync() throws BrokenBarrierError when its action resets or breaks the barrier", () => {
  for (const method of ["reset", "abort"] as const) {
    const barrier: Barrier = new Barrier(1, { action: () => barrier[method]() });
    assertThrows(() => barrier.waitSync(guard), BrokenBarrierError);
    assertEquals(barrier.broken, method === "abort");
  }
});
