import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  getContext,
  Lock,
  Pool,
  type PoolOptions,
  type Progress,
  Queue,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { guard, squares, testEach, upTo } from "../fixtures/pools.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// Construction

test("new Pool() accepts all its options, in every context", async () => {
  const all: Required<PoolOptions> = {
    processes: 2,
    initializer: () => {},
    initargs: [],
    maxTasksPerChild: 2,
    startMethod: "spawn",
    startTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    graceMs: 1000,
    timeoutMs: 1000,
    retries: 1,
    retryOn: () => false,
    permissions: undefined as never,
    env: undefined as never,
    cwd: undefined as never,
    maxOldSpaceMb: undefined as never,
    denoArgs: undefined as never,
    engine: undefined as never,
  };
  const { Pool: Warm } = getContext("forkserver");
  await using cold = new Pool(all);
  await using warm = new Warm(all);
  assertEquals([cold.processes, warm.processes], [2, 2]);
  assertThrows(() => new Warm("4" as never), TypeError, 'not "4"');
  assertThrows(() => new Warm({ proceses: 1 } as object), TypeError, "no option proceses");
  assertThrows(() => new Pool({ maxtasksperchild: 1 } as object), TypeError, "maxTasksPerChild");
});

testEach("Pool.processes is the requested number, by default the number of cores", (Pool) => {
  assertEquals(new Pool(3).processes, 3);
  assertEquals(new Pool({ processes: 5 }).processes, 5);
  assertEquals(new Pool().processes, navigator.hardwareConcurrency);
});

testEach("Pool works with more workers than cores", async (Pool) => {
  await using pool = new Pool(12);
  assertEquals(await pool.map(square, upTo(500)), squares(500));
  assertEquals(pool.mapSync(square, upTo(500)), squares(500));
});

// Calls

testEach(
  "Pool.apply(), applySync() and applyAsync() return the result of one call",
  async (Pool) => {
    await using pool = new Pool(2);
    assertEquals(await pool.apply(Math.max, [1, 3, 2]), 3);
    assertEquals(await pool.apply(() => "nothing"), "nothing");
    assertEquals(pool.applySync(Math.max, [1, 3, 2]), 3);
    assertEquals(await pool.applyAsync(square, [7]), 49);
    assertEquals(await pool.apply(tasks.squareLater, [4]), 16);
  },
);

testEach("Pool.map(), mapSync() and mapAsync() return the results in order", async (Pool) => {
  await using pool = new Pool(2);
  assertEquals(await pool.map(square, upTo(10)), squares(10));
  assertEquals(await pool.map(square, upTo(100), { chunkSize: 20 }), squares(100));
  assertEquals(await pool.map(tasks.squareLater, upTo(10)), squares(10));
  assertEquals(pool.mapSync(square, upTo(10)), squares(10));
  assertEquals(pool.mapSync(square, upTo(100), { chunkSize: 7 }), squares(100));
  assertEquals(await pool.mapAsync(square, upTo(10)), squares(10));
  assertEquals(await pool.mapAsync(square, upTo(10), { chunkSize: 1 }).get(guard), squares(10));
});

test("Pool.applySync() and mapSync() wait for the promises of tasks", async () => {
  await using pool = new Pool(2);
  assertEquals(pool.applySync(tasks.squareLater, [4]), 16);
  assertEquals(pool.mapSync(tasks.squareLater, upTo(10)), squares(10));
});

testEach("Pool.starmap(), starmapSync() and starmapAsync() spread the items", async (Pool) => {
  await using pool = new Pool(2);
  const items: [number, number][] = [[2, 3], [3, 2], [5, 0]];
  assertEquals(await pool.starmap(Math.pow, items), [8, 9, 1]);
  assertEquals(await pool.starmap(Math.pow, items, { chunkSize: 2 }), [8, 9, 1]);
  assertEquals(pool.starmapSync(Math.pow, items), [8, 9, 1]);
  assertEquals(await pool.starmapAsync(Math.pow, items), [8, 9, 1]);
});

