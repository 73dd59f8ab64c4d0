import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  Event,
  Pool,
  Queue,
  ThreadPool,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { submitterOf } from "../../lib/pool/pool.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { guard, outcomes, squares, testEach, upTo } from "../fixtures/pools.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";
import { sharedWords } from "../fixtures/workers.ts";

/** Short, and no test waits for it to be long enough. */
const SHORT = 50;

// Time limits

testEach("timeoutMs of a Pool call fails the task that takes longer", async (kind) => {
  await using pool = new kind({ processes: 2, graceMs: 1 });
  const message = "did not end within 50 ms";
  const limit = { timeoutMs: SHORT };
  for (
    const call of [
      () => pool.apply(tasks.forever, [], limit),
      async () => await pool.applyAsync(tasks.forever, [], limit),
      () => pool.map(tasks.stopsAtThree, [1, 2, 3, 4], { ...limit, chunkSize: 1 }),
      () => pool.map(tasks.stopsAtThree, [1, 2, 3, 4], { ...limit, chunkSize: 4 }),
      () => pool.starmap(tasks.stopsAtThree, [[1], [3]], limit),
    ]
  ) await assertRejects(call, TimeoutError, message);
  // The pool is whole: no task waits for a worker that another one keeps.
  assertEquals(await pool.map(square, upTo(20)), squares(20));
});

testEach(
  "timeoutMs of a Pool holds for all its calls, and a call may say otherwise",
  async (kind) => {
    await using pool = new kind({ processes: 1, timeoutMs: SHORT, graceMs: 1 });
    await assertRejects(() => pool.apply(tasks.forever), TimeoutError);
    const [begun, go] = [new Event(), new Event()];
    const result = pool.apply(tasks.afterEvent<string>, [begun, go, "late"], {
      timeoutMs: Infinity,
    });
    assert(await begun.wait(guard));
    setTimeout(() => go.set(), 2 * SHORT);
    assertEquals(await result, "late");
  },
);

testEach("timeoutMs counts from the start of each item, in Pool", async (kind) => {
  await using pool = new kind(1);
  const items = Array(10).fill(20);
  // In one chunk, and each item must wait for those before it: 200 ms in all.
  const limit = { timeoutMs: 150, chunkSize: 10 };
  assertEquals(await pool.map(tasks.sleepFor, items, limit), items);
  const results = items.map((ms) => pool.apply(tasks.sleepFor, [ms], { timeoutMs: 150 }));
  assertEquals(await Promise.all(results), items);
});

testEach("imap yields TimeoutError in place of the result, in Pool", async (kind) => {
  await using pool = new kind({ processes: 2, graceMs: 1 });
  for (const chunkSize of [1, 2]) {
    const items = await outcomes(
      pool.imap(tasks.stopsAtThree, [1, 3, 4, 5], { timeoutMs: 10 * SHORT, chunkSize }),
    );
    assertInstanceOf(items[1], TimeoutError);
    assertStringIncludes(items[1].message, ", item 1 did not end");
    assertEquals(items.slice(2), [4, 5]);
  }
});

test("a time limit of a task that has ended does not concern the next task of the worker", async () => {
  await using pool = new Pool(1);
  const [begun, go] = [new Event(), new Event()];
  const first = pool.apply(tasks.sleepFor, [1], { timeoutMs: SHORT });
  const second = pool.apply(tasks.afterEvent<string>, [begun, go, "untimed"]);
  assert(begun.waitSync(guard)); // the answer of the first waits to be read, and its alarm is due
  const end = performance.now() + 2 * SHORT;
  while (performance.now() < end);
  setTimeout(() => go.set(), 0);
  assertEquals(await Promise.all([first, second]), [1, "untimed"]);
});

test("timeoutMs ends a task while the isolate blocks, and one that computes", async () => {
  const stop = sharedWords();
  await using pool = new Pool({ processes: 1, graceMs: 1 });
  for (let round = 0; round < 2; round++) {
    const limit = { timeoutMs: SHORT };
    assertThrows(() => pool.applySync(tasks.forever, [], limit), TimeoutError);
    assertThrows(() => pool.mapSync(tasks.forever, [1], limit), TimeoutError);
    assertThrows(() => pool.applySync(tasks.compute, [new Event(), stop], limit), TimeoutError);
  }
  assertEquals(pool.mapSync(square, upTo(8)), squares(8));
  Atomics.store(stop, 0, 1); // so that those workers end
});

// Cancelling

testEach("a task of a Pool that is cancelled while it runs sees it by its signal", async (kind) => {
  await using pool = new kind(1);
  const reasons = new Queue<string>();
  const limit = { timeoutMs: SHORT };
  await assertRejects(() => pool.apply(tasks.endless, [reasons], limit), TimeoutError);
  assertEquals(await reasons.get(guard), "begun");
  assertEquals(await reasons.get(guard), "TimeoutError");
  const result = pool.applyAsync(tasks.endless, [reasons]);
  assertEquals(await reasons.get(guard), "begun");
  result.cancel();
  await assertRejects(() => result.get(guard), CancelledError);
  assertEquals(await reasons.get(guard), "CancelledError");
  pool.terminate();
});

test("the signal of a task is up to date in code that computes", async () => {
  await using pool = new Pool(1);
  const [begun, reasons] = [new Event(), new Queue<string>()];
  const worker = await pool.apply(tasks.pid);
  const controller = new AbortController();
  const { signal } = controller;
  const computing = pool.apply(tasks.computeUntilAborted, [begun, reasons], { signal });
  assert(await begun.wait(guard));
  controller.abort(new RangeError("enough"));
  await assertRejects(() => computing, RangeError, "enough");
  assertEquals(await reasons.get(guard), "CancelledError");
  // A call that waits while a task is late, as on a busy machine, would get another worker.
  const { engine } = submitterOf(pool as unknown as Pool);
  while (engine.chunksOut > 0) await turn();
  assertEquals(await pool.apply(tasks.pid), worker, "it ended by itself, so its worker stays");
});

