import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  ClosedError,
  DataCloneError,
  Event,
  MaybeEncodingError,
  Queue,
  TerminatedError,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import {
  BrokenExecutor,
  ProcessPoolExecutor,
  type ProcessPoolExecutorOptions,
  wait,
} from "@sauropod/multiprocessing/futures";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// Follows CPython's test_concurrent_futures/test_process_pool.py, test_shutdown.py and
// test_deadlock.py. Tests of both kinds of executors are in executor_test.ts.

const guard = { timeoutMs: GUARD_MS };
const upTo = (n: number) => Array.from({ length: n }, (_, at) => at);
const squares = (n: number) => upTo(n).map((x) => x * x);

// Workers

test("ProcessPoolExecutor starts at most maxWorkers workers and reuses them", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 2 });
  const pids = new Set<number>();
  for (let round = 0; round < 5; round++) {
    for (const pid of await Promise.all(upTo(15).map(() => executor.submit(tasks.pid)))) {
      pids.add(pid);
    }
  }
  assert(pids.size <= 2, `${pids.size} workers`);
});

test("ProcessPoolExecutor starts workers only when they are needed", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 4 });
  const pids = new Set<number>();
  for (let round = 0; round < 5; round++) pids.add(await executor.submit(tasks.pid));
  assertEquals(pids.size, 1);
});

test("ProcessPoolExecutor runs its initializer once in each worker", async () => {
  const queue = new Queue<number>();
  {
    await using _executor = new ProcessPoolExecutor({
      maxWorkers: 2,
      initializer: tasks.putPid,
      initargs: [queue],
    });
    assertNotEquals(await queue.get(guard), await queue.get(guard));
  }
  assert(queue.empty());
});

test("ProcessPoolExecutor replaces a worker after maxTasksPerChild tasks", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1, maxTasksPerChild: 3 });
  const pids = await Promise.all(upTo(7).map(() => executor.submit(tasks.pid)));
  assertEquals(new Set(pids.slice(0, 3)).size, 1);
  assertEquals(new Set(pids.slice(3, 6)).size, 1);
  assertEquals(new Set(pids).size, 3);
  assertThrows(
    () => new ProcessPoolExecutor({ maxTasksPerChild: 0 }),
    RangeError,
    "maxTasksPerChild",
  );
});

test("ProcessPoolExecutor.shutdown() with maxTasksPerChild returns all results", async () => {
  const executor = new ProcessPoolExecutor({ maxWorkers: 3, maxTasksPerChild: 1 });
  const futures = upTo(6).map((x) => executor.submit(square, x));
  await executor.shutdown();
  assert(futures.every((future) => future.done()));
  assertEquals(await Promise.all(futures), squares(6));
});

test("ProcessPoolExecutor works with the start method forkserver", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 2, startMethod: "forkserver" });
  assertEquals(await Array.fromAsync(executor.map(square, upTo(9))), squares(9));
  assertThrows(() => new ProcessPoolExecutor({ startMethod: "fork" as "spawn" }), RangeError);
}, { reserve: true });

test("ProcessPoolExecutor works in a worker of another, awaited and blocking", async () => {
  const nested = async (url: string, x: number) => {
    const { ProcessPoolExecutor } = await import(url);
    await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    const [first, second] = [1, 2].map((n) => executor.submit(Math.pow, x, n));
    return [first.resultSync(), await second];
  };
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const future = executor.submit(nested, import.meta.resolve("../../lib/futures/mod.ts"), 3);
  assertEquals(await future, [3, 9]);
});

// Blocking

test("Future.resultSync() and exceptionSync() block until the task has ended", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 2 });
  const futures = upTo(9).map((x) => executor.submit(tasks.squareLater, x));
  const seen: number[] = [];
  futures[8].addDoneCallback((it) => seen.push(it.resultSync()));
  const given = executor.map(square, upTo(5));
  assertEquals(futures.map((future) => future.resultSync(guard)), squares(9));
  assertEquals(seen, [64]);
  assertEquals(executor.submit(square, 3).exceptionSync(guard), undefined);
  const bad = executor.submit(tasks.notThree, 3);
  assertInstanceOf(bad.exceptionSync(), tasks.ModelError);
  assertThrows(() => bad.resultSync(), tasks.ModelError, "three!");
  assertEquals(await Array.fromAsync(given), squares(5));
});

test("Future.resultSync() throws TimeoutError after timeoutMs", async () => {
  const go = new Event();
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const future = executor.submit(tasks.afterEventSync<number>, new Event(), go, 5);
  const next = executor.submit(square, 2);
  for (const timeoutMs of [0, 3]) {
    assertThrows(() => future.resultSync({ timeoutMs }), TimeoutError, "has not ended after");
    assertThrows(() => next.exceptionSync({ timeoutMs }), TimeoutError);
  }
  const signal = AbortSignal.abort(new RangeError("enough"));
  assertThrows(() => future.resultSync({ signal }), RangeError, "enough");
  assert(next.cancel());
  assertThrows(() => next.resultSync(), CancelledError);
  go.set();
  assertEquals(future.resultSync(guard), 5);
});

test("Future.resultSync() throws WorkerDiedError when the worker dies", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const future = executor.submit(() => Deno.exit(3));
  assertThrows(() => future.resultSync(guard), WorkerDiedError, "exit code 3");
  assertEquals(executor.submit(square, 3).resultSync(guard), 9);
});

// Errors

