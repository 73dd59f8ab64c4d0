import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { spy } from "@std/testing/mock";
import { AbandonedLockError, StopProcessGroup } from "../../lib/errors.ts";
import { closeTurns, makeTurns, OrderedPassage } from "../../lib/sharedmem/ordered.ts";
import type { Condition } from "../../lib/sync/condition.ts";
import { test, turn } from "../fixtures/guarded.ts";

const CLOSED = "Cannot enter ordered section: the map has ended";

test("the ordered section admits items in order, and those behind items that have not entered", async () => {
  const { turns } = makeTurns(5, 1);
  const [first, second, third, fourth, last] = [0, 1, 2, 3, 4].map((index) =>
    new OrderedPassage(turns, index)
  );
  const entered: string[] = [];
  fourth.leave(); // it does not enter
  {
    using _ = first.enterSync();
    entered.push("first");
    assertEquals(turns.turn.value, 0);
  }
  const waiting = [third, second].map(async (passage, at) => {
    const guard = await passage.enter();
    entered.push(["third", "second"][at]);
    await turn(); // a section that was left has released its lock
    guard[Symbol.dispose]();
  });
  await Promise.all(waiting);
  assertEquals(entered, ["first", "second", "third"]);
  assertEquals(turns.turn.value, 4);
  first.leave(); // idempotent
  assertEquals(turns.turn.value, 4);
  last.enterSync()[Symbol.dispose]();
  assertEquals(turns.turn.value, 5);
});

test("the ordered section that is closed lets no item in", async () => {
  const { turns } = makeTurns(3, 1);
  const waiting = assertRejects(
    () => new OrderedPassage(turns, 1).enter(),
    StopProcessGroup,
    CLOSED,
  );
  await closeTurns(turns);
  await waiting;
  const late = new OrderedPassage(turns, 0);
  await assertRejects(() => late.enter(), StopProcessGroup, CLOSED);
  assertThrows(() => late.enterSync(), StopProcessGroup, CLOSED);
  late.leave();
  assertThrows(() => new OrderedPassage(turns, 1).enterSync(), StopProcessGroup, CLOSED);
  assertEquals(turns.changed.lock.locked(), false);
});

/** A condition whose lock is acquired with an error, and that counts how often it is released. */
function broken(error: Error) {
  const log: string[] = [];
  const changed = {
    acquire: () => Promise.reject(error),
    acquireSync() {
      throw error;
    },
    waitFor: (isTrue: () => boolean) => Promise.resolve(isTrue()),
    waitForSync: (isTrue: () => boolean) => isTrue(),
    notifyAll: () => log.push("notified"),
    release: () => log.push("released"),
  } as unknown as Condition;
  return { log, turns: { ...makeTurns(2, 1).turns, changed } };
}

test("the ordered section can be entered and closed if its lock was abandoned", async () => {
  const { log, turns } = broken(new AbandonedLockError("a worker died"));
  const guard = await new OrderedPassage(turns, 0).enter();
  assertEquals(log.splice(0), ["released"]);
  guard[Symbol.dispose]();
  assertEquals([turns.turn.value, log.splice(0)], [1, ["notified", "released"]]);
  new OrderedPassage(turns, 1).enterSync();
  assertEquals(log.splice(0), ["released"]);
  await closeTurns(turns);
  assertEquals(log, ["notified", "released"]);
});

test("the ordered section cannot be entered or closed if its lock cannot be acquired", async () => {
  const { log, turns } = broken(new RangeError("no lock"));
  const passage = new OrderedPassage(turns, 0);
  await assertRejects(() => passage.enter(), RangeError, "no lock");
  await assertRejects(() => closeTurns(turns), RangeError, "no lock");
  for (const call of [() => passage.enterSync(), () => passage.leave()]) {
    assertThrows(call, RangeError, "no lock");
  }
  assertEquals([turns.turn.value, log], [0, []]);
});

test("items that leave the ordered section again, or before their turn, wake nobody", () => {
  const { turns } = makeTurns(2, 1);
  const [first, second] = [0, 1].map((index) => new OrderedPassage(turns, index));
  using notified = spy(turns.changed, "notifyAll");
  using acquired = spy(turns.changed, "acquireSync");
  second.leave();
  second.leave();
  assertEquals([acquired.calls.length, notified.calls.length, turns.turn.value], [1, 0, 0]);
  first.leave();
  first.leave();
  assertEquals([acquired.calls.length, notified.calls.length, turns.turn.value], [2, 1, 2]);
});
