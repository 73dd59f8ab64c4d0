import { assertEquals, assertRejects } from "@std/assert";
import { Event, Pool, Value, WorkerDiedError } from "@sauropod/multiprocessing";
import { ProcessPoolExecutor } from "@sauropod/multiprocessing/futures";
import { beginChunk, recallChunks, signalChunk, stateOfChunk } from "../../lib/agents/relay.ts";
import { test } from "../fixtures/guarded.ts";
import { block, countedSquare, killItself, square, waitForOther, wake } from "./process_tasks.ts";

const startMethod = "process";

/** Calls a short task until chunks are sent ahead. */
async function warmUp(pool: Pool): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 50 }, (_, x) => pool.apply(square, [x])));
  }
}

test("short tasks of many calls give their results, in whatever numbers they are sent", async () => {
  await using pool = new Pool({ processes: 2, startMethod });
  const calls = Array.from({ length: 3000 }, (_, x) => pool.apply(square, [x]));
  assertEquals(await Promise.all(calls), calls.map((_, x) => x * x));
  const items = Array.from({ length: 2000 }, (_, x) => x);
  assertEquals(await pool.map(square, items, { chunkSize: 1 }), items.map((x) => x * x));
  assertEquals(await Array.fromAsync(pool.imap(square, items)), items.map((x) => x * x));
});

test("a task that waits for one behind it does not keep it in its process", async () => {
  await using pool = new Pool({ processes: 2, startMethod });
  await warmUp(pool);
  for (let round = 0; round < 5; round++) {
    const [begun, other] = [new Event(), new Event()];
    const before = Array.from({ length: 40 }, (_, x) => pool.apply(square, [x]));
    const waiting = pool.apply(waitForOther, [begun, other]);
    const behind = Array.from({ length: 40 }, (_, x) => pool.apply(square, [x]));
    const waking = pool.apply(wake, [other]);
    const after = Array.from({ length: 40 }, (_, x) => pool.apply(square, [x]));
    assertEquals(await waiting, "woken");
    await waking;
    for (const calls of [before, behind, after]) {
      assertEquals(await Promise.all(calls), calls.map((_, x) => x * x));
    }
  }
});

test("tasks behind one that never ends are run by another process", async () => {
  await using pool = new Pool({ processes: 2, startMethod });
  await warmUp(pool);
  const short = () => Array.from({ length: 60 }, (_, x) => pool.apply(square, [x]));
  const before = short();
  const blocking = pool.apply(block, [2 ** 30]);
  const behind = short();
  for (const calls of [before, behind]) {
    assertEquals(await Promise.all(calls), calls.map((_, x) => x * x));
  }
  pool.terminate();
  await assertRejects(() => blocking);
});

test("the end of a process loses the task that ran, and no other; none runs twice", async () => {
  await using pool = new Pool({ processes: 2, startMethod });
  await warmUp(pool);
  const calls = new Value("int32");
  const many = () => Array.from({ length: 60 }, (_, x) => pool.apply(countedSquare, [x, calls]));
  const short = () => Array.from({ length: 60 }, (_, x) => pool.apply(square, [x]));
  for (let round = 1; round <= 3; round++) {
    const [counted, before] = [many(), short()];
    const killed = pool.apply(killItself);
    const behind = short();
    const error = await assertRejects(() => killed, WorkerDiedError);
    assertEquals(error.exitCode, -9);
    for (const all of [counted, before, behind]) {
      assertEquals(await Promise.all(all), all.map((_, x) => x * x));
    }
    assertEquals(calls.value, 60 * round);
  }
});

test("a future that can be cancelled has not begun", async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1, startMethod });
  const ran = new Value("int32");
  await executor.submit(square, 3);
  let cancelled = 0;
  for (let round = 0; round < 10; round++) {
    const futures = Array.from({ length: 20 }, (_, x) => executor.submit(countedSquare, x, ran));
    await futures[0];
    for (const future of futures.toReversed()) if (future.cancel()) cancelled++;
    await Promise.allSettled(futures);
  }
  assertEquals(ran.value, 200 - cancelled);
});

test("maxTasksPerChild counts tasks that were sent ahead", async () => {
  await using pool = new Pool({ processes: 1, startMethod, maxTasksPerChild: 40 });
  const pids = await Promise.all(Array.from({ length: 100 }, () => pool.apply(block, [0])));
  const counts = Map.groupBy(pids, (pid) => pid).values().map((all) => all.length);
  // Those that are recalled run after the others, so the last process may have one of the first.
  assertEquals([...counts].sort(), [20, 40, 40]);
});

Deno.test("recallChunks() recalls the chunks that have not begun, and those only", () => {
  assertEquals([beginChunk(1), beginChunk(2)], [true, true]);
  assertEquals(recallChunks(5), 2);
  assertEquals([beginChunk(3), beginChunk(4), beginChunk(5)], [false, false, false]);
  assertEquals(beginChunk(6), true);
  assertEquals(recallChunks(6), 6);
  assertEquals(recallChunks(4), 4); // as if all had begun
  assertEquals(beginChunk(7), true);
});

Deno.test("stateOfChunk() is what the job of this chunk was told, not of another one", () => {
  signalChunk(7, 2);
  assertEquals([stateOfChunk(6), stateOfChunk(7), stateOfChunk(8)], [0, 2, 0]);
  const large = 2 ** 30 + 5;
  signalChunk(large, 3);
  assertEquals([stateOfChunk(large), stateOfChunk(large + 1)], [3, 0]);
  signalChunk(-3, 2); // numbers begin again after 2^31
  assertEquals([stateOfChunk(-3), stateOfChunk(-4)], [2, 0]);
});
