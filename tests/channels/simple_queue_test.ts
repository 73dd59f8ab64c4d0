import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ClosedError,
  DataCloneError,
  Empty,
  Event,
  Pool,
  Queue,
  SimpleQueue,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

test("SimpleQueue.empty() is right here and in a process; True and False come in order", async () => {
  const queue = new SimpleQueue<boolean>();
  const [canStart, goOn, answers] = [new Event(), new Event(), new Queue<boolean>()];
  const process = run(
    (
      queue: SimpleQueue<boolean>,
      canStart: Event,
      goOn: Event,
      answers: Queue<boolean>,
    ) => {
      canStart.waitSync();
      answers.putSync(queue.empty());
      queue.putSync(true);
      queue.putSync(false);
      goOn.set();
      answers.putSync(queue.empty());
    },
    queue,
    canStart,
    goOn,
    answers,
  );
  assert(queue.empty());
  canStart.set();
  assert(await goOn.wait(guard));
  assertEquals([answers.getSync(guard), answers.getSync(guard)], [true, false]);
  assert(!queue.empty());
  assertEquals([queue.getSync(), await queue.get(), queue.empty()], [true, false, true]);
  await ended(process);
});

test("SimpleQueue returns the items in order, and put() never waits", async () => {
  const queue = new SimpleQueue<unknown>();
  const items = [null, undefined, { a: [1] }, "x".repeat(100_000), new Uint8Array(1_000_000)];
  for (const [at, item] of items.entries()) at % 2 ? queue.putSync(item) : await queue.put(item);
  for (const [at, item] of items.entries()) {
    assertEquals(at % 2 ? await queue.get() : queue.getSync(), item);
  }
  for (let at = 0; at < 1000; at++) queue.putSync(at);
  for (let at = 0; at < 1000; at++) assertEquals(queue.getSync(), at);
});

test("SimpleQueue.get() waits, blocking or not, and ends on timeout and abort", async () => {
  const queue = new SimpleQueue<number>();
  const process = run((queue: SimpleQueue<number>) => {
    for (let at = 0; at < 100; at++) queue.putSync(at);
  }, queue);
  for (let at = 0; at < 100; at++) {
    assertEquals(at % 2 ? queue.getSync(guard) : await queue.get(guard), at);
  }
  await ended(process);
  await assertRejects(() => queue.get({ timeoutMs: 1 }), Empty);
  assertThrows(() => queue.getSync({ timeoutMs: 0 }), Empty);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => queue.get({ signal })), reason);
  await assertRejects(() => queue.get({ timeoutMs: NaN }), RangeError);
});

test("SimpleQueue.put() rejects an item that cannot cross, with the path", async () => {
  const queue = new SimpleQueue<unknown>();
  const item = [Symbol("x")];
  await assertRejects(() => queue.put(item), DataCloneError, "Cannot send item[0]: a symbol");
  assertThrows(() => queue.putSync(item), DataCloneError, "Cannot send item[0]: a symbol");
  assert(queue.empty());
});

test("SimpleQueue.close() is idempotent, ends puts, and leaves the items for get()", async () => {
  const unused = new SimpleQueue<number>();
  unused.close();
  assertEquals([unused.closed, unused.empty()], [true, true]);
  const queue = new SimpleQueue<number>();
  queue.putSync(1);
  assert(!queue.closed);
  queue.close();
  queue.close();
  await assertRejects(() => queue.put(2), ClosedError, "Cannot put item: the queue is closed");
  assertThrows(() => queue.putSync(2), ClosedError);
  assertEquals([queue.empty(), queue.getSync(), queue.empty()], [false, 1, true]);
  await assertRejects(() => queue.get(), ClosedError, "Cannot get item: the queue is closed");
  assertThrows(() => queue.getSync(), ClosedError);
});

test("SimpleQueue.close() wakes all waiters, here and in workers", async () => {
  const [queue, answers] = [new SimpleQueue<number>(), new SimpleQueue<string>()];
  const process = run(
    async (queue: SimpleQueue<number>, answers: SimpleQueue<string>) => {
      const getting = queue.get();
      answers.putSync("waiting");
      await getting.catch((error) => answers.putSync(error.name));
    },
    queue,
    answers,
  );
  const blocked = run(
    (queue: SimpleQueue<number>, answers: SimpleQueue<string>) => {
      answers.putSync("waiting");
      try {
        queue.getSync();
      } catch (error) {
        answers.putSync((error as Error).name);
      }
    },
    queue,
    answers,
  );
  assertEquals([await answers.get(guard), await answers.get(guard)], ["waiting", "waiting"]);
  const here = assertRejects(() => queue.get(guard), ClosedError);
  queue.close();
  await here;
  for (let at = 0; at < 2; at++) assertEquals(await answers.get(guard), "ClosedError");
  await ended(process);
  await ended(blocked);
});

test("SimpleQueue crosses in a Pool's arguments", async () => {
  const queue = new SimpleQueue<number>();
  await using pool = new Pool(2);
  await pool.starmap(
    (queue: SimpleQueue<number>, x: number) => queue.put(x * x),
    Array.from({ length: 20 }, (_, x) => [queue, x] as [SimpleQueue<number>, number]),
  );
  const squares = Array.from({ length: 20 }, () => queue.getSync());
  assertEquals(squares.sort((a, b) => a - b), Array.from({ length: 20 }, (_, x) => x * x));
});
