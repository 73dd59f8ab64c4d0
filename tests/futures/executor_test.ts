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
  ClosedError,
  Event,
  InitializerError,
  Queue,
  TimeoutError,
} from "@sauropod/multiprocessing";
import {
  BrokenExecutor,
  type Executor,
  type ExecutorMapOptions,
  type Future,
  ProcessPoolExecutor,
  type ProcessPoolExecutorOptions,
  ThreadPoolExecutor,
  wait,
} from "@sauropod/multiprocessing/futures";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// What both executors promise, after CPython's test_concurrent_futures/executor.py,
// test_shutdown.py and test_init.py.

const guard = { timeoutMs: GUARD_MS };
const upTo = (n: number) => Array.from({ length: n }, (_, at) => at);
const squares = (n: number) => upTo(n).map((x) => x * x);

/** A test with each kind of executor. */
function testEach(name: string, fn: (kind: typeof ProcessPoolExecutor) => void | Promise<void>) {
  for (const kind of [ProcessPoolExecutor, ThreadPoolExecutor]) {
    test(`${kind.name}${name}`, () => fn(kind as typeof ProcessPoolExecutor));
  }
}

/** Occupies the workers of an executor until the event is set. */
async function occupy(executor: Executor, workers: number, go: Event): Promise<Future<number>[]> {
  const begun = upTo(workers).map(() => new Event());
  const futures = begun.map((event, at) =>
    executor.submit(tasks.afterEvent<number>, event, go, at)
  );
  for (const event of begun) assert(await event.wait(guard));
  return futures;
}

// Construction

testEach(" rejects what is no number of workers or initializer", (Executor) => {
  const make = (options: unknown) => () => new Executor(options as ProcessPoolExecutorOptions);
  for (const maxWorkers of [0, -1, 1.5, NaN]) {
    const message = `maxWorkers must be a whole number of at least 1, not ${maxWorkers}`;
    assertThrows(make({ maxWorkers }), RangeError, message);
    assertThrows(make(maxWorkers), RangeError, message);
  }
  assertThrows(make({ maxWorkers: "2" }), RangeError, 'of at least 1, not "2"');
  assertThrows(make({ initializer: "f" }), TypeError, "initializer must be a function, not string");
});

testEach(" takes the number of its workers alone, as Python's", async (Executor) => {
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

testEach(" and its calls refuse what is no option", async (Executor) => {
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
  const list = "There are timeoutMs, signal, chunkSize, bufferSize";
  assertThrows(map({ chunksize: 2 }), TypeError, `no option chunksize. ${list}. Write chunkSize`);
  assertThrows(map({ timeout: 2 }), TypeError, "Write timeoutMs, in milliseconds");
  for (const options of [{ cancel_futures: true }, false]) {
    const shutdown = () => executor.shutdown(options as object);
    await assertRejects(shutdown, TypeError, "Cannot shut down executor");
  }
  assertEquals(await executor.submit(square, 3), 9); // they did not shut it down
});

testEach(".map() takes all its options", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1, initializer: () => {}, initargs: [] });
  const { signal } = new AbortController();
  const all: Required<ExecutorMapOptions> = { ...guard, signal, chunkSize: 2, bufferSize: 2 };
  assertEquals(await Array.fromAsync(executor.map(square, [1, 2], all)), [1, 4]);
  await executor.shutdown({ wait: true, cancelFutures: true });
});

test("executors take the options that only one kind has", async () => {
  const limits = { maxTasksPerChild: 5, startMethod: "spawn" } as const;
  await using processes = new ProcessPoolExecutor({ maxWorkers: 1, ...limits });
  await using threads = new ThreadPoolExecutor({ maxWorkers: 1, threadNamePrefix: "mine" });
  assertEquals([await processes.submit(square, 2), await threads.submit(square, 3)], [4, 9]);
  const others = () => new ThreadPoolExecutor({ maxTasksPerChild: 5 } as object);
  assertThrows(others, TypeError, "there is no option maxTasksPerChild");
});

// submit

