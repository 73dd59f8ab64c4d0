import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { ClosedError, Event, Pool, Queue, TerminatedError } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { guard, squares, testEach, upTo } from "../fixtures/pools.ts";
import { sharedWords } from "../fixtures/workers.ts";
import * as tasks from "../fixtures/pool_tasks.ts";
import { square } from "../fixtures/pool_tasks.ts";

// close() and join()

testEach("Pool.close() lets submitted calls end and rejects new ones", async (Pool) => {
  const pool = new Pool(2);
  const results = pool.mapAsync(square, upTo(100));
  pool.close();
  pool.close();
  const closed = "it is closed";
  await assertRejects(() => pool.map(square, [1]), ClosedError, closed);
  await assertRejects(() => pool.apply(square, [1]), ClosedError, closed);
  assertThrows(() => pool.mapSync(square, [1]), ClosedError, closed);
  assertThrows(() => pool.applySync(square, [1]), ClosedError, closed);
  assertThrows(() => pool.mapAsync(square, [1]), ClosedError, closed);
  assertThrows(() => pool.imap(square, [1]), ClosedError, closed);
  await pool.join();
  await pool.join();
  assert(results.ready());
  assertEquals(await results, squares(100));
});

testEach("Pool.join() throws when the pool is open", async (Pool) => {
  await using pool = new Pool(1);
  await assertRejects(() => pool.join(), Error, "it is still running. Call close() or terminate()");
  await pool.apply(square, [1]);
  await assertRejects(() => pool.join(), Error, "it is still running");
});

testEach("Pool.close() and join() of an unused pool return at once", async (Pool) => {
  const pool = new Pool(2);
  pool.close();
  await pool.join();
  const other = new Pool(2);
  other.terminate();
  await other.join();
});

testEach(
  "Pool.join() takes the input of imap() to its end and yields to the event loop",
  async (Pool) => {
    const pool = new Pool(2);
    let [taken, enough] = [0, false];
    const untilEnough = {
      length: 1e6, // an upper bound
      *[Symbol.iterator]() {
        for (; !enough; taken++) yield taken;
      },
    };
    const iterator = pool.imap(square, untilEnough);
    pool.close();
    const joined = pool.join();
    while (taken < 50) await new Promise((resolve) => setTimeout(resolve, 0));
    enough = true; // not reached if join() took the whole input in one turn
    await joined;
    assertEquals(await Array.fromAsync(iterator), squares(taken));
  },
);

// await using

testEach("await using a Pool waits for submitted calls", async (Pool) => {
  const queue = new Queue<number>();
  let result, iterator;
  {
    await using pool = new Pool(2);
    result = pool.applyAsync(tasks.squareLater, [5]);
    iterator = pool.imap(tasks.squareLater, upTo(30));
    void pool.starmap(tasks.put<number>, upTo(20).map((x) => [queue, x] as const));
  }
  assert(result.ready());
  assertEquals(queue.size(), 20);
  assertEquals(await Array.fromAsync(iterator), squares(30));
});

testEach("await using a Pool rethrows an error of the block after its tasks", async (Pool) => {
  const queue = new Queue<number>();
  await assertRejects(
    async () => {
      await using pool = new Pool(2);
      void pool.starmap(tasks.put<number>, upTo(20).map((x) => [queue, x] as const));
      throw new RangeError("in the block");
    },
    RangeError,
    "in the block",
  );
  assertEquals(queue.size(), 20);
});

// terminate()

test("Pool.terminate() fails pending calls with TerminatedError", async () => {
  const pool = new Pool(2);
  const [begun, never] = [new Event(), new Event()];
  const calls = [
    pool.apply(tasks.afterEvent<number>, [begun, never, 1]),
    pool.applyAsync(tasks.afterEventSync<number>, [begun, never, 1]).get(guard),
    pool.map(square, upTo(10)),
    pool.mapAsync(square, upTo(10)).get(guard),
    pool.imap(square, upTo(10)).next(),
  ];
  const outcome = Promise.allSettled(calls);
  assert(await begun.wait(guard));
  pool.terminate();
  pool.terminate();
  for (const result of await outcome) {
    assertEquals(result.status, "rejected");
    assertInstanceOf((result as PromiseRejectedResult).reason, TerminatedError);
  }
  await assertRejects(() => pool.apply(square, [1]), ClosedError, "terminated");
  assertThrows(() => pool.mapSync(square, [1]), ClosedError, "terminated");
  await pool.join();
});

testEach("Pool.terminate() discards ten thousand tasks that never end", async (Pool) => {
  const pool = new Pool(2);
  const forever = () => new Promise(() => {});
  const result = pool.mapAsync(forever, upTo(10_000), { chunkSize: 1 });
  const outcome = assertRejects(() => result.get(guard), TerminatedError);
  await new Promise((resolve) => setTimeout(resolve, 0));
  pool.terminate();
  await outcome;
  await pool.join();
});

test("Pool.terminate() does not wait for a task that computes", async () => {
  const pool = new Pool(1);
  const [begun, stop] = [new Event(), sharedWords()];
  const result = pool.apply(tasks.compute, [begun, stop]);
  assert(await begun.wait(guard));
  pool.terminate();
  await assertRejects(() => result, TerminatedError);
  await pool.join();
  Atomics.store(stop, 0, 1);
});

testEach("Pool.terminate() works right after the first call", async (Pool) => {
  for (const processes of [1, 4]) {
    const pool = new Pool(processes);
    const outcome = assertRejects(() => pool.map(square, upTo(100)), TerminatedError);
    pool.terminate();
    await outcome;
    await pool.join();
  }
});