testEach("Pool calls without items return no results", async (Pool) => {
  await using pool = new Pool(2);
  assertEquals(await pool.map(square, []), []);
  assertEquals(await pool.map(square, [], { chunkSize: 1 }), []);
  assertEquals(pool.mapSync(square, []), []);
  assertEquals(await pool.mapAsync(square, []).get(guard), []);
  assertEquals(await pool.starmap(Math.pow, []), []);
  assertEquals(await Array.fromAsync(pool.imap(square, [])), []);
  assertEquals(await Array.fromAsync(pool.imapUnordered(square, [])), []);
});

// Items and results

testEach("Pool.map() accepts generators, sets, strings and typed arrays", async (Pool) => {
  await using pool = new Pool(2);
  function* generate() {
    yield* [1, 2, 3];
  }
  assertEquals(await pool.map(square, generate()), [1, 4, 9]);
  assertEquals(pool.mapSync(square, generate()), [1, 4, 9]);
  assertEquals(await pool.map(square, new Set([1, 2])), [1, 4]);
  assertEquals(await pool.map((c: string) => c + c, "abc"), ["aa", "bb", "cc"]);
  for (const array of [Float64Array.of(1.5, 2), Int32Array.of(-3, 4), Uint8Array.of(255, 2)]) {
    const expected = [...array].map((x) => x * x);
    assertEquals(await pool.map(square, array), expected);
    assertEquals(await pool.map(square, array, { chunkSize: 1 }), expected);
    assertEquals(pool.mapSync(square, array), expected);
    assertEquals(await Array.fromAsync(pool.imap(square, array)), expected);
  }
  const long = Float64Array.from(upTo(1000));
  assertEquals(await pool.map(square, long), squares(1000));
});

testEach("Pool.map() returns values of every kind unchanged", async (Pool) => {
  await using pool = new Pool(2);
  const values = [
    ...[1, -0, NaN, 2 ** 40, "text", "", "ü\u{1F600}", true, null, undefined, 12n, [1, [2]]],
    ...[{ a: { b: [] } }, new Map([[1, new Set(["x"])]]), new Date(7), /x/gi, Uint8Array.of(1, 2)],
    ...[new RangeError("sent"), Float64Array.of(1.5)],
  ];
  assertEquals(await pool.map((value: unknown) => value, values, { chunkSize: 1 }), values);
  assertEquals(await pool.map((value: unknown) => value, values, { chunkSize: 5 }), values);
  assertEquals(pool.mapSync((value: unknown) => value, values), values);
});

test("Pool passes large arguments and results", async () => {
  await using pool = new Pool(2);
  const large = Float64Array.from({ length: 500_000 }, (_, at) => at);
  const double = (a: Float64Array) => a.map((x) => 2 * x);
  const doubled = await pool.map(double, [large, large, large], { chunkSize: 1 });
  for (const result of doubled) assertEquals([result.length, result[499_999]], [500_000, 999_998]);
  const text = "x".repeat(3_000_000);
  assertEquals((await pool.apply((text: string) => text + "y", [text])).length, 3_000_001);
});

testEach("Pool passes handles in arguments and results", async (Pool) => {
  await using pool = new Pool(2);
  const queue = new Queue<number>();
  await pool.starmap(tasks.put<number>, upTo(10).map((x) => [queue, x] as const));
  assertEquals(upTo(10).map(() => queue.getSync(guard)).sort(), upTo(10));
  const { lock, event } = await pool.apply(tasks.makeHandles);
  assertInstanceOf(lock, Lock);
  using _held = lock.acquireSync(guard);
  assertEquals(event.isSet(), false);
});

// Chunks

testEach(
  "Pool.map() makes four chunks per worker by default and reports each to onProgress",
  async (Pool) => {
    await using pool = new Pool(2);
    for (const [items, chunks] of [[100, 8], [17, 6], [8, 8], [3, 3], [1, 1], [0, 0]]) {
      const seen: Progress[] = [];
      await pool.map(square, upTo(items), { onProgress: (progress) => seen.push(progress) });
      assertEquals(seen.length, Math.max(chunks, 1), `${items} items`);
      assertEquals(
        seen.map(({ done }) => done),
        seen.map(({ done }) => done).toSorted((a, b) => a - b),
      );
      assertEquals(seen.at(-1), { done: items, total: items, ended: true });
    }
  },
);

