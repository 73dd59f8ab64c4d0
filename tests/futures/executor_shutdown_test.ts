import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { delay } from "@std/async";
import { CancelledError, ClosedError, Event, Queue } from "@sauropod/multiprocessing";
import { guard, occupy, squares, testEach, upTo } from "../fixtures/executors.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// Tests of shutdown() of both kinds of executors. Follows CPython's
// test_concurrent_futures/test_shutdown.py.

testEach(".submit() and map() throw after shutdown()", async (Executor) => {
  const executor = new Executor({ maxWorkers: 1 });
  await executor.shutdown();
  const message = "Cannot submit: the executor was shut down. Submit before shutdown()";
  assertThrows(() => executor.submit(square, 1), ClosedError, message);
  assertThrows(() => executor.map(square, [1]), ClosedError, message);
  await executor.shutdown();
  await executor.shutdown({ cancelFutures: true });
});

testEach(".shutdown() waits for the submitted tasks", async (Executor) => {
  const executor = new Executor({ maxWorkers: 2 });
  const go = new Event();
  const occupied = await occupy(executor, 2, go);
  const futures = upTo(20).map((x) => executor.submit(square, x));
  let ended = false;
  const end = executor.shutdown().then(() => ended = true);
  assertThrows(() => executor.submit(square, 1), ClosedError);
  await delay(0);
  assertEquals(ended, false);
  go.set();
  await end;
  assert([...occupied, ...futures].every((future) => future.done()));
  assertEquals(await Promise.all(futures), squares(20));
});

testEach(".shutdown() with wait: false lets the submitted tasks run", async (Executor) => {
  const executor = new Executor({ maxWorkers: 1 });
  const go = new Event();
  const [first] = await occupy(executor, 1, go);
  const later = executor.submit(square, 4);
  const given = executor.map(square, [1, 2, 3]);
  await executor.shutdown({ wait: false });
  assertEquals([first.done(), later.done()], [false, false]);
  go.set();
  assertEquals(await Promise.all([first, later]), [0, 16]);
  assertEquals(await Array.fromAsync(given), [1, 4, 9]);
  await executor.shutdown();
});

for (const wait of [true, false]) {
  testEach(
    `.shutdown() with cancelFutures cancels the tasks that have not begun, wait: ${wait}`,
    async (Executor) => {
      const executor = new Executor({ maxWorkers: 2 });
      const [queue, go] = [new Queue<number>(), new Event()];
      const occupied = await occupy(executor, 2, go);
      const futures = upTo(20).map((x) => executor.submit(tasks.put<number>, queue, x));
      const given = executor.map(tasks.put<number>, Array(9).fill(queue), upTo(9));
      const end = executor.shutdown({ wait, cancelFutures: true });
      assert(futures.every((future) => future.cancelled()));
      assert(occupied.every((future) => !future.done()));
      await assertRejects(() => given.next(), CancelledError);
      go.set();
      await end;
      assertEquals(await Promise.all(occupied), [0, 1]);
      await executor.shutdown();
      assert(queue.empty());
    },
  );
}

testEach(
  ".shutdown() with cancelFutures lets a map yield the results of calls that have begun",
  async (Executor) => {
    const executor = new Executor({ maxWorkers: 1 });
    const [begun, go] = [new Event(), new Event()];
    const inputs = [[begun, begun], [go, go], [7, 8]] as const;
    const given = executor.map(tasks.afterEvent<number>, ...inputs);
    assert(await begun.wait(guard));
    const end = executor.shutdown({ cancelFutures: true });
    go.set();
    assertEquals(await given.next(), { done: false, value: 7 });
    await assertRejects(() => given.next(), CancelledError);
    assertEquals((await given.next()).done, true);
    await end;
  },
);

/** Yields numbers for ever. Its cleanup begins, and ends when `go` is resolved. */
function cleansUpSlowly(go: Promise<void>, events: string[]): AsyncGenerator<number> {
  return (async function* () {
    try {
      for (let x = 0;; x++) yield x;
    } finally {
      await go;
      events.push("cleaned up");
    }
  })();
}

testEach(".shutdown() with cancelFutures resolves after the inputs of maps are closed", async (
  Executor,
) => {
  const executor = new Executor({ maxWorkers: 1 });
  const [go, events] = [Promise.withResolvers<void>(), [] as string[]];
  const given = executor.map(square, cleansUpSlowly(go.promise, events));
  await given.next();
  const end = executor.shutdown({ cancelFutures: true }).then(() => events.push("shut down"));
  await delay(0);
  go.resolve();
  await end;
  assertEquals(events, ["cleaned up", "shut down"]);
});

