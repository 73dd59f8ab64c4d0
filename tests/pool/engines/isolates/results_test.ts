import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  DataCloneError,
  MaybeEncodingError,
  Pool,
  sleepSync,
  TaskLookupError,
  tasksOf,
} from "@sauropod/multiprocessing";
import { test } from "../../../fixtures/guarded.ts";
import { outcomes, upTo } from "../../../fixtures/pools.ts";
import { sharedWords } from "../../../fixtures/workers.ts";
import * as tasks from "../../../fixtures/pool_tasks.ts";

// Results that cannot be sent

test("a result that cannot be sent rejects with MaybeEncodingError, and its worker survives", async () => {
  await using pool = new Pool(1);
  const worker = await pool.apply(tasks.pid);
  for (const result of ["Symbol('s')", "new WeakMap()", "{ a: [Math.max.bind(null)] }"]) {
    const make = (text: string) => (0, eval)(`(${text})`);
    for (let round = 0; round < 5; round++) {
      await assertRejects(() => pool.apply(make, [result]), MaybeEncodingError, "result");
      await assertRejects(() => pool.map(make, [result]), MaybeEncodingError, "result");
      assertThrows(() => pool.applySync(make, [result]), MaybeEncodingError, "result");
    }
    for (const chunkSize of [1, 3]) {
      const found = await outcomes(pool.imap(make, ["1", result, "2"], { chunkSize }));
      assertEquals([found[0], found[2]], [1, 2]);
      assertInstanceOf(found[1], MaybeEncodingError);
    }
  }
  const error = await assertRejects(
    () => pool.apply(() => ({ a: [Symbol("s")] })),
    MaybeEncodingError,
    "Cannot send back result.a[0]: a symbol has no meaning outside its isolate",
  );
  assertInstanceOf(error.cause, DataCloneError);
  assertEquals(await pool.apply(tasks.pid), worker);
});

test("the error of a result that cannot be sent names its item", async () => {
  await using pool = new Pool(1);
  const odd = (x: number): unknown => x === 7 ? Symbol("odd") : x;
  const error = await assertRejects(
    () => pool.map(odd, upTo(20), { chunkSize: 10 }),
    MaybeEncodingError,
    "Cannot send back result: a symbol",
  );
  assertMatch(error.stack!, /--- in task odd, item 7, run by/);
});

test("Pool tasks that return generators fail with advice", async () => {
  await using pool = new Pool(1);
  const message =
    "cannot cross: collect it first, with await Array.fromAsync(it), or put the items";
  await assertRejects(
    () =>
      pool.apply(async function* () {
        yield await 1;
      }),
    MaybeEncodingError,
    `Cannot send back result: an AsyncGenerator ${message}`,
  );
  await assertRejects(
    () =>
      pool.map(function* (x: number) {
        yield x;
      }, [1]),
    MaybeEncodingError,
    `a Generator ${message}`,
  );
});

// Results that the heap alone cannot carry

test("a result whose class is not imported imports its module", async () => {
  const url = new URL("../../../fixtures/only_in_workers.ts", import.meta.url);
  const { pointAt } = tasksOf<typeof import("../../../fixtures/only_in_workers.ts")>(url);
  await using pool = new Pool(2);
  assertThrows(() => pool.applySync(pointAt, [2]), TaskLookupError, "Import the module first");
  const point = await pool.apply(pointAt, [2]);
  assertEquals([point.constructor.name, point.sum()], ["Point", 4]);
  const points = await pool.map(pointAt, upTo(10));
  assertEquals(points.map((point) => point.sum()), upTo(10).map((x) => 2 * x));
  assertEquals(pool.applySync(pointAt, [3]).sum(), 6);
});

test("a thrown error whose class is not known here arrives without its class", async () => {
  const url = new URL("../../../fixtures/only_in_workers.ts?thrown", import.meta.url);
  const { failAt } = tasksOf<typeof import("../../../fixtures/only_in_workers.ts")>(url);
  await using pool = new Pool(1);
  const blocked = assertThrows(() => pool.applySync(failAt, ["blocked"]), RangeError, "blocked");
  assertEquals([blocked.constructor, blocked.name], [RangeError, "PointError"]);
  assert(blocked.stack!.includes("only_in_workers.ts"));
  const awaited = await assertRejects(() => pool.apply(failAt, ["awaited"]), RangeError, "awaited");
  assertEquals(awaited.constructor.name, "PointError");
});

test("a thrown error whose class cannot be imported here arrives without its class", async () => {
  const url = new URL("../../../fixtures/refuses_main.ts", import.meta.url);
  const { failAt } = tasksOf<typeof import("../../../fixtures/refuses_main.ts")>(url);
  await using pool = new Pool(1);
  const error = await assertRejects(() => pool.apply(failAt, ["lost"]), RangeError, "lost");
  assertEquals([error.constructor, error.name], [RangeError, "PointError"]);
  const { at, omitted } = error as unknown as { at: number[]; omitted: string[] };
  assertEquals([at, omitted], [[1, 2], ["symbol"]]);
  assert(error.stack!.includes("refuses_main.ts"));
  const first = await pool.imap(failAt, ["in a list"]).next().catch((it) => it);
  assertEquals([first.message, first.at], ["in a list", [1, 2]]);
});

test("await using a Pool waits for a result whose module must be imported", async () => {
  const url = new URL("../../../fixtures/only_in_workers.ts?again", import.meta.url);
  const { pointAt } = tasksOf<typeof import("../../../fixtures/only_in_workers.ts")>(url);
  let result;
  {
    await using pool = new Pool(1);
    result = pool.applyAsync(pointAt, [2]);
  }
  assert(result.ready());
  assertEquals((await result).sum(), 4);
});

test("shared memory of a worker is shared with the main isolate, awaiting or blocked", async () => {
  await using pool = new Pool(2);
  const shared = await pool.map(tasks.makeShared, upTo(10), { chunkSize: 1 });
  assertEquals(shared.map((array) => array[0]), upTo(10));
  const sync = pool.mapSync(tasks.makeShared, upTo(10), { chunkSize: 1 });
  assertEquals(sync.map((array) => array[0]), upTo(10));
  sync[4][1] = 44;
  assertEquals(await pool.apply((array: Int32Array) => array[1], [sync[4]]), 44);
  assertEquals(pool.applySync((array: Int32Array) => ++array[1], [shared[5]]), 1);
  assertEquals(shared[5][1], 1);
});

test("timers ring while results are read that have all arrived and take long", async () => {
  await using pool = new Pool(1);
  await pool.apply(tasks.square, [1]);
  const items = upTo(40);
  const made = sharedWords();
  let rang = false;
  let rangBeforeLast = false;
  const answers = pool.map(tasks.slowToRead, items.map(() => made), {
    chunkSize: 1,
    onProgress: ({ done }) => {
      if (done === items.length) rangBeforeLast = rang;
    },
  });
  while (Atomics.load(made, 0) < items.length) sleepSync(1);
  setTimeout(() => rang = true, 0);
  await answers;
  assert(rangBeforeLast);
});
