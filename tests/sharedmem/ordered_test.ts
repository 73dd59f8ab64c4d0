import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StopProcessGroup } from "../../lib/errors.ts";
import { closeTurns, makeTurns, OrderedPassage } from "../../lib/sharedmem/ordered.ts";
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
