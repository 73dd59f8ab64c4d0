import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { delay } from "@std/async";
import {
  CancelledError,
  Event,
  InitializerError,
  Queue,
  TimeoutError,
} from "@sauropod/multiprocessing";
import {
  BrokenExecutor,
  ProcessPoolExecutor,
  type ProcessPoolExecutorOptions,
  ThreadPoolExecutor,
  wait,
} from "@sauropod/multiprocessing/futures";
import { guard, occupy, squares, testEach, upTo } from "../fixtures/executors.ts";
import { test } from "../fixtures/guarded.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// Tests of both kinds of executors: construction, submit() and futures, initializers. Follows CPython's
// test_concurrent_futures/executor.py and test_init.py.

// Construction

testEach(" rejects an invalid maxWorkers or initializer", (Executor) => {
  const make = (options: unknown) => () => new Executor(options as ProcessPoolExecutorOptions);
  for (const maxWorkers of [0, -1, 1.5, NaN, 2 ** 33]) {
    const message = `maxWorkers must be an integer from 1 to 65536, not ${maxWorkers}`;
    assertThrows(make({ maxWorkers }), RangeError, message);
    assertThrows(make(maxWorkers), RangeError, message);
  }
  assertThrows(make({ maxWorkers: "2" }), TypeError, 'from 1 to 65536, not "2"');
  assertThrows(make({ initializer: "f" }), TypeError, 'initializer must be a function, not "f"');
});

testEach(" accepts the number of workers as its only argument", async (Executor) => {
  await using executor = new Executor(1);
  const begun = new Event();
  const go = new Event();
  const first = executor.submit(tasks.afterEvent<number>, begun, go, 1);
  assert(await begun.wait(guard));
  const second = executor.submit(square, 2);
  assertEquals([first.running(), second.running()], [true, false]);
  go.set();
  assertEquals([await first, await second], [1, 4]);
});

testEach(" and its methods reject unknown options", async (Executor) => {
  const make = (options: unknown) => () => new Executor(options as ProcessPoolExecutorOptions);
  assertThrows(
    make({ max_workers: 2 }),
    TypeError,
    "Cannot make executor: there is no option max_workers. There are maxWorkers",
  );
  assertThrows(make({ max_workers: 2 }), TypeError, "Write maxWorkers");
  assertThrows(make({ processes: 2 }), TypeError, "there is no option processes");
  assertThrows(make("2"), TypeError, 'such as { maxWorkers: … }, not "2"');
  assertThrows(make({ initargs: 5 }), TypeError, "initargs must be an array");
  await using executor = new Executor(1);
  const map = (options: object) => () => executor.map(square, [1], options);
  const list = "There are timeoutMs, signal, chunkSize, bufferSize, onProgress";
  assertThrows(map({ chunksize: 2 }), TypeError, `no option chunksize. ${list}. Write chunkSize`);
  assertThrows(map({ timeout: 2 }), TypeError, "Write timeoutMs, in milliseconds");
  for (const options of [{ cancel_futures: true }, false]) {
    const shutdown = () => executor.shutdown(options as object);
    await assertRejects(shutdown, TypeError, "Cannot shut down executor");
  }
  assertEquals(await executor.submit(square, 3), 9); // the failed calls did not shut it down
});

test("each executor accepts the options of its kind only", async () => {
  const limits = { maxTasksPerChild: 5, startMethod: "spawn" } as const;
  await using processes = new ProcessPoolExecutor({ maxWorkers: 1, ...limits });
  await using threads = new ThreadPoolExecutor({ maxWorkers: 1, threadNamePrefix: "mine" });
  assertEquals([await processes.submit(square, 2), await threads.submit(square, 3)], [4, 9]);
  const others = () => new ThreadPoolExecutor({ maxTasksPerChild: 5 } as object);
  assertThrows(others, TypeError, "there is no option maxTasksPerChild");
});

// submit

testEach(".submit() returns a future of the result", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  assertEquals(await executor.submit(Math.pow, 2, 8), 256);
  assertEquals(await executor.submit(tasks.squareLater, 5).result(guard), 25);
  assertEquals(await executor.submit(() => undefined), undefined);
  const future = executor.submit((first: number, ...rest: number[]) => [first, rest], 1, 2, 3);
  assertEquals(await future, [1, [2, 3]]);
  assertEquals([future.done(), future.running(), future.cancelled()], [true, false, false]);
  assertEquals(await future.exception(), undefined);
});

testEach(".submit() returns a future of the error", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  for (const thrown of [0, "", null, undefined, new RangeError("it")]) {
    const future = executor.submit((thrown: unknown) => {
      throw thrown;
    }, thrown);
    assertEquals(await future.exception(guard), thrown);
    assertEquals(await future.result().then(() => "no error", (error) => [error]), [thrown]);
  }
});

testEach(".submit() rejects other values than functions", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  assertThrows(() => executor.submit("f" as never), TypeError, "fn must be a function");
  assertThrows(() => executor.map("f" as never, [1]), TypeError, "fn must be a function");
});