testEach(".submit() gives a future of the result", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  assertEquals(await executor.submit(Math.pow, 2, 8), 256);
  assertEquals(await executor.submit(tasks.squareLater, 5).result(guard), 25);
  assertEquals(await executor.submit(() => undefined), undefined);
  const future = executor.submit((first: number, ...rest: number[]) => [first, rest], 1, 2, 3);
  assertEquals(await future, [1, [2, 3]]);
  assertEquals([future.done(), future.running(), future.cancelled()], [true, false, false]);
  assertEquals(await future.exception(), undefined);
});

testEach(".submit() gives a future of the error", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  for (const thrown of [0, "", null, undefined, new RangeError("it")]) {
    const future = executor.submit((thrown: unknown) => {
      throw thrown;
    }, thrown);
    assertEquals(await future.exception(guard), thrown);
    assertEquals(await future.result().then(() => "no error", (error) => [error]), [thrown]);
  }
});

testEach(".submit() rejects what is no function", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  assertThrows(() => executor.submit("f" as never), TypeError, "fn must be a function");
  assertThrows(() => executor.map("f" as never, [1]), TypeError, "fn must be a function");
});

testEach(".submit() many gives each its own result", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 3 });
  const futures = upTo(200).map((x) => executor.submit(square, x));
  assertEquals(await Promise.all(futures), squares(200));
});

// The state of a future

testEach(
  " futures are running from when a worker begins, and not cancelled then",
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
  " futures that are cancelled while they begin are run or cancelled, never both",
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

testEach(" futures call back in order, before they are awaited on", async (Executor) => {
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
});

testEach(" futures wait for their time, and their tasks go on", async (Executor) => {
  const go = new Event();
  await using executor = new Executor({ maxWorkers: 1 });
  const [future] = await occupy(executor, 1, go);
  await assertRejects(() => future.result({ timeoutMs: 3 }), TimeoutError);
  await assertRejects(() => future.exception({ timeoutMs: 0 }), TimeoutError);
  go.set();
  assertEquals(await future.result(guard), 0);
});

// map

testEach(".map() gives the results in order", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  assertEquals(await Array.fromAsync(executor.map(square, upTo(30))), squares(30));
  assertEquals(await Array.fromAsync(executor.map(tasks.squareLater, new Set([1, 2]))), [1, 4]);
  for (const chunkSize of [1, 7, 100]) {
    const given = executor.map(Math.pow, upTo(10), Array(10).fill(2), { chunkSize });
    assertEquals(await Array.fromAsync(given), squares(10));
  }
});

testEach(".map() takes as many iterables as the function has parameters", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  const join = (a: number, b: string, c: boolean) => `${a}${b}${c}`;
  assertEquals(await Array.fromAsync(executor.map(join, [1, 2], "xyz", [true, false, true])), [
    "1xtrue",
    "2yfalse",
  ]);
  assertEquals(await Array.fromAsync(executor.map(() => 1)), []);
  assertEquals(await Array.fromAsync(executor.map(() => 1, { bufferSize: 1 })), []);
  async function* letters() {
    yield* ["a", await "b"];
  }
  const given = executor.map((a: number, b: string) => b + a, upTo(10), letters());
  assertEquals(await Array.fromAsync(given), ["a0", "b1"]);
});

testEach(".map() of several iterables ends all when one has no more", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  const ended: string[] = [];
  function* endless(name: string) {
    try {
      for (let x = 0;; x++) yield x;
    } finally {
      ended.push(name);
    }
  }
  const sum = (a: number, b: number, c: number) => a + b + c;
  const given = executor.map(sum, endless("first"), [1, 2], endless("last"));
  assertEquals(await Array.fromAsync(given), [1, 4]);
  assertEquals(ended, ["first", "last"]);
});

testEach(".map() on nothing gives nothing", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  assertEquals(await Array.fromAsync(executor.map(square, [])), []);
  assertEquals(await Array.fromAsync(executor.map(square, [], { bufferSize: 3 })), []);
  assertEquals(await Array.fromAsync(executor.map(Math.pow, [1, 2], [])), []);
});

