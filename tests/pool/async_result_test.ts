import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  AsyncResult,
  CancelledError,
  Event,
  MaybeEncodingError,
  Pool,
  Queue,
  TerminatedError,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { test, turn } from "../fixtures/guarded.ts";
import { guard, squares, testEach, upTo } from "../fixtures/pools.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

testEach(
  "AsyncResult.get() and wait() time out, and the task continues",
  async (Pool) => {
    await using pool = new Pool(1);
    const [begun, go] = [new Event(), new Event()];
    const result = pool.applyAsync(tasks.afterEvent<string>, [begun, go, "there"]);
    assertEquals(result.ready(), false);
    assertThrows(() => result.successful(), Error, "it is not ready");
    for (const timeoutMs of [0, -1, 5]) {
      await assertRejects(() => result.get({ timeoutMs }), TimeoutError);
      assertEquals(await result.wait({ timeoutMs }), false);
    }
    await assertRejects(() => result.get({ timeoutMs: NaN }), RangeError, "timeoutMs");
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => result.get({ signal }), RangeError, "enough");
    go.set();
    assertEquals(await result.wait(guard), true);
    assertEquals(await result.get({ timeoutMs: 0 }), "there");
    assertEquals([result.ready(), result.successful(), await result], [true, true, "there"]);
  },
);

testEach(
  "AsyncResult of a failed task is ready, not successful, and throws each time",
  async (Pool) => {
    await using pool = new Pool(1);
    const result = pool.applyAsync(tasks.notThree, [3]);
    assertEquals(await result.wait(guard), true);
    assertEquals([result.ready(), result.successful()], [true, false]);
    await assertRejects(() => result.get(guard), tasks.ModelError);
    await assertRejects(async () => await result, tasks.ModelError);
  },
);

// Callbacks

test("Pool.applyAsync() and mapAsync() call their callback once, before the awaited result", async () => {
  await using pool = new Pool(2);
  const calls: unknown[] = [];
  const callback = (result: unknown) => calls.push(result);
  const errorCallback = (error: unknown) => calls.push((error as Error).name);
  const options = { callback, errorCallback };
  await pool.applyAsync(square, [3], options);
  assertEquals(calls.splice(0), [9]);
  await pool.mapAsync(square, [1, 2, 3], options);
  assertEquals(calls.splice(0), [[1, 4, 9]]);
  await pool.mapAsync(square, [], options);
  assertEquals(calls.splice(0), [[]]);
  await assertRejects(
    () => pool.applyAsync(tasks.notThree, [3], options).get(guard),
    tasks.ModelError,
  );
  assertEquals(calls.splice(0), ["ModelError"]);
  await assertRejects(
    () => pool.mapAsync(tasks.notThree, upTo(9), options).get(guard),
    tasks.ModelError,
  );
  assertEquals(calls.splice(0), ["ModelError"]);
  const exits = () => pool.applyAsync(() => Deno.exit(2), [], options).get(guard);
  await assertRejects(exits, WorkerDiedError);
  assertEquals(calls.splice(0), ["WorkerDiedError"]);
});

testEach("a callback that throws is reported, and the pool keeps working", async (Pool) => {
  await using pool = new Pool(1);
  using report = stub(console, "error");
  const thrown = new RangeError("in the callback");
  const raise = () => {
    throw thrown;
  };
  for (const callback of [raise, () => Promise.reject(thrown)]) {
    assertEquals(await pool.applyAsync(square, [3], { callback }), 9);
    const failed = pool.applyAsync(tasks.notThree, [3], { errorCallback: callback });
    await assertRejects(() => failed.get(guard), tasks.ModelError);
  }
  assertEquals(await pool.map(square, upTo(20)), squares(20));
  assertEquals(report.calls.map(({ args }) => args[1]), Array(4).fill(thrown));
});

// CPython TestPoolWorkerErrors.test_unpickleable_result

test("a result that cannot be sent calls errorCallback and not callback", async () => {
  await using pool = new Pool(1);
  const calls: unknown[] = [];
  const options = {
    callback: (result: unknown) => calls.push(result),
    errorCallback: (error: unknown) => calls.push(error),
  };
  for (let round = 0; round < 3; round++) {
    const one = pool.applyAsync(() => Symbol("odd"), [], options);
    const error = await assertRejects(() => one.get(guard), MaybeEncodingError);
    assertStrictEquals(calls.splice(0).at(0), error);
    const many = pool.mapAsync((x: number) => x === 2 ? new WeakMap() : x, [1, 2, 3], options);
    await assertRejects(() => many.get(guard), MaybeEncodingError);
    assertInstanceOf(calls.splice(0).at(0), MaybeEncodingError);
    assertEquals(calls, []);
  }
});

// cancel()

testEach("AsyncResult.cancel() cancels a task that has not begun", async (Pool) => {
  await using pool = new Pool(1);
  const queue = new Queue<number>();
  const [begun, go] = [new Event(), new Event()];
  const first = pool.applyAsync(tasks.afterEvent<number>, [begun, go, 1]);
  assert(await begun.wait(guard));
  const single = pool.applyAsync(tasks.put<number>, [queue, 1]);
  const many = pool.starmapAsync(tasks.put<number>, [[queue, 1], [queue, 2]]);
  for (const result of [single, many]) {
    assertEquals(result.cancel(), true);
    assertEquals(result.cancel(), false);
    await assertRejects(() => result.get(guard) as Promise<unknown>, CancelledError);
    assertEquals([result.ready(), result.successful()], [true, false]);
  }
  go.set();
  assertEquals(await first, 1);
  assertEquals(first.cancel(), false);
  assertEquals(await first, 1);
  await pool.apply(square, [1]);
  assert(queue.empty());
});

testEach(
  "AsyncResult.cancel() lets a running task continue, and the pool keeps working",
  async (Pool) => {
    await using pool = new Pool(1);
    const [begun, go] = [new Event(), new Event()];
    const result = pool.applyAsync(tasks.afterEvent<number>, [begun, go, 1]);
    assert(await begun.wait(guard));
    assertEquals(result.cancel(), true);
    await assertRejects(() => result.get(guard), CancelledError);
    go.set();
    assertEquals(await pool.apply(square, [3]), 9);
  },
);

test("an AsyncResult that nobody awaits is an unhandled rejection, unless the caller caused its error", async () => {
  const unhandled: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push((event.reason as Error).message);
  };
  addEventListener("unhandledrejection", listen);
  const errors = [new CancelledError("a"), new TerminatedError("b"), new RangeError("c")];
  for (const error of errors) new AsyncResult(Promise.reject(error), false, () => false);
  new AsyncResult(Promise.reject(new RangeError("handled")), true, () => false);
  await turn();
  await turn();
  removeEventListener("unhandledrejection", listen);
  assertEquals(unhandled, ["c"]);
});
