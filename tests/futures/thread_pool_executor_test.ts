import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { delay } from "@std/async";
import { CancelledError, cpuCount, DeadlockError } from "@sauropod/multiprocessing";
import { type Future, ThreadPoolExecutor } from "@sauropod/multiprocessing/futures";
import { currentThread } from "@sauropod/multiprocessing/threading";
import { GUARD_MS, test } from "../fixtures/guarded.ts";

// Follows CPython's test_concurrent_futures/test_thread_pool.py. Tests of both kinds of executors are
// in executor_test.ts, tests of the threads of a pool in pool/thread_pool_test.ts.

const guard = { timeoutMs: GUARD_MS };
const upTo = (n: number) => Array.from({ length: n }, (_, at) => at);

test("ThreadPoolExecutor runs maxWorkers tasks at a time, by default min(32, cpuCount() + 4)", async () => {
  for (const maxWorkers of [1, 3, undefined]) {
    const expected = maxWorkers ?? Math.min(32, cpuCount() + 4);
    await using executor = new ThreadPoolExecutor({ maxWorkers });
    const go = Promise.withResolvers<void>();
    let open = 0;
    const task = async () => {
      open++;
      await go.promise;
    };
    const futures = upTo(3 * expected).map(() => executor.submit(task));
    await delay(0);
    assertEquals(open, expected);
    assertEquals(futures.filter((future) => future.running()).length, expected);
    go.resolve();
    await Promise.all(futures);
    assertEquals(open, 3 * expected);
  }
});

test("ThreadPoolExecutor copies neither values nor errors", async () => {
  await using executor = new ThreadPoolExecutor({ maxWorkers: 1 });
  const thing = { symbol: Symbol(), log: () => {} };
  assertStrictEquals(await executor.submit((it: object) => it, thing), thing);
  assertStrictEquals((await executor.map((it: object) => it, [thing]).next()).value, thing);
  const error = new RangeError("as it is");
  const fail = () => {
    throw error;
  };
  assertStrictEquals(await executor.submit(fail).exception(), error);
});

test("ThreadPoolExecutor names its threads, by default after the executor", async () => {
  const names = async (executor: ThreadPoolExecutor) => {
    await using _ = executor;
    const tell = async () => {
      await delay(0);
      return currentThread().name;
    };
    return (await Promise.all(upTo(6).map(() => executor.submit(tell)))).toSorted();
  };
  const given = await names(new ThreadPoolExecutor({ maxWorkers: 2, threadNamePrefix: "fetch" }));
  assertEquals(new Set(given), new Set(["fetch_0", "fetch_1"]));
  const first = await names(new ThreadPoolExecutor({ maxWorkers: 1 }));
  const second = await names(new ThreadPoolExecutor({ maxWorkers: 1 }));
  assertMatch(first[0], /^ThreadPoolExecutor-\d+_0$/);
  assert(first[0] !== second[0], "the threads of two executors have the same name");
});

test("ThreadPoolExecutor.map() begins before its results are consumed", async () => {
  const seen: number[] = [];
  await using executor = new ThreadPoolExecutor({ maxWorkers: 2 });
  executor.map((x: number) => seen.push(x), upTo(4));
  while (seen.length < 4) await delay(0);
  assertEquals(seen, upTo(4));
});

test("ThreadPoolExecutor tasks can submit tasks and await them", async () => {
  await using executor = new ThreadPoolExecutor({ maxWorkers: 4 });
  const factorial = async (n: number): Promise<number> =>
    n <= 1 ? 1 : n * await executor.submit(factorial, n - 1);
  assertEquals(await executor.submit(factorial, 4), 24);
});

test("ThreadPoolExecutor tasks can cancel later tasks", async () => {
  await using executor = new ThreadPoolExecutor({ maxWorkers: 1 });
  const futures: Future<number>[] = [];
  const task = (at: number) => {
    futures[at + 1]?.cancel();
    return at;
  };
  for (const at of [0, 1, 2]) futures.push(executor.submit(task, at));
  assertEquals(await futures[0], 0);
  await assertRejects(() => futures[1].result(guard), CancelledError);
  assertEquals(await futures[2], 2);
});

test("Future.resultSync() runs a task of this isolate that has not begun", async () => {
  await using executor = new ThreadPoolExecutor({ maxWorkers: 1 });
  const go = Promise.withResolvers<void>();
  const slow = executor.submit(() => go.promise);
  const quick = executor.submit((x: number) => x + 1, 1);
  assertEquals(quick.resultSync(), 2);
  await delay(0);
  assert(slow.running());
  assertThrows(() => slow.resultSync(), DeadlockError, "Await the call");
  const bad = executor.submit(() => {
    throw new RangeError("it");
  });
  assertThrows(() => bad.resultSync(), RangeError, "it");
  const later = executor.submit(async () => await "there");
  assertThrows(() => later.resultSync(), DeadlockError);
  assertEquals(later.running(), true);
  go.resolve();
  assertEquals(await later, "there");
  assertEquals(await slow, undefined);
});