testEach(".map() gives what comes before an error, throws it and ends", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  let taken = 0;
  function* generate() {
    for (; taken < 1000; taken++) yield taken;
  }
  const given: number[] = [];
  const iterator = executor.map(tasks.notThree, generate());
  await assertRejects(async () => {
    for await (const x of iterator) given.push(x);
  }, tasks.ModelError);
  assertEquals(given, [0, 1, 2]);
  assertEquals(await iterator.next(), { done: true, value: undefined });
  assert(taken < 100, `${taken} items were taken`);
  assertEquals(await executor.submit(square, 3), 9);
});

testEach(".map() gives the error of its input after the results before it", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  function* fails(n: number) {
    yield* upTo(n);
    throw new SyntaxError("input fails");
  }
  for (const inputs of [[fails(3)], [upTo(9), fails(3)]]) {
    const given: unknown[] = [];
    await assertRejects(
      async () => {
        for await (const x of executor.map(Math.max, ...inputs)) given.push(x);
      },
      SyntaxError,
      "input fails",
    );
    assertEquals(given, [0, 1, 2]);
  }
});

testEach(".map() whose time is up throws, and takes back what has not begun", async (Executor) => {
  const [queue, go] = [new Queue<number>(), new Event()];
  await using executor = new Executor({ maxWorkers: 1 });
  const occupied = await occupy(executor, 1, go);
  for (const timeoutMs of [0, 3]) {
    const iterator = executor.map(tasks.put<number>, [queue, queue], [1, 2], { timeoutMs });
    await assertRejects(() => iterator.next(), TimeoutError, `${timeoutMs} ms after the call`);
    assertEquals((await iterator.next()).done, true);
  }
  go.set();
  await Promise.all(occupied);
  await executor.submit(square, 1);
  assert(queue.empty());
});

testEach(".map() that is left early takes back what has not begun", async (Executor) => {
  const queue = new Queue<number>();
  await using executor = new Executor({ maxWorkers: 1 });
  const go = new Event();
  for (const leave of ["return", "abort"]) {
    go.clear();
    const occupied = await occupy(executor, 1, go);
    const controller = new AbortController();
    const { signal } = controller;
    const iterator = executor.map(tasks.put<number>, Array(9).fill(queue), upTo(9), { signal });
    if (leave === "return") {
      await iterator.return!();
      assertEquals((await iterator.next()).done, true);
    } else {
      controller.abort(new RangeError("enough"));
      await assertRejects(() => iterator.next(), RangeError, "enough");
    }
    go.set();
    await Promise.all(occupied);
    await executor.submit(square, 1);
    assert(queue.empty(), leave);
  }
});

testEach(".map() takes its input only bufferSize chunks ahead", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  for (const [bufferSize, chunkSize] of [[1, 1], [3, 1], [2, 4], [undefined, 1]] as const) {
    let taken = 0;
    const endless = function* () {
      for (;;) yield taken++;
    };
    const ahead = (bufferSize ?? 4) * chunkSize;
    const iterator = executor.map(square, endless(), { bufferSize, chunkSize });
    assertEquals(taken, ahead);
    let given = 0;
    for await (const x of iterator) {
      assertEquals(x, given ** 2);
      given++;
      assert(taken <= given + ahead, `${taken} taken for ${given}`);
      if (given === 40) break;
    }
  }
});

testEach(".map() rejects what is no iterable, and sizes that are none", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 1 });
  const any = (value: unknown) => value as number[];
  assertThrows(() => executor.map(square, any(5)), TypeError, "must be iterable, not number");
  assertThrows(() => executor.map(Math.pow, [1], any(5)), TypeError, "argument 2 after fn must be");
  assertThrows(() => executor.map(Math.pow, any(null), [1]), TypeError, "iterable, not null");
  for (const size of [0, -1, 1.5, NaN]) {
    for (const name of ["chunkSize", "bufferSize"]) {
      const options = { [name]: size } as ExecutorMapOptions;
      const message = `${name} must be a whole number of at least 1, not ${size}`;
      assertThrows(() => executor.map(square, [1], options), RangeError, message);
    }
  }
  assertThrows(() => executor.map(square, [1], { timeoutMs: NaN }), TypeError, "timeoutMs");
});

