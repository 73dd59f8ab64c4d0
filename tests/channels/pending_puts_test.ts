import { assertEquals, assertRejects } from "@std/assert";
import {
  ClosedError,
  Empty,
  Event,
  Full,
  Pool,
  Queue,
  task,
  TerminatedError,
  ThreadPool,
} from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import {
  countPendingPuts,
  pendingPutsDone,
  putElsewhere,
} from "../../lib/channels/pending_puts.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

const startsDaemonThatPuts = task(import.meta, (queue: Queue<number>) => {
  new Thread({ target: () => queue.put(1), daemon: true }).start();
});

test("Queue.put() keeps the order of one producer, however many puts wait for room", async () => {
  const queue = new Queue<number>(1);
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  const producer = run(
    async (queue, numbers) => void await Promise.all(numbers.map((n) => queue.put(n))),
    queue,
    numbers,
  );
  const got = [];
  for (const _ of numbers) got.push(await queue.get(guard));
  assertEquals(got, numbers);
  await ended(producer);
});

test("Queue.put() that times out while pending leaves the others in order", async () => {
  const queue = new Queue<string>(1);
  await queue.put("there");
  const stop = new AbortController();
  const puts = [
    queue.put("first"),
    queue.put("late", { timeoutMs: 20 }),
    queue.put("second", guard),
    queue.put("aborted", { signal: stop.signal }),
    queue.put("third"),
  ];
  assertEquals(queue.tryPut("no room"), false);
  const givenUp = Promise.all([
    assertRejects(() => puts[1], Full, "after 20 ms"),
    assertRejects(() => puts[3], Error, "no longer wanted"),
  ]);
  stop.abort(new Error("no longer wanted"));
  await givenUp;
  const got = [];
  for (let i = 0; i < 4; i++) got.push(await queue.get(guard));
  await Promise.all([puts[0], puts[2], puts[4]]);
  assertEquals(got, ["there", "first", "second", "third"]);
  assertEquals(queue.tryPut("room"), true);
});

test("Queue.put() that waited for another has only the rest of its time for its own wait", async () => {
  const queue = new Queue<string>(1);
  await queue.put("there");
  const first = queue.put("first");
  const second = assertRejects(() => queue.put("second", { timeoutMs: 5 }), Full, "after 5 ms");
  assertEquals(await queue.get(), "there");
  await first;
  await second;
  assertEquals([await queue.get(), queue.tryGet()], ["first", undefined]);
});

test("Queue.close() ends all pending puts", async () => {
  const queue = new Queue<number>(1);
  await queue.put(0);
  const puts = [1, 2, 3].map((n) => assertRejects(() => queue.put(n), ClosedError));
  queue.close();
  await Promise.all(puts);
  assertEquals(await Array.fromAsync(queue), [0]);
});

test("Queue gets items that a process or a task put without awaiting", async () => {
  const queue = new Queue<number>(2);
  const put = (queue: Queue<number>, count: number) => {
    for (let n = 0; n < count; n++) queue.put(n);
  };
  const got = [];
  const producer = run(put, queue, 7);
  for (let i = 0; i < 7; i++) got.push(await queue.get(guard));
  await ended(producer);
  {
    await using pool = new Pool(1);
    await pool.apply(put, [queue, 5]);
    pool.close();
    for (let i = 0; i < 5; i++) got.push(await queue.get(guard));
  }
  assertEquals(got, [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4]);
});

test("Queue.put() in endless async code does not keep a process alive whose work is done", async () => {
  const queue = new Queue<number>(1);
  const produce = (queue: Queue<number>) => {
    const endlessly = async () => {
      for (let n = 0;; n++) await queue.put(n);
    };
    endlessly();
    endlessly();
  };
  const producer = run(produce, queue);
  const ends = producer.join(guard);
  let over = false;
  ends.then(() => over = true);
  while (!over) await queue.get({ timeoutMs: 1 }).catch(() => {});
  await ended(producer);
});

test("Queue.put() in a daemon thread does not keep a process alive", async () => {
  const queue = new Queue<number>(1);
  await queue.put(0);
  await ended(run(startsDaemonThatPuts, queue));
  assertEquals(queue.tryGet(), { value: 0 });
  assertEquals(queue.tryGet(), undefined);
});

test("Queue.put() in a thread that is terminated while the put is pending puts nothing", async () => {
  const queue = new Queue<number>(1);
  await queue.put(0);
  const first = queue.put(1);
  const begun = Promise.withResolvers<void>();
  const pool = new ThreadPool(1);
  const second = assertRejects(
    () =>
      pool.apply(async () => {
        begun.resolve();
        await queue.put(2);
      }),
    TerminatedError,
  );
  await begun.promise;
  pool.terminate();
  await second;
  await pool.join();
  assertEquals(await queue.get(guard), 0);
  await first;
  assertEquals(await queue.get(guard), 1);
  await assertRejects(() => queue.get({ timeoutMs: 20 }), Empty);
});

test("Queue.tryPut() finds room as soon as the pending puts have ended", async () => {
  const queue = new Queue<number>(2);
  const event = new Event();
  for (const n of [0, 1]) queue.putSync(n);
  const waits = queue.put(2);
  const tried = event.wait(guard).then(() => queue.tryPut(3));
  await Promise.resolve();
  for (const _ of [0, 1]) queue.tryGet();
  event.set();
  assertEquals(await tried, true);
  await waits;
});

test("a put that another program carries out is pending until it has ended, in whatever way", async () => {
  const [first, second] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  const puts = [first, second].map(({ promise }) => putElsewhere(promise));
  let done = false;
  const waiting = pendingPutsDone().then(() => done = true);
  assertEquals(countPendingPuts(), 2);
  first.resolve(7);
  assertEquals(await puts[0], 7);
  assertEquals([countPendingPuts(), done], [1, false]);
  second.reject(new RangeError("no room"));
  await assertRejects(() => puts[1], RangeError, "no room");
  assertEquals(countPendingPuts(), 0);
  await waiting;
  await pendingPutsDone();
});
