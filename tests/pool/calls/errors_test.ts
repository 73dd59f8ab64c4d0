import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  DataCloneError,
  Event,
  Pool,
  Queue,
  TaskLookupError,
  tasksOf,
} from "@sauropod/multiprocessing";
import { test } from "../../fixtures/guarded.ts";
import { failsAt, guard, outcomes, squares, testEach, upTo } from "../../fixtures/pools.ts";
import * as tasks from "../../fixtures/pool_tasks.ts";
import { square } from "../../fixtures/pool_tasks.ts";

// Errors of the input

testEach("Pool.map() rejects with the error of its input each time", async (Pool) => {
  await using pool = new Pool(2);
  for (const n of [0, 0, 3, 3]) {
    await assertRejects(() => pool.map(square, failsAt(n)), SyntaxError, `input fails at ${n}`);
    assertThrows(() => pool.mapSync(square, failsAt(n)), SyntaxError, `input fails at ${n}`);
    assertThrows(() => pool.mapAsync(square, failsAt(n)), SyntaxError, `input fails at ${n}`);
  }
  const sized = {
    length: 10,
    [Symbol.iterator]: () => ({
      next(): IteratorResult<number> {
        throw new RangeError("no first item");
      },
    }),
  };
  const error = await assertRejects(() => pool.map(square, sized), RangeError, "no first item");
  assert(!error.stack!.includes("in task"), "it did not come from a worker");
  assertEquals(await pool.map(square, [1, 2]), [1, 4]);
});

// Errors of the task

test("Pool's calls reject with the error of the task, its stack extended by the call", async () => {
  await using pool = new Pool(2);
  const calls = {
    map: () => pool.map(tasks.notThree, upTo(8)),
    mapSync: async () => pool.mapSync(tasks.notThree, upTo(8), await { chunkSize: 2 }),
    starmap: () => pool.starmap(tasks.notThree, upTo(8).map((x) => [x] as const)),
    mapAsync: () => pool.mapAsync(tasks.notThree, upTo(8)),
    apply: () => pool.apply(tasks.notThree, [3]),
    applyAsync: () => pool.applyAsync(tasks.notThree, [3]).get(guard),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await assertRejects(call, tasks.ModelError, "three!", name);
    assertEquals([error.name, error.code], ["ModelError", 33]);
    assertInstanceOf(error.cause, TypeError);
    assertStringIncludes(error.stack!, "pool_tasks.ts");
    assertStringIncludes(error.stack!, "errors_test.ts");
    assertMatch(error.stack!, /PoolWorker-\d+/);
    if (name.includes("map")) assertStringIncludes(error.stack!, "item 3");
  }
  assertEquals(await pool.map(square, [1, 2]), [1, 4]);
});

test("Pool errors name the function in their stack", async () => {
  await using pool = new Pool(1);
  const error = await assertRejects(() =>
    pool.apply(function explode() {
      throw new RangeError("x");
    }), RangeError);
  assertStringIncludes(error.stack!, "explode");
});

testEach("Pool calls reject with thrown values of any type", async (Pool) => {
  await using pool = new Pool(2);
  const rethrow = (thrown: unknown) => {
    throw thrown;
  };
  for (const thrown of ["text", 7, null, undefined, { reason: ["a"] }]) {
    assertEquals(await pool.apply(rethrow, [thrown]).catch((it) => [it]), [thrown]);
    assertEquals(await pool.map(rethrow, [thrown]).catch((it) => [it]), [thrown]);
    assertEquals(await outcomes(pool.imap(rethrow, [thrown])), [thrown]);
    try {
      pool.applySync(rethrow, [thrown]);
      assert(false, "nothing was thrown");
    } catch (it) {
      assertEquals(it, thrown);
    }
  }
});

test("Pool.map() begins no chunk after the first error", async () => {
  await using pool = new Pool(1);
  const [queue, go] = [new Queue<number>(), new Event()];
  const work = (queue: Queue<number>, go: Event, x: number) => {
    if (x === 2) throw new RangeError("two");
    if (x === 3) go.waitSync();
    queue.putSync(x);
  };
  const items = upTo(50).map((x) => [queue, go, x] as const);
  await assertRejects(() => pool.starmap(work, items, { chunkSize: 1 }), RangeError);
  go.set();
  await pool.apply(square, [1]); // runs after every chunk of the map
  const begun = upTo(queue.size()).map(() => queue.getSync(guard));
  assertEquals(begun.filter((x) => x > 3), []); // item 3 may have begun before the error arrived
});

testEach("Pool.map() rejects with a large error", async (Pool) => {
  await using pool = new Pool(2);
  const fail = (_: number) => {
    throw new Error("x".repeat(1 << 20));
  };
  const error = await assertRejects(() => pool.map(fail, upTo(40)), Error);
  assertEquals(error.message.length, 1 << 20);
});

// Functions and arguments that cannot cross

test("an inline function that uses an outer variable fails with advice", async () => {
  await using pool = new Pool(1);
  const outside = 5;
  await assertRejects(
    () => pool.map((x: number) => x + outside, [1]),
    ReferenceError,
    "task(import.meta, fn)",
  );
});

test("a function that cannot be found rejects with TaskLookupError, and the pool keeps working", async () => {
  await using pool = new Pool(2);
  const nowhere = tasksOf<{ f(x: number): number }>(new URL("./nowhere.ts", import.meta.url));
  await assertRejects(() => pool.map(nowhere.f, [1, 2, 3]), TaskLookupError, "nowhere.ts");
  assertThrows(() => pool.mapSync(nowhere.f, [1, 2, 3]), TaskLookupError, "nowhere.ts");
  const here = tasksOf<{ f(): number }>(new URL("../../fixtures/pool_tasks.ts", import.meta.url));
  await assertRejects(() => pool.apply(here.f), TaskLookupError, "does not export it");
  assertEquals(await pool.map(square, [1, 2, 3]), [1, 4, 9]);
});

test("Pool's calls name the path to an argument that cannot be sent, and the pool keeps working", async () => {
  await using pool = new Pool(2);
  const predict = Math.max.bind(null);
  const model = { model: { predict } };
  const identity = (x: unknown) => x;
  const path = "args[0].model.predict";
  await assertRejects(() => pool.apply(identity, [model]), DataCloneError, path);
  assertThrows(() => pool.applySync(identity, [model]), DataCloneError, path);
  assertThrows(() => pool.applyAsync(identity, [model]), DataCloneError, path);
  const items = [...upTo(19), model];
  const itemPath = "items[19].model.predict";
  await assertRejects(() => pool.map(identity, items), DataCloneError, itemPath);
  await assertRejects(() => pool.map(identity, items, { chunkSize: 1 }), DataCloneError, itemPath);
  assertThrows(() => pool.mapSync(identity, items), DataCloneError, itemPath);
  assertThrows(() => pool.mapAsync(identity, items), DataCloneError, itemPath);
  await assertRejects(() => pool.apply(predict), DataCloneError, "Cannot send fn");
  assertEquals(await pool.map(square, upTo(20)), squares(20));
});

test("Pool.applyAsync() throws for an argument that cannot be sent, also with a signal", async () => {
  await using pool = new Pool(1);
  const { signal } = new AbortController();
  const identity = (x: unknown) => x;
  assertThrows(() => pool.applyAsync(identity, [Symbol()], { signal }), DataCloneError);
});
