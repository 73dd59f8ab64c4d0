import { assert, assertEquals, assertRejects } from "@std/assert";
import { Barrier, getContext, Pool, WorkerDiedError } from "@sauropod/multiprocessing";
import { test } from "../../../fixtures/guarded.ts";
import { squares, upTo } from "../../../fixtures/pools.ts";
import * as tasks from "../../../fixtures/pool_tasks.ts";
import { square } from "../../../fixtures/pool_tasks.ts";

test("Pool workers stay for later calls", async () => {
  await using pool = new Pool(2);
  const pids = new Set<number>();
  for (let round = 0; round < 10; round++) {
    for (const pid of await pool.map(tasks.pid, upTo(8))) pids.add(pid);
    for (const pid of pool.mapSync(tasks.pid, upTo(8))) pids.add(pid);
  }
  assert(pids.size <= 2, `${pids.size} workers`);
});

// CPython MiscTestCase.test_large_pool

test("Pool of forty workers maps a thousand items", async () => {
  await using pool = new Pool(40);
  assertEquals(await pool.apply(square, [3]), 9); // the first worker has the modules type-checked
  const barrier = new Barrier(40); // makes all forty start
  const arrive = (barrier: Barrier) => barrier.waitSync();
  const numbers = await pool.starmap(arrive, Array(40).fill([barrier]), { chunkSize: 1 });
  assertEquals(new Set(numbers).size, 40);
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
  assertEquals(sum(await pool.map(square, upTo(1000))), 332833500);
});

// maxTasksPerChild

test("Pool maxTasksPerChild replaces workers after that many chunks", async () => {
  for (const processes of [1, 2, 4]) {
    await using pool = new Pool({ processes, maxTasksPerChild: 1 });
    const pids = await pool.map(tasks.pid, upTo(6), { chunkSize: 1 });
    assertEquals(new Set(pids).size, 6);
    assertEquals(new Set(await pool.map(tasks.pid, upTo(6), { chunkSize: 6 })).size, 1);
  }
  await using pool = new Pool({ processes: 2, maxTasksPerChild: 10 });
  assertEquals(await pool.map(square, upTo(60), { chunkSize: 1 }), squares(60));
});

test("Pool maxTasksPerChild replaces workers while the main isolate blocks", async () => {
  for (const processes of [1, 2, 4]) {
    await using pool = new Pool({ processes, maxTasksPerChild: 1 });
    assertEquals(new Set(pool.mapSync(tasks.pid, upTo(6), { chunkSize: 1 })).size, 6);
    assertEquals(pool.applySync(square, [3]), 9);
  }
});

test("Pool maxTasksPerChild loses no result when close() is called early", async () => {
  const pool = new Pool({ processes: 2, maxTasksPerChild: 1 });
  const results = upTo(6).map((x) => pool.applyAsync(square, [x]));
  pool.close();
  await pool.join();
  assert(results.every((result) => result.ready()));
  assertEquals(await Promise.all(results), squares(6));
});

// Start methods

test("Pool works with the start method forkserver", async () => {
  const { Pool: WarmPool } = getContext("forkserver");
  for (const pool of [new WarmPool(3), new Pool({ processes: 3, startMethod: "forkserver" })]) {
    assertEquals(pool.processes, 3);
    assertEquals(await pool.map(square, upTo(20)), squares(20));
    assertEquals(pool.mapSync(square, upTo(20)), squares(20));
    await assertRejects(() => pool.apply(() => Deno.exit(3)), WorkerDiedError);
    assertEquals(pool.mapSync(square, upTo(20)), squares(20));
    pool.close();
    await pool.join();
  }
}, { reserve: true });