testEach(".submit() of many tasks returns to each its own result", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 3 });
  const futures = upTo(200).map((x) => executor.submit(square, x));
  assertEquals(await Promise.all(futures), squares(200));
});

// The state of a future

testEach(
  " futures are running once a worker has begun, and cannot be cancelled then",
  async (Executor) => {
    const queue = new Queue<number>();
    const go = new Event();
    await using executor = new Executor({ maxWorkers: 1 });
    const [running] = await occupy(executor, 1, go);
    const waiting = executor.submit(tasks.put<number>, queue, 1);
    assertEquals([running.running(), running.done(), running.cancelled()], [true, false, false]);
    assertEquals([waiting.running(), waiting.done()], [false, false]);
    assertEquals([running.cancel(), running.cancelled()], [false, false]);
    assertEquals([waiting.cancel(), waiting.cancel()], [true, true]);
    assertEquals([waiting.cancelled(), waiting.done(), waiting.running()], [true, true, false]);
    await assertRejects(() => waiting.result(guard), CancelledError, "was cancelled");
    await assertRejects(() => waiting.exception(guard), CancelledError);
    go.set();
    assertEquals(await running, 0);
    assertEquals([running.running(), running.done(), running.cancel()], [false, true, false]);
    await executor.submit(square, 1);
    assert(queue.empty());
  },
);

testEach(
  " futures that are cancelled while they begin either run or are cancelled",
  async (Executor) => {
    await using executor = new Executor({ maxWorkers: 2 });
    const ran = new Int32Array(new SharedArrayBuffer(4));
    const count = (ran: Int32Array) => void Atomics.add(ran, 0, 1);
    let [expected, cancelled] = [0, 0];
    for (let round = 0; round < 30; round++) {
      const futures = upTo(20).map(() => executor.submit(count, ran));
      if (round % 3 > 0) await delay(0);
      for (const future of futures.toReversed()) {
        if (future.cancel()) cancelled++;
        else expected++;
      }
      await wait(futures, guard);
    }
    assertEquals(ran[0], expected);
    assert(cancelled > 0, "none was cancelled");
  },
);

testEach(
  " futures call their callbacks in order, before awaiting code continues",
  async (Executor) => {
    await using executor = new Executor({ maxWorkers: 1 });
    const seen: unknown[] = [];
    const future = executor.submit(square, 3);
    future.addDoneCallback((it) => seen.push("first", it.resultSync()));
    future.addDoneCallback(() => seen.push("second"));
    await future;
    assertEquals(seen, ["first", 9, "second"]);
    const next = executor.submit(square, 2);
    const chained = new Promise<number>((resolve) =>
      next.addDoneCallback(() => resolve(executor.submit(square, 5)))
    );
    assertEquals(await chained, 25);
  },
);

testEach(
  " futures throw TimeoutError after timeoutMs, and their tasks continue",
  async (Executor) => {
    const go = new Event();
    await using executor = new Executor({ maxWorkers: 1 });
    const [future] = await occupy(executor, 1, go);
    await assertRejects(() => future.result({ timeoutMs: 3 }), TimeoutError);
    await assertRejects(() => future.exception({ timeoutMs: 0 }), TimeoutError);
    go.set();
    assertEquals(await future.result(guard), 0);
  },
);

// Initializer

const configured = (_?: unknown) => (globalThis as Record<string, unknown>).configured;
const configure = (value: unknown) => {
  (globalThis as Record<string, unknown>).configured = value;
};

testEach(" runs its initializer before the first task", async (Executor) => {
  await using executor = new Executor({
    maxWorkers: 2,
    initializer: configure,
    initargs: [{ level: 3 }],
  });
  const futures = upTo(6).map(() => executor.submit(configured));
  assertEquals(await Promise.all(futures), Array(6).fill({ level: 3 }));
  assertEquals(await Array.fromAsync(executor.map(configured, [1])), [{ level: 3 }]);
});

testEach(" is broken when its initializer fails", async (Executor) => {
  await using executor = new Executor({
    maxWorkers: 2,
    initializer: (message: string) => {
      throw new RangeError(message);
    },
    initargs: ["no device"],
  });
  const futures = upTo(4).map(() => executor.submit(configured));
  const given = executor.map(square, upTo(4));
  const errors = [];
  for (const future of futures) errors.push(await future.exception(guard));
  for (const error of errors) {
    assertInstanceOf(error, BrokenExecutor);
    assertStrictEquals(error, errors[0]);
  }
  const error = errors[0] as BrokenExecutor;
  assert(error.message.includes("no device"), error.message);
  assertInstanceOf(error.cause, InitializerError);
  assertInstanceOf(error.cause.cause, RangeError);
  assertThrows(() => executor.submit(square, 1), BrokenExecutor, "no device");
  assertThrows(() => executor.map(square, [1]), BrokenExecutor, "no device");
  await assertRejects(() => given.next(), BrokenExecutor, "no device");
});
