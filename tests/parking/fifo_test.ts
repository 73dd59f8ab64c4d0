import { assertEquals } from "@std/assert";
import { Fifo } from "../../lib/parking/fifo.ts";
import { test } from "../fixtures/guarded.ts";

test("A Fifo gives items in their order, however many are pushed and taken in turns", () => {
  const fifo = new Fifo<number>();
  let [pushed, taken] = [0, 0];
  for (const [pushes, takes] of [[1, 1], [500, 100], [3, 300], [0, 103], [1000, 999], [10, 11]]) {
    for (let at = 0; at < pushes; at++) fifo.push(pushed++);
    for (let at = 0; at < takes; at++) assertEquals(fifo.shift(), taken++);
    assertEquals(fifo.length, pushed - taken);
  }
  assertEquals([fifo.length, fifo.shift()], [0, undefined]);
});

test("A Fifo can be cleared, and used again", () => {
  const fifo = new Fifo<string>();
  for (let at = 0; at < 100; at++) fifo.push("old");
  fifo.shift();
  fifo.clear();
  assertEquals([fifo.length, fifo.shift()], [0, undefined]);
  fifo.push("new");
  assertEquals([fifo.length, fifo.shift()], [1, "new"]);
});

/** Counts the items that arrays move and forget at their front. */
function movements() {
  const { splice, shift } = Array.prototype;
  const counts = { moved: 0, forgotten: 0 };
  Object.assign(Array.prototype, {
    splice(this: unknown[], start: number, count: number) {
      counts.moved += this.length - count;
      counts.forgotten += count;
      return splice.call(this, start, count);
    },
    shift(this: unknown[]) {
      counts.moved += this.length;
      return shift.call(this);
    },
  });
  return {
    counts,
    [Symbol.dispose]: () => void Object.assign(Array.prototype, { splice, shift }),
  };
}

test("A Fifo moves an item once at most for each that is taken", () => {
  using movement = movements();
  const fifo = new Fifo<number>();
  for (let at = 0; at < 10_000; at++) fifo.push(at);
  while (fifo.shift() !== undefined);
  const { moved } = movement.counts;
  assertEquals(moved <= 10_000, true, `${moved} items were moved`);
});

test("A Fifo keeps no more than 63 taken items, or as many as wait", () => {
  using movement = movements();
  const { counts } = movement;
  const fifo = new Fifo<number>();
  for (let at = 0; at < 100; at++) assertEquals(fifo.shift(), undefined); // takes none
  for (let at = 0; at < 128; at++) fifo.push(at);
  for (let at = 0; at < 63; at++) fifo.shift();
  assertEquals(counts.forgotten, 0);
  fifo.shift();
  assertEquals(counts.forgotten, 64);
  for (let at = 0; at < 65; at++) fifo.shift();
  assertEquals([counts.forgotten, fifo.length], [128, 0]);
  for (let at = 0; at < 1000; at++) {
    fifo.push(at);
    fifo.shift();
  }
  assertEquals(counts.forgotten, 128 + 1000 - 1000 % 64);
});