testEach("a Pool is whole after tasks that do not end were aborted", async (kind) => {
  await using pool = new kind({ processes: 2, graceMs: 1 });
  for (let round = 0; round < 3; round++) {
    const controllers = [new AbortController(), new AbortController()];
    const calls = controllers.map(({ signal }) => pool.apply(tasks.forever, [], { signal }));
    for (const controller of controllers) controller.abort();
    for (const call of calls) await assertRejects(() => call, DOMException);
    assertEquals(await pool.map(square, upTo(8)), squares(8));
  }
});

testEach("await using of a Pool does not wait for a task that was aborted", async (kind) => {
  await using pool = new kind({ processes: 1, graceMs: 1 });
  const begun = new Event();
  const result = pool.applyAsync(tasks.afterEvent<number>, [begun, new Event(), 1]);
  assert(await begun.wait(guard));
  result.cancel();
  await assertRejects(() => result.get(guard), CancelledError);
});

test("a worker that is given up ends at its next operation, and its answer does not count", async () => {
  await using pool = new Pool({ processes: 1, graceMs: 1 });
  const [begun, go] = [new Event(), new Event()];
  const worker = await pool.apply(tasks.pid);
  const blocked = pool.applyAsync(tasks.afterEventSync<string>, [begun, go, "late"]);
  assert(await begun.wait(guard));
  blocked.cancel();
  await assertRejects(() => blocked.get(guard), CancelledError);
  assertNotEquals(await pool.apply(tasks.pid), worker);
  assertEquals(await pool.map(square, upTo(8)), squares(8));
});

// Retries

testEach("retryOn runs tasks of a Pool again that failed with such an error", async (kind) => {
  await using pool = new kind(2);
  const retry = { retries: 2, retryOn: (error: unknown) => error instanceof RangeError };
  assertEquals(await pool.apply(tasks.throwFirst, [7], retry), 7);
  for (const chunkSize of [1, 3]) {
    assertEquals(await pool.map(tasks.throwFirst, [1, 2, 3], { ...retry, chunkSize }), [1, 2, 3]);
    const found = await outcomes(pool.imap(tasks.throwFirst, [1, 2, 3], { ...retry, chunkSize }));
    assertEquals(found, [1, 2, 3]);
  }
  await assertRejects(
    () => pool.apply(tasks.throwFirst, [7], { ...retry, retries: 1 }),
    RangeError,
  );
  const never = { ...retry, retryOn: () => false };
  await assertRejects(() => pool.apply(tasks.throwFirst, [7], never), RangeError);
});

test("retries runs tasks again whose worker died", async () => {
  await using pool = new Pool(2);
  const tries = new Queue<number>();
  assertEquals(await pool.apply(tasks.exitFirst, [tries, 7], { retries: 2 }), 7);
  assertEquals(tries.size(), 3);
  const items: [Queue<number>, number][] = [[tries, 1], [tries, 2], [tries, 3]];
  assertEquals(await pool.starmap(tasks.exitFirst, items, { retries: 2 }), [1, 2, 3]);
  await using whole = new Pool({ processes: 1, retries: 2 });
  assertEquals(await whole.apply(tasks.exitFirst, [tries, 8]), 8);
  await assertRejects(
    () => pool.apply(tasks.exitFirst, [tries, 9], { retries: 1 }),
    WorkerDiedError,
    "exit code 3",
  );
});

test("a chunk is sent again after close()", async () => {
  const tries = new Queue<number>();
  let result;
  {
    await using pool = new Pool(1);
    result = pool.applyAsync(tasks.exitFirst, [tries, 7], { retries: 2 });
  }
  assertEquals(await result, 7);
});

// Idle workers

test("a worker that has had no task for idleTimeoutMs ends, and is started again for the next", async () => {
  await using pool = new Pool({ processes: 1, idleTimeoutMs: 20, initializer: tasks.initialize });
  const first = await pool.apply(tasks.pid);
  let now = first;
  while (now === first) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    now = await pool.apply(tasks.pid);
  }
});

// Bad options

testEach("Pool refuses limits that are none", async (kind) => {
  for (
    const [value, error] of [
      [0, RangeError],
      [-1, RangeError],
      [NaN, RangeError],
      ["1", TypeError],
    ] as const
  ) {
    for (const name of ["timeoutMs", "graceMs"]) {
      assertThrows(() => new kind({ [name]: value }), error, `${name} must be`);
    }
    await using pool = new kind(1);
    const options = { timeoutMs: value as number };
    await assertRejects(() => pool.apply(square, [1], options), error, "timeoutMs must be");
    await assertRejects(() => pool.map(square, [1], options), error, "timeoutMs must be");
    assertThrows(() => pool.imap(square, [1], options), error, "timeoutMs must be");
  }
  await using pool = new kind(1);
  for (const retries of [-1, 1.5, NaN]) {
    await assertRejects(() => pool.apply(square, [1], { retries }), RangeError, "retries must be");
  }
  const alone = { retryOn: () => true };
  await assertRejects(() => pool.apply(square, [1], alone), TypeError, "Write retries: 1, or more");
});

test("ThreadPool has no limits of workers", () => {
  for (const name of ["startTimeoutMs", "idleTimeoutMs"]) {
    assertThrows(() => new ThreadPool({ [name]: 1 }), TypeError, `there is no option ${name}`);
  }
});