testEach("Pool.map() makes chunks of chunkSize and reports each to onProgress", async (Pool) => {
  await using pool = new Pool(2);
  const seen: number[] = [];
  const onProgress = ({ done }: Progress) => seen.push(done);
  await pool.map(square, upTo(10), { chunkSize: 5, onProgress });
  assertEquals(seen, [5, 10]);
  seen.length = 0;
  pool.mapSync(square, upTo(10), { chunkSize: 100, onProgress });
  assertEquals(seen, [10]);
});

// Several calls and pools

testEach("two pools work at the same time", async (Pool) => {
  await using first = new Pool(2);
  await using second = new Pool(2);
  const [a, b] = await Promise.all([
    first.map(square, upTo(100), { chunkSize: 1 }),
    second.map(tasks.squareLater, upTo(100), { chunkSize: 1 }),
  ]);
  assertEquals([a, b], [squares(100), squares(100)]);
  assertEquals(second.mapSync(square, first.mapSync(square, [1, 2])), [1, 16]);
});

testEach("concurrent calls each get their own results", async (Pool) => {
  await using pool = new Pool(2);
  const calls = upTo(40).map((n) => pool.map(square, upTo(n), { chunkSize: 3 }));
  const singles = upTo(100).map((n) => pool.apply(square, [n]));
  assertEquals(await Promise.all(calls), upTo(40).map(squares));
  assertEquals(await Promise.all(singles), squares(100));
});

testEach("a blocking call also receives the results of other calls", async (Pool) => {
  await using pool = new Pool(2);
  const later = pool.mapAsync(square, upTo(200), { chunkSize: 1 });
  const one = pool.apply(tasks.squareLater, [4]);
  const iterator = pool.imap(square, upTo(20));
  assertEquals(pool.mapSync(square, upTo(50)), squares(50));
  assertEquals(pool.applySync(square, [3]), 9);
  assertEquals(await later, squares(200));
  assertEquals(await one, 16);
  assertEquals(await Array.fromAsync(iterator), squares(20));
  assertEquals(pool.applySync(square, [3]), 9);
});

testEach("a blocking call that fails does not affect other calls", async (Pool) => {
  await using pool = new Pool(2);
  const later = pool.mapAsync(square, upTo(50), { chunkSize: 1 });
  assertThrows(() => pool.mapSync(tasks.notThree, upTo(10)), tasks.ModelError);
  assertEquals(await later, squares(50));
});

test("a Pool in a worker of a Pool works, awaited and blocking", async () => {
  await using pool = new Pool(2);
  for (const task of [tasks.nestedMap, tasks.nestedMapSync]) {
    const expected = [[1, 4], [9, 16], [25]];
    assertEquals(await pool.map(task, [[1, 2], [3, 4], [5]]), expected);
    assertEquals(pool.mapSync(task, [[1, 2], [3, 4], [5]]), expected);
  }
});

test("a Process of a pool's worker starts while the worker, or the main isolate, blocks", async () => {
  await using pool = new Pool(2);
  assertEquals(await pool.map(tasks.nestedProcess, [3, 4]), [3, 4]);
  assertEquals(pool.mapSync(tasks.nestedProcess, [5, 6]), [5, 6]);
});

test("Pool tasks wait for a lock that the main isolate holds", async () => {
  await using pool = new Pool(2);
  const lock = new Lock();
  const count = new Int32Array(new SharedArrayBuffer(4));
  const work = (lock: Lock, count: Int32Array) => {
    for (let round = 0; round < 50; round++) {
      using _ = lock.acquireSync();
      count[0] = count[0] + 1;
    }
  };
  const held = lock.acquireSync();
  const done = pool.starmap(work, upTo(4).map(() => [lock, count] as const), { chunkSize: 1 });
  held[Symbol.dispose]();
  await done;
  assertEquals(count[0], 200);
});
