/**
 * The list of the objects that a worker has handles for, on the record of this isolate or of one that does not run.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import {
  countHoldings,
  countOwnHoldings,
  discountHoldings,
  discountOwnHoldings,
  type HeldEntry,
  holdingsOf,
  isHeldBy,
  isHeldUnreachable,
  listHeld,
  markAllHeld,
  markHeld,
  takeAllHeld,
  takeHoldings,
  unlistHeld,
} from "../../lib/objects/held_list.ts";
import { test } from "../fixtures/guarded.ts";

ensureIsolate();

/** Words of the record: of the first entry, and whether the worker has ended. */
const [FIRST, ENDED] = [14, 15];

/** Gives the list of this isolate to another record, as if a worker had made it. */
function worker(objects: number[]): { record: number; entries: HeldEntry[] } {
  const first = i32[thisIsolate + FIRST];
  i32[thisIsolate + FIRST] = 0;
  const entries = objects.map(listHeld);
  const record = createIsolateRecord(thisIsolate);
  i32[record + FIRST] = i32[thisIsolate + FIRST];
  i32[thisIsolate + FIRST] = first;
  return { record, entries };
}

test("entries are listed, found, and unlisted from any place", () => {
  const objects = [101, 102, 103, 104];
  const entries = objects.map(listHeld);
  const held = () => objects.filter((object) => isHeldBy(thisIsolate, object));
  assertEquals(held(), objects);
  assertEquals(isHeldBy(thisIsolate, 105), false);
  const left = [...objects];
  for (const at of [1, 3, 0, 2]) { // from the middle, the first of the list, the last, the only one
    assertEquals(unlistHeld(entries[at]), false);
    left.splice(left.indexOf(objects[at]), 1);
    assertEquals(held(), left);
  }
});

test("what is held of an object is counted, and never less than nothing", () => {
  for (
    const [count, discount] of [
      [countHoldings, discountHoldings],
      [countOwnHoldings, discountOwnHoldings],
    ]
  ) {
    const [entry, other] = [listHeld(101), listHeld(102)];
    assertEquals([holdingsOf(entry), discount(entry, 1)], [0, 0]);
    count(entry, 5);
    count(other, 1);
    assertEquals([discount(entry, 2), holdingsOf(entry)], [2, 3]);
    assertEquals([discount(entry, 3), holdingsOf(entry)], [3, 0]);
    count(entry, 2);
    assertEquals([discount(entry, 3), holdingsOf(entry)], [2, 0]);
    count(entry, 7);
    assertEquals([takeHoldings(entry), holdingsOf(entry), takeHoldings(entry)], [7, 0, 0]);
    assertEquals(holdingsOf(other), 1);
    for (const each of [entry, other]) unlistHeld(each);
  }
});

test("an entry is marked unreachable and reachable while its worker runs", () => {
  const [entry, other] = [listHeld(101), listHeld(102)];
  const marks = () => [entry, other].map(isHeldUnreachable);
  assertEquals(marks(), [false, false]);
  assertEquals([markHeld(entry, true), marks()], [true, [true, false]] as never);
  assertEquals([markHeld(entry, false), marks()], [true, [false, false]] as never);
  i32[thisIsolate + ENDED] = 1;
  try {
    assertEquals([markHeld(entry, true), marks()], [false, [false, false]] as never);
    const late = listHeld(103);
    assertEquals(isHeldUnreachable(late), true);
    assertEquals(unlistHeld(late), true);
  } finally {
    i32[thisIsolate + ENDED] = 0;
  }
  for (const each of [entry, other]) assertEquals(unlistHeld(each), false);
});

test("markAllHeld() returns what a worker that has ended reached or held, once", () => {
  const { record, entries } = worker([101, 102, 103, 104]);
  const [, unreached, holding, both] = entries;
  countHoldings(holding, 2);
  countHoldings(both, 3);
  for (const entry of [unreached, both]) markHeld(entry, true);
  assertEquals(markAllHeld(record), [
    { object: 104, reached: false, holdings: 3 },
    { object: 103, reached: true, holdings: 2 },
    { object: 101, reached: true, holdings: 0 },
  ]);
  assertEquals([i32[record + ENDED], entries.map(holdingsOf)], [1, [0, 0, 0, 0]] as never);
  countHoldings(holding, 1);
  assertEquals(markAllHeld(record).find(({ object }) => object === 103)?.holdings, 1);
  assertEquals(takeAllHeld(record), [104, 103, 102, 101]);
  assertEquals([takeAllHeld(record), markAllHeld(record)], [[], []]);
  freeIsolateRecord(record);
});
