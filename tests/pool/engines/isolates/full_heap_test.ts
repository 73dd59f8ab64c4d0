/**
 * Calls while the shared heap is full: each ends, and no result is lost while the caller takes results.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  Event,
  InitializerError,
  MemoryError,
  Pool,
  Queue,
  TerminatedError,
  Value,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
import { test } from "../../../fixtures/guarded.ts";
import { fullHeap, settledUse } from "../../../fixtures/heap.ts";
import { outcomes, upTo } from "../../../fixtures/pools.ts";
import { afterEvent, ModelError } from "../../../fixtures/pool_tasks.ts";

/** Counts the calls that have computed their result, then returns 16 KiB. */
const bytesOf = (n: number, done: Value<"int32">) => {
  done.add(1);
  return new Uint8Array(10_000).fill(n);
};

/** Blocks this isolate, with no wait of the package, until so many calls have computed their results. */
function computeUntil(done: Value<"int32">, count: number): void {
  while (done.value < count);
}

/** A pool whose workers have started, and whose channels have room for a few small messages. */
async function startedPool(processes: number): Promise<Pool> {
  const pool = new Pool(processes);
  const [begun, go] = [upTo(processes).map(() => new Event()), new Event()];
  const calls = begun.map((event) => pool.apply(afterEvent, [event, go, 1]));
  for (const event of begun) await event.wait();
  go.set();
  await Promise.all(calls);
  return pool;
}

const counter = () => new Value("int32", 0);

test("results wait for room while the caller computes, and none is lost", async () => {
  await using pool = await startedPool(2);
  const done = counter();
  using _ = await fullHeap(2 ** 17 - 32); // 16 KiB fit twice
  const results = pool.starmap(bytesOf, upTo(20).map((n) => [n, done] as const), { chunkSize: 1 });
  computeUntil(done, 5);
  assertEquals(
    (await results).map((bytes) => [bytes.length, bytes[9999]]),
    upTo(20).map((n) => [10_000, n]),
  );
});

test("results wait for room while the caller blocks for them", async () => {
  await using pool = await startedPool(2);
  const done = counter();
  using _ = await fullHeap(2 ** 17 - 32);
  const results = pool.starmapSync(bytesOf, upTo(20).map((n) => [n, done] as const), {
    chunkSize: 1,
  });
  assertEquals(results.map((bytes) => bytes[9999]), upTo(20));
});

test("a call whose result finds no room fails with MemoryError, and its worker survives", async () => {
  await using pool = await startedPool(1);
  const large = (bytes: number) => new Uint8Array(bytes);
  {
    using _ = await fullHeap(2 ** 13);
    const error = await assertRejects(() => pool.apply(large, [20_000]), MemoryError);
    assert(
      error.message.startsWith("Cannot send back result: the shared heap has no room for its 200"),
    );
    assertThrows(() => pool.applySync(large, [20_000]), MemoryError, "Cannot send back result");
    const found = await outcomes(pool.imap(large, [1, 20_000, 2]));
    assertEquals(found.map((it) => it instanceof MemoryError), [false, true, false]);
    await assertRejects(() => pool.map(large, [1, 20_000]), MemoryError, "Cannot send back result");
  }
  assertEquals((await pool.apply(large, [20_000])).length, 20_000);
});

test("a small result arrives although no room is made", async () => {
  await using pool = await startedPool(1);
  const many = (n: number) => Array.from({ length: n }, () => ({ text: "0123456789" }));
  using _ = await fullHeap(2 ** 10);
  assertEquals((await pool.apply(many, [100])).length, 100);
});

test("a result that no heap has room for fails at once with MemoryError", async () => {
  await using pool = new Pool(1);
  const huge = () => Array(3).fill(0).map(() => new Uint8Array(2 ** 30));
  await assertRejects(() => pool.apply(huge), MemoryError, "Cannot send back result");
});

test("an error arrives as it was thrown while the heap is full", async () => {
  await using pool = await startedPool(1);
  const fail = () => {
    throw Object.assign(new RangeError("x".repeat(3000)), { code: 7 });
  };
  using _ = await fullHeap(2 ** 10);
  const error = await assertRejects(() => pool.apply(fail), RangeError, "xxx");
  assertEquals((error as RangeError & { code: number }).code, 7);
  assertThrows(() => pool.mapSync(fail, [1]), RangeError, "xxx");
});