testEach(".shutdown() with cancelFutures and wait: false resolves at once", async (Executor) => {
  const executor = new Executor({ maxWorkers: 1 });
  const [go, events] = [Promise.withResolvers<void>(), [] as string[]];
  const given = executor.map(square, cleansUpSlowly(go.promise, events));
  await given.next();
  await executor.shutdown({ wait: false, cancelFutures: true });
  assertEquals(events, []);
  go.resolve();
  await executor.shutdown();
});

testEach(
  ".shutdown() with cancelFutures throws what closing an input throws, after its workers have ended",
  async (
    Executor,
  ) => {
    const executor = new Executor({ maxWorkers: 1 });
    const go = new Event();
    const [occupied] = await occupy(executor, 1, go);
    const input = {
      length: 99, // so that it is closed only by the cancelling
      next: () => ({ done: false, value: 1 }),
      return() {
        throw new RangeError("cannot be closed");
      },
      [Symbol.iterator]() {
        return this;
      },
    };
    executor.map(square, input as unknown as Iterable<number>);
    const end = executor.shutdown({ cancelFutures: true });
    const thrown = assertRejects(() => end, RangeError, "cannot be closed");
    await delay(0);
    go.set();
    await thrown;
    assert(occupied.done());
  },
);

testEach(".shutdown() stops a map with a bufferSize from reading its input", async (Executor) => {
  for (const isAsync of [false, true]) {
    let [taken, ended] = [0, false];
    const endless = function* () {
      try {
        for (;;) yield taken++;
      } finally {
        ended = true;
      }
    };
    const input = isAsync
      ? (async function* () {
        yield* endless();
      })()
      : endless();
    const executor = new Executor({ maxWorkers: 2 });
    const given = executor.map(square, input, { bufferSize: 3 });
    while (taken < 3) await delay(0);
    await executor.shutdown();
    assert(ended, "the input was not closed");
    const results: number[] = [];
    await assertRejects(
      async () => {
        for await (const x of given) results.push(x);
      },
      ClosedError,
      "was shut down",
    );
    assert(results.length >= 2, `${results.length} results`);
    assertEquals(results, squares(results.length));
    assertEquals((await given.next()).done, true);
  }
});

testEach(".shutdown() reads the rest of a finite input, alone and zipped with others", async (
  Executor,
) => {
  function* endless() {
    for (let x = 0;; x++) yield x;
  }
  const executor = new Executor({ maxWorkers: 2 });
  const alone = executor.map(square, new Set(upTo(30)));
  const beside = executor.map((a: number, b: number) => a * b, endless(), upTo(30));
  await executor.shutdown();
  assertEquals(await Array.fromAsync(alone), squares(30));
  assertEquals(await Array.fromAsync(beside), squares(30));
});

testEach(".shutdown() stops reading inputs that may be infinite", async (Executor) => {
  for (const count of [1, 2]) {
    let ended = 0;
    const endless = function* () {
      try {
        for (let x = 0;; x++) yield x;
      } finally {
        ended++;
      }
    };
    let given;
    {
      await using executor = new Executor({ maxWorkers: 2 });
      given = executor.map(Math.max, ...Array.from({ length: count }, endless));
      assertEquals((await given.next()).value, 0);
    }
    assertEquals(ended, count);
    const results: number[] = [];
    const error = await assertRejects(async () => {
      for await (const x of given) results.push(x);
    }, ClosedError);
    assertEquals(
      error.message,
      "Cannot submit the rest of map: the executor was shut down before the input had ended. " +
        "Consume the results before shutdown(), or inside the scope of the executor",
    );
    assert(results.length >= 3, `${results.length} results`);
  }
});

testEach(" waits for the submitted tasks at the end of an await using scope", async (Executor) => {
  let futures, given;
  {
    await using executor = new Executor({ maxWorkers: 3 });
    futures = upTo(20).map((x) => executor.submit(tasks.squareLater, x));
    given = executor.map(square, upTo(30));
  }
  assert(futures.every((future) => future.done()));
  assertEquals(await Array.fromAsync(given), squares(30));
});

testEach(" ends immediately if it was never used", async (Executor) => {
  await using executor = new Executor();
  assertInstanceOf(executor, Executor);
});
