/**
 * Classes that `task()` refuses, because their instances cross in a way of their own.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  Lock,
  Pool,
  Process,
  Queue,
  registerReducer,
  task,
  Value,
} from "@sauropod/multiprocessing";
import { Random } from "@sauropod/multiprocessing/random";
import { test } from "../fixtures/guarded.ts";

class Dice extends Random {}
class LineQueue extends Queue<string> {}
class Counter extends Value<"int32"> {}
class Purse {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
class FullPurse extends Purse {}
registerReducer({
  is: (value) => value instanceof Purse,
  reduce: ({ cents }) => cents,
  revive: task(import.meta, (cents: number) => new Purse(cents)),
});

for (const refused of [Lock, Random, Dice, LineQueue, Counter]) {
  test(`task() refuses the class ${refused.name}, whose instances cross in a way of their own`, () => {
    const register = () => task(import.meta, refused as new (...args: never[]) => object);
    assertThrows(register, TypeError, `instances of ${refused.name} cross in a way of their own`);
  });
}

for (const refused of [Purse, FullPurse]) {
  test(`task() refuses the class ${refused.name}, since a function finds its reducer`, () => {
    const advice = `registerReducer() says how instances of ${refused.name} cross`;
    assertThrows(() => task(import.meta, refused), TypeError, advice);
  });
}

class Point {
  x = 1;
  /** A reducer may ask for what a bare object does not have. */
  get length(): number {
    return this.x;
  }
}
registerReducer({
  is: (value): value is Point => (value as Point & { parts: unknown[] }).parts.length < 0,
  reduce: () => 0,
  revive: task(import.meta, () => ({})),
});
task(import.meta, Point);
task(import.meta, class Worker extends Process {});

test("task() registers a class although a reducer cannot tell of it, and a subclass of Process", () => {
  assertEquals(task(import.meta, Point), Point);
});

test("a Random crosses with its state", async () => {
  await using pool = new Pool(1);
  const draw = (random: Random) => random.next();
  assertEquals(await pool.apply(draw, [new Random(1)]), new Random(1).next());
});
