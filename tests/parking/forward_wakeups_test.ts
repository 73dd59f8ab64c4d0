import { assertEquals } from "@std/assert";
import { ensureIsolate, thisIsolate } from "../../lib/heap/isolate_record.ts";
import { forwardWakeups } from "../../lib/parking/forward_wakeups.ts";
import { awaitOn, ParkResult } from "../../lib/parking/wait.ts";
import {
  handOff,
  hasWaiters,
  resumeGroup,
  wakeAll,
  wakeOne,
  withQueueGuard,
} from "../../lib/parking/wait_queue.ts";
import { NodeState } from "../../lib/parking/waiter_node.ts";
import { test } from "../fixtures/guarded.ts";
import { Word } from "./words.ts";

ensureIsolate();

test("forwardWakeups() uses one wake-up from its own queue, and hands on the others", async () => {
  using own = new Word();
  using other = new Word();
  const waits = [own, own, own, own, other, other].map((word) => awaitOn(word.sleep()));
  for (const { queue } of [own, own, other]) wakeOne(queue);
  assertEquals(forwardWakeups(own.queue), ParkResult.WOKEN);
  assertEquals([hasWaiters(own.queue), hasWaiters(other.queue)], [true, false]);
  // The wake-up that was handed on is the next one.
  assertEquals(forwardWakeups(own.queue), ParkResult.WOKEN);
  assertEquals(forwardWakeups(own.queue), undefined);
  assertEquals(hasWaiters(own.queue), true);
  wakeOne(own.queue);
  assertEquals(await Promise.all(waits), waits.map(() => ParkResult.WOKEN));
});

/** Returns a word that this isolate owns, and has handed to the second of two promises that wait for it. */
function handedOff(): { owner: Word; waits: Promise<ParkResult>[] } {
  const owner = new Word();
  owner.value = thisIsolate;
  const park = { ownerWord: owner.address, expected: thisIsolate };
  const waits = [false, true].map((overtaken) => awaitOn(owner.sleep({ ...park, overtaken })));
  assertEquals(handOff(owner.queue, owner.address, thisIsolate), true);
  return { owner, waits };
}

test("forwardWakeups() hands off what a promise was handed in another queue", async () => {
  const { owner, waits } = handedOff();
  using _ = owner;
  assertEquals(forwardWakeups(0), undefined);
  assertEquals([owner.value, hasWaiters(owner.queue)], [0, false]);
  assertEquals(await Promise.all(waits), [ParkResult.WOKEN, ParkResult.WOKEN]);
});

test("forwardWakeups() takes what a promise was handed in its own queue", async () => {
  const { owner, waits } = handedOff();
  using _ = owner;
  assertEquals(forwardWakeups(owner.queue), ParkResult.OWNER);
  assertEquals([owner.value, hasWaiters(owner.queue)], [thisIsolate, true]);
  wakeOne(owner.queue);
  assertEquals(await Promise.all(waits), [ParkResult.WOKEN, ParkResult.WOKEN]);
});

test("forwardWakeups() leaves a promise the result that concerns it alone", async () => {
  using word = new Word();
  using group = new Word();
  const passing = awaitOn(word.sleep({ group: group.address }));
  withQueueGuard(word.queue, () => resumeGroup(word.queue, NodeState.PASSED));
  const next = awaitOn(word.sleep());
  assertEquals(forwardWakeups(word.queue), undefined);
  assertEquals(hasWaiters(word.queue), true);
  wakeAll(word.queue);
  assertEquals(await Promise.all([passing, next]), [ParkResult.PASSED, ParkResult.WOKEN]);
});