test("ProcessPoolExecutor fails only the future of a worker that dies, and replaces the worker", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 2 });
  const [begun, go] = [new Event(), new Event()];
  const other = executor.submit(tasks.afterEvent<string>, begun, go, "other");
  assert(await begun.wait(guard));
  for (let round = 0; round < 3; round++) {
    const error = await executor.submit(() => Deno.exit(3)).exception(guard);
    assertInstanceOf(error, WorkerDiedError);
    assertEquals(error.exitCode, 3);
  }
  await assertRejects(() => executor.map(() => Deno.exit(4), [1]).next(), WorkerDiedError);
  go.set();
  assertEquals(await other, "other");
  assertEquals(await executor.submit(square, 3), 9);
});

test("ProcessPoolExecutor adds the stack of the submitter to that of an error", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const error = await executor.submit(tasks.notThree, 3).exception(guard);
  assertInstanceOf(error, tasks.ModelError);
  assertEquals(error.code, 33);
  assertStringIncludes(error.stack!, "pool_tasks.ts");
  assertStringIncludes(error.stack!, "process_pool_executor_test.ts");
  assertMatch(error.stack!, /PoolWorker-\d+/);
  const mapped = executor.map(tasks.notThree, upTo(5), { chunkSize: 5 });
  const fromMap = await assertRejects(() => Array.fromAsync(mapped), tasks.ModelError);
  assertStringIncludes(fromMap.stack!, "item 3");
});

test("ProcessPoolExecutor.submit() throws for values that cannot be sent, and remains usable", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const identity = (x: unknown) => x;
  assertThrows(
    () => executor.submit(identity, { at: [Symbol()] }),
    DataCloneError,
    "args[0].at[0]",
  );
  assertThrows(() => executor.submit(Math.max.bind(null), 1), DataCloneError, "Cannot send fn");
  assertThrows(() => executor.map(Math.max.bind(null), [1]), DataCloneError, "Cannot send fn");
  const first = executor.submit(square, 2);
  assertThrows(() => executor.submit(identity, first), DataCloneError, "await it first");
  const given = executor.map(identity, [1, Symbol(), 3]);
  assertEquals((await given.next()).value, 1);
  await assertRejects(() => given.next(), DataCloneError);
  assertEquals(await first, 4);
});

test("ProcessPoolExecutor fails only the future of a result that cannot be sent", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const worker = await executor.submit(tasks.pid);
  const bad: (() => unknown)[] = [
    () => Symbol("s"),
    () => new WeakMap(),
    () => {
      throw Symbol("s");
    },
  ];
  for (const make of bad) {
    assertInstanceOf(await executor.submit(make).exception(guard), MaybeEncodingError);
  }
  assertEquals(await executor.submit(tasks.pid), worker);
});

test("ProcessPoolExecutor is broken when its workers do not start", async () => {
  const causes: [ProcessPoolExecutorOptions, new () => Error][] = [
    [{ initializer: () => Deno.exit(3) }, WorkerDiedError],
    [{ initializer: tasks.initialize, initargs: [Symbol()] }, DataCloneError],
  ];
  for (const [options, cause] of causes) {
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, ...options });
    const error = await executor.submit(square, 1).exception(guard);
    assertInstanceOf(error, BrokenExecutor);
    assertInstanceOf(error.cause, cause);
    assertThrows(() => executor.submit(square, 1), BrokenExecutor, error.message);
    await executor.shutdown();
  }
});

// End of an executor

test("ProcessPoolExecutor futures receive their results after shutdown()", async () => {
  const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
  const futures = upTo(50).map((x) => executor.submit(tasks.squareLater, x));
  const end = executor.shutdown();
  for (const [x, future] of futures.entries()) assertEquals(await future.result(guard), x * x);
  await end;
});

for (const method of ["terminateWorkers", "killWorkers"] as const) {
  test(`ProcessPoolExecutor.${method}() fails running tasks and cancels the others`, async () => {
    const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
    const [begun, never] = [new Event(), new Event()];
    const running = [tasks.afterEvent<number>, tasks.afterEventSync<number>].map((fn) =>
      executor.submit(fn, begun, never, 1)
    );
    while (!running.every((future) => future.running())) await begun.wait({ timeoutMs: 1 });
    const waiting = upTo(20).map((x) => executor.submit(square, x));
    const given = executor.map(square, upTo(20));
    executor[method]();
    executor[method]();
    assert(waiting.every((future) => future.cancelled()));
    const { done } = await wait(running, guard);
    for (const future of done) {
      assertInstanceOf(await future.exception(), TerminatedError);
      assertEquals(future.cancelled(), false);
    }
    await assertRejects(() => given.next(), CancelledError);
    assertThrows(() => executor.submit(square, 1), ClosedError, "was shut down");
    await executor.shutdown();
  });
}

test("ProcessPoolExecutor.terminateWorkers() is allowed before the first task", async () => {
  const executor = new ProcessPoolExecutor();
  executor.terminateWorkers();
  await executor.shutdown();
});

test("ProcessPoolExecutor that is not shut down lets the program end after its futures", async () => {
  const program = `
    import { ProcessPoolExecutor } from ${
    JSON.stringify(import.meta.resolve("../../lib/futures/mod.ts"))
  };
    const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
    executor.submit(Math.sqrt, 9).addDoneCallback((future) => console.log(future.resultSync()));
  `;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
  }).output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "3\n"]);
});

test("ProcessPoolExecutor error that is never retrieved ends the program", async () => {
  const program = `
    import { ProcessPoolExecutor } from ${
    JSON.stringify(import.meta.resolve("../../lib/futures/mod.ts"))
  };
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    executor.submit(() => { throw new RangeError("unheard of"); });
  `;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
  }).output();
  assertEquals(code, 1);
  assertStringIncludes(new TextDecoder().decode(stderr), "unheard of");
});