test("an error that is too large for the full heap is replaced by a MemoryError that names it", async () => {
  await using pool = await startedPool(1);
  const fail = () => {
    throw new RangeError("y".repeat(200_000));
  };
  using _ = await fullHeap(2 ** 10);
  await assertRejects(() => pool.apply(fail), MemoryError, "It was RangeError: yyy");
});

test("a worker that dies fails its call while the heap is full, and is replaced", async () => {
  await using pool = await startedPool(1);
  using _ = await fullHeap(2 ** 10);
  const error = await assertRejects(() => pool.apply(() => Deno.exit(3)), WorkerDiedError);
  assertEquals(error.exitCode, 3);
  assertEquals(await pool.apply((x: number) => x + 1, [1]), 2);
});

test("a pool starts its workers while the heap is full", async () => {
  await using pool = new Pool(1);
  using _ = await fullHeap(2 ** 15);
  assertEquals(await pool.apply((x: number) => x + 1, [1]), 2);
});

test("an initializer that fails while the heap is full breaks its pool with its error", async () => {
  await using pool = new Pool({
    processes: 1,
    initializer: () => {
      throw new Error("no model".repeat(300));
    },
  });
  using _ = await fullHeap(2 ** 15);
  await assertRejects(() => pool.apply(Math.abs, [1]), InitializerError, "no model");
});

test("terminate() ends a worker whose result waits for room", async () => {
  const pool = await startedPool(1);
  const done = counter();
  using _ = await fullHeap(2 ** 13);
  const result = pool.apply(bytesOf, [1, done]);
  const rejected = assertRejects(() => result, TerminatedError);
  computeUntil(done, 1);
  pool.terminate();
  await rejected;
  await pool.join();
});

test("a call that is aborted while its result waits for room frees its worker", async () => {
  await using pool = await startedPool(1);
  const done = counter();
  using _ = await fullHeap(2 ** 13);
  const end = new AbortController();
  const result = pool.apply(bytesOf, [1, done], { signal: end.signal });
  computeUntil(done, 1);
  end.abort(new Error("not needed"));
  await assertRejects(() => result, Error, "not needed");
  assertEquals(await pool.apply((x: number) => x + 1, [1]), 2);
});

test("a call that is refused because the heap is full leaves nothing", async () => {
  await using pool = await startedPool(1);
  const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const bytes = new Uint8Array(5000);
  const calls: (() => unknown)[] = [
    () => pool.map((x: Uint8Array) => x.length, [bytes, bytes]),
    () => pool.mapSync((x: Uint8Array) => x.length, [bytes, bytes]),
    () => pool.mapAsync((x: Uint8Array) => x.length, [bytes, bytes]),
    () => pool.apply((x: Uint8Array) => x.length, [bytes]),
    () => pool.applySync((x: Uint8Array) => x.length, [bytes]),
    () => pool.applyAsync((x: Uint8Array) => x.length, [bytes]),
    () => pool.imap((x: Uint8Array) => x.length, [bytes]).next(),
    () => executor.submit((x: Uint8Array) => x.length, bytes),
  ];
  for (const call of calls) {
    await assertRejects(async () => void await call(), MemoryError).catch(() => {});
  }
  const before = await settledUse();
  for (const room of [0, 32, 64, 128, 2048]) {
    using _ = await fullHeap(room);
    for (const call of calls) {
      await assertRejects(
        async () => void await call(),
        MemoryError,
        "Cannot allocate",
        String(call),
      );
    }
  }
  assertEquals(await settledUse(), before);
  assertEquals(await pool.map((x: Uint8Array) => x.length, [bytes, bytes]), [5000, 5000]);
  await executor.shutdown();
});

test("workers of a pool take items from a queue that fills the heap", async () => {
  await using pool = await startedPool(1);
  const queue = new Queue<Uint8Array>();
  const count = (queue: Queue<Uint8Array>, n: number) => {
    let sum = 0;
    for (let at = 0; at < n; at++) sum += queue.getSync().length;
    return sum;
  };
  using _ = await fullHeap(2 ** 16);
  let items = 0;
  assertThrows(() => {
    for (;; items++) queue.putSync(new Uint8Array(1000));
  }, MemoryError);
  while (queue.size() > items - 3) await queue.get();
  assertEquals(await pool.apply(count, [queue, items - 3]), (items - 3) * 1000);
});

test("errors of registered classes arrive while the heap is full", async () => {
  await using pool = await startedPool(1);
  const { notThree } = await import("../../../fixtures/pool_tasks.ts");
  using _ = await fullHeap(2 ** 12);
  await assertRejects(() => pool.apply(notThree, [3]), ModelError, "three!");
});
