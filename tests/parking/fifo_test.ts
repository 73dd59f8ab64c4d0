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

test("A Fifo moves an item once at most for each that is taken", () => {
  const { splice, shift } = Array.prototype;
  let moved = 0;
  Object.assign(Array.prototype, {
    splice(this: unknown[], start: number, count: number) {
      moved += this.length - count;
      return splice.call(this, start, count);
    },
    shift(this: unknown[]) {
      moved += this.length;
      return shift.call(this);
    },
  });
  try {
    const fifo = new Fifo<number>();
    for (let at = 0; at < 10_000; at++) fifo.push(at);
    while (fifo.shift() !== undefined);
  } finally {
    Object.assign(Array.prototype, { splice, shift });
  }
  assertEquals(moved <= 10_000, true, `${moved} items were moved`);
});