// shutdown

testEach(".submit() and map() after shutdown throw", async (Executor) => {
  const executor = new Executor({ maxWorkers: 1 });
  await executor.shutdown();
  const message = "Cannot schedule new futures after shutdown";
  assertThrows(() => executor.submit(square, 1), ClosedError, message);
  assertThrows(() => executor.map(square, [1]), ClosedError, message);
  await executor.shutdown();
  await executor.shutdown({ cancelFutures: true });
});

testEach(".shutdown() waits for what was submitted", async (Executor) => {
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

testEach(".shutdown() without waiting lets what was submitted be done", async (Executor) => {
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
  testEach(`.shutdown() cancels what has not begun, wait: ${wait}`, async (Executor) => {
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
  });
}

testEach(".shutdown() that cancels lets a map give what has begun", async (Executor) => {
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
});

testEach(".shutdown() leaves the rest of an input to a map with a bufferSize", async (Executor) => {
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
    assert(ended, "the input was not left");
    const results: number[] = [];
    await assertRejects(
      async () => {
        for await (const x of given) results.push(x);
      },
      ClosedError,
      "after shutdown",
    );
    assert(results.length >= 2, `${results.length} results`);
    assertEquals(results, squares(results.length));
    assertEquals((await given.next()).done, true);
  }
});

testEach(".shutdown() takes the rest of what has an end, alone and beside others", async (
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

testEach(".shutdown() takes no more of what may have no end", async (Executor) => {
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
      "Cannot schedule new futures after shutdown: the input of map had not ended. " +
        "Take the results before shutdown(), or inside the scope of the executor",
    );
    assert(results.length >= 3, `${results.length} results`);
  }
});

testEach(".map() is left while one of its inputs is under way", async (Executor) => {
  await using executor = new Executor({ maxWorkers: 2 });
  const asked = Promise.withResolvers<void>();
  const left = Object.fromEntries(
    ["first", "second", "third", "late"].map((name) => [name, Promise.withResolvers<void>()]),
  );
  const stuck = (name: string, count: number) => ({
    async next() {
      if (count-- > 0) return { done: false as const, value: count };
      asked.resolve();
      return await new Promise<never>(() => {});
    },
    async return() {
      left[name].resolve();
      if (count < 0) await new Promise<never>(() => {});
      return { done: true as const, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  });
  const given = executor.map(Math.max, stuck("first", 9), stuck("second", 2), stuck("third", 9));
  for await (const x of given) {
    await asked.promise;
    if (x === 7) break;
  }
  await Promise.all([left.first.promise, left.second.promise, left.third.promise]);
  const late = executor.map(square, stuck("late", 0), { timeoutMs: 1 });
  await assertRejects(() => late.next(), TimeoutError);
  await left.late.promise;
});

testEach(" in await using waits for what was submitted", async (Executor) => {
  let futures, given;
  {
    await using executor = new Executor({ maxWorkers: 3 });
    futures = upTo(20).map((x) => executor.submit(tasks.squareLater, x));
    given = executor.map(square, upTo(30));
  }
  assert(futures.every((future) => future.done()));
  assertEquals(await Array.fromAsync(given), squares(30));
});

testEach(" in await using is done at once if it was never used", async (Executor) => {
  await using executor = new Executor();
  assertInstanceOf(executor, Executor);
});

// Initializer

const configured = (_?: unknown) => (globalThis as Record<string, unknown>).configured;
const configure = (value: unknown) => {
  (globalThis as Record<string, unknown>).configured = value;
};

testEach(" initializer runs before the first task", async (Executor) => {
  await using executor = new Executor({
    maxWorkers: 2,
    initializer: configure,
    initargs: [{ level: 3 }],
  });
  const futures = upTo(6).map(() => executor.submit(configured));
  assertEquals(await Promise.all(futures), Array(6).fill({ level: 3 }));
  assertEquals(await Array.fromAsync(executor.map(configured, [1])), [{ level: 3 }]);
});

testEach(" initializer that fails breaks the executor", async (Executor) => {
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
