import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ClosedError,
  type Connection,
  DataCloneError,
  Empty,
  Event,
  Full,
  Lock,
  Pipe,
  Pool,
  Queue,
  task,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, sharedWords, wordSet } from "../fixtures/workers.ts";

const times = <T>(length: number, make: (at: number) => T): T[] =>
  Array.from({ length }, (_, at) => make(at));

// Construction

test("new Queue() rejects an invalid maxsize", () => {
  for (const maxsize of [0.5, NaN, Infinity, 2 ** 31]) {
    assertThrows(
      () => new Queue(maxsize),
      RangeError,
      `Cannot make queue: maxsize must be an integer up to 2^30, not ${maxsize}`,
    );
  }
});

test("Queue.maxsize is 0 when there is no limit", () => {
  assertEquals([new Queue(), new Queue(0), new Queue(-5)].map((it) => it.maxsize), [0, 0, 0]);
  assertEquals(new Queue(7).maxsize, 7);
});

// Put and get

test("Queue returns the items in the order of the puts", async () => {
  const queue = new Queue<unknown>();
  const items = [1, "two", null, undefined, { three: [3] }, new Map([[4, 5]]), "x".repeat(1000)];
  for (const [at, item] of items.entries()) {
    if (at % 3 === 0) await queue.put(item);
    else if (at % 3 === 1) queue.putSync(item);
    else assertEquals(queue.tryPut(item), true);
  }
  assertEquals(queue.size(), items.length);
  const got = [];
  for (let at = 0; at < items.length; at++) {
    if (at % 3 === 0) got.push(queue.getSync());
    else if (at % 3 === 1) got.push(queue.tryGet()!.value);
    else got.push(await queue.get());
  }
  assertEquals(got, items);
});

test("Queue.put() copies the item at the call", async () => {
  const queue = new Queue<number[]>(1);
  const item = [1];
  await queue.put(item);
  const waiting = queue.put(item); // there is no room
  item.push(2);
  assertEquals([await queue.get(), await queue.get()], [[1], [1]]);
  await waiting;
});

test("Queue.tryGet() distinguishes no item from undefined", () => {
  const queue = new Queue<undefined>();
  assertEquals(queue.tryGet(), undefined);
  queue.putSync(undefined);
  assertEquals(queue.tryGet(), { value: undefined });
  assertEquals(queue.tryGet(), undefined);
});

test("Queue.size(), empty() and full() describe the content", () => {
  const queue = new Queue<number>(2);
  const state = () => [queue.size(), queue.empty(), queue.full()];
  assertEquals(state(), [0, true, false]);
  queue.putSync(1);
  assertEquals(state(), [1, false, false]);
  queue.putSync(2);
  assertEquals(state(), [2, false, true]);
  queue.getSync();
  assertEquals(state(), [1, false, false]);
  const unlimited = new Queue<number>();
  for (let at = 0; at < 1000; at++) unlimited.putSync(at);
  assertEquals([unlimited.size(), unlimited.full()], [1000, false]);
});

test("Queue holds many items repeatedly", () => {
  const queue = new Queue<number>();
  for (let turn = 0; turn < 5; turn++) {
    for (let at = 0; at < 2000; at++) queue.putSync(at);
    for (let at = 0; at < 2000; at++) assertEquals(queue.getSync(), at);
  }
  assert(queue.empty());
});

// Full and empty

test("Queue.put() throws Full on timeout", async () => {
  const queue = new Queue<number>(2);
  queue.putSync(1);
  queue.putSync(2);
  for (const timeoutMs of [-1, 0, 5]) {
    const message = `Cannot put item: the queue still holds 2 items after ${timeoutMs} ms`;
    await assertRejects(() => queue.put(3, { timeoutMs }), Full, message);
    assertThrows(() => queue.putSync(3, { timeoutMs }), Full, message);
  }
  assertEquals(queue.tryPut(3), false);
  assertEquals(queue.tryPut(3 + queue.size()), false);
  assertEquals([queue.getSync(), queue.getSync(), queue.tryGet()], [1, 2, undefined]);
});

test("Queue.get() throws Empty on timeout", async () => {
  const queue = new Queue<number>();
  for (const timeoutMs of [-1, 0, 5]) {
    const message = `Cannot get item: the queue is still empty after ${timeoutMs} ms`;
    await assertRejects(() => queue.get({ timeoutMs }), Empty, message);
    assertThrows(() => queue.getSync({ timeoutMs }), Empty, message);
  }
  queue.putSync(1);
  assertEquals(await queue.get({ timeoutMs: 0 }), 1);
  queue.putSync(2);
  assertEquals(queue.getSync({ timeoutMs: 0 }), 2);
});

test("Queue.put() waits for room, first come, first served", async () => {
  const queue = new Queue<number>(1);
  const puts = times(10, (at) => queue.put(at, guard));
  for (let at = 0; at < 10; at++) assertEquals(await queue.get(guard), at);
  await Promise.all(puts);
});

test("Queue.get() is first come, first served", async () => {
  const queue = new Queue<number>();
  const gets = times(10, () => queue.get(guard));
  for (let at = 0; at < 10; at++) queue.putSync(at);
  assertEquals(await Promise.all(gets), times(10, (at) => at));
});

test("Queue.put() and get() reject with the reason of a signal", async () => {
  const queue = new Queue<number>(1);
  const reason = new Error("enough");
  const aborted = { signal: AbortSignal.abort(reason) };
  assertStrictEquals(await assertRejects(() => queue.put(1, aborted)), reason);
  assertStrictEquals(assertThrows(() => queue.putSync(1, aborted)), reason);
  assert(queue.empty()); // put nothing
  assertStrictEquals(await assertRejects(() => queue.get(aborted)), reason);
  assertStrictEquals(assertThrows(() => queue.getSync(aborted)), reason);
  const controller = new AbortController();
  const { signal } = controller;
  const getting = queue.get({ signal });
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => getting), reason);
  queue.putSync(1);
  const second = new AbortController();
  const putting = queue.put(2, { signal: second.signal });
  second.abort(reason);
  assertStrictEquals(await assertRejects(() => putting), reason);
  assertEquals([queue.getSync(), queue.tryGet()], [1, undefined]);
});

test("Queue.put() and get() reject invalid options without effect", async () => {
  const queue = new Queue<number>();
  await assertRejects(() => queue.put(1, { timeoutMs: NaN }), RangeError);
  assertThrows(() => queue.putSync(1, { timeoutMs: NaN }), RangeError);
  assert(queue.empty());
  queue.putSync(1);
  await assertRejects(() => queue.get({ timeoutMs: NaN }), RangeError);
  assertThrows(() => queue.getSync({ timeoutMs: NaN }), RangeError);
  assertEquals(queue.size(), 1);
});

test("Queue.put() rejects an item that cannot cross, with the path", async () => {
  const queue = new Queue<unknown>(1);
  const item = { list: [1, Symbol("x")] };
  const message = "Cannot send item.list[1]: a symbol";
  await assertRejects(() => queue.put(item), DataCloneError, message);
  assertThrows(() => queue.putSync(item), DataCloneError, message);
  assertThrows(() => queue.tryPut(item), DataCloneError, message);
  assert(queue.empty());
});

// Closing

test("Queue.close() ends puts at once, and gets when the queue is empty", async () => {
  const queue = new Queue<number>();
  queue.putSync(1);
  queue.putSync(2);
  assert(!queue.closed);
  queue.close();
  queue.close();
  assert(queue.closed);
  const cannotPut = "Cannot put item: the queue is closed";
  await assertRejects(() => queue.put(3), ClosedError, cannotPut);
  assertThrows(() => queue.putSync(3), ClosedError, cannotPut);
  assertThrows(() => queue.tryPut(3), ClosedError, cannotPut);
  assertEquals([await queue.get(), queue.getSync()], [1, 2]);
  const cannotGet = "Cannot get item: the queue is closed and empty";
  await assertRejects(() => queue.get(), ClosedError, cannotGet);
  assertThrows(() => queue.getSync(), ClosedError, cannotGet);
  assertThrows(() => queue.tryGet(), ClosedError, cannotGet);
});

test("Queue.close() wakes all waiters, here and in workers", async () => {
  const [queue, full] = [new Queue<number>(), new Queue<number>(1)];
  const answers = new Queue<string>();
  full.putSync(1);
  const process = run(
    async (queue: Queue<number>, full: Queue<number>, answers: Queue<string>) => {
      const waiting = [queue.get(), queue.get(), full.put(2)];
      answers.putSync("waiting");
      for (const it of waiting) answers.putSync(await it.then(() => "", (error) => error.name));
    },
    queue,
    full,
    answers,
  );
  const blocked = run(
    (queue: Queue<number>, answers: Queue<string>) => {
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
  const here = assertRejects(() => queue.get(guard), ClosedError);
  assertEquals([await answers.get(guard), await answers.get(guard)], ["waiting", "waiting"]);
  queue.close();
  full.close();
  await here;
  for (let at = 0; at < 4; at++) assertEquals(await answers.get(guard), "ClosedError");
  await ended(process);
  await ended(blocked);
  assertEquals(full.getSync(), 1);
});

test("Queue is iterated until it is closed and empty", async () => {
  const queue = new Queue<number>(2);
  const process = run((queue: Queue<number>) => {
    for (let at = 0; at < 100; at++) queue.putSync(at);
    queue.close();
  }, queue);
  assertEquals(await Array.fromAsync(queue), times(100, (at) => at));
  assertEquals(await Array.fromAsync(queue), []);
  await ended(process);
});

test("Queue gives each item to one of several iterations", async () => {
  const queue = new Queue<number>();
  const process = run((queue: Queue<number>) => {
    for (let at = 0; at < 300; at++) queue.putSync(at);
    queue.close();
  }, queue);
  const parts = await Promise.all(times(3, () => Array.fromAsync(queue)));
  assertEquals(parts.flat().sort((a, b) => a - b), times(300, (at) => at));
  await ended(process);
});

test("Queue iteration that is left while it waits takes no item", async () => {
  const queue = new Queue<number>();
  const items = queue[Symbol.asyncIterator]();
  const next = [items.next(), items.next()];
  await items.return!();
  for (const { done } of await Promise.all(next)) assertEquals(done, true);
  await queue.put(1);
  assertEquals((await items.next()).done, true);
  assertEquals(queue.tryGet(), { value: 1 });
});

test("Queue iteration that is left leaves the remaining items", async () => {
  const queue = new Queue<number>();
  for (let at = 0; at < 5; at++) queue.putSync(at);
  for await (const item of queue) if (item === 2) break;
  assertEquals(queue.size(), 2);
});

test("Queue.values() ends with the reason of its signal, and takes no item then", async () => {
  const queue = new Queue<number>();
  const [stop, reason] = [new AbortController(), new Error("enough")];
  const items = queue.values({ signal: stop.signal });
  queue.putSync(1);
  assertEquals(await items.next(), { done: false, value: 1 });
  const next = items.next();
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => next), reason);
  queue.putSync(2);
  assertEquals((await items.next()).done, true);
  await assertRejects(
    () => Array.fromAsync(queue.values({ signal: stop.signal })),
    Error,
    "enough",
  );
  assertEquals(queue.tryGet(), { value: 2 });
});

test("Queue.values() throws Empty when no item comes within timeoutMs", async () => {
  const queue = new Queue<number>();
  queue.putSync(1);
  const seen: number[] = [];
  await assertRejects(async () => {
    for await (const item of queue.values({ timeoutMs: 2 })) seen.push(item);
  }, Empty);
  assertEquals(seen, [1]);
});

test("Queue.values() rejects invalid options at the call", () => {
  const queue = new Queue<number>();
  assertThrows(() => queue.values({ timeoutMs: NaN }), RangeError, "timeoutMs");
  assertThrows(() => queue.values({ timeout: 5 } as object), TypeError, "timeout");
});

// Sizes of messages

test("Queue carries empty messages and messages of every size around that of a cell", () => {
  const queue = new Queue<unknown>();
  for (const empty of ["", new Uint8Array(0), new ArrayBuffer(0), [], {}]) {
    queue.putSync(empty);
    assertEquals(queue.getSync(), empty);
  }
  for (let length = 0; length < 200; length++) {
    const item = [times(length, (at) => at % 100), "x".repeat(length)];
    queue.putSync(item);
    assertEquals(queue.getSync(), item);
  }
});

test("Queue carries a message of 100 MiB to a worker and back", async () => {
  const [there, back] = [new Queue<Uint8Array>(1), new Queue<Uint8Array>()];
  const process = run(
    (there: Queue<Uint8Array>, back: Queue<Uint8Array>) => {
      const item = there.getSync();
      item[0]++;
      back.putSync(item);
    },
    there,
    back,
  );
  const bytes = new Uint8Array(100 * 2 ** 20);
  for (let at = 0; at < bytes.length; at += 4096) bytes[at] = at / 4096;
  await there.put(bytes);
  const actual = await back.get(guard);
  bytes[0]++;
  assertEquals(actual.length, bytes.length);
  for (let at = 0; at < bytes.length; at += 4096) {
    if (actual[at] !== bytes[at]) assertEquals(actual[at], bytes[at], `byte ${at}`);
  }
  await ended(process);
});

// Many producers and consumers

type Item = [producer: number, number: number];

const produce = task(import.meta, (queue: Queue<Item>, producer: number, count: number) => {
  for (let number = 0; number < count; number++) {
    queue.putSync([producer, number]);
  }
});

const produceAsync = task(
  import.meta,
  async (queue: Queue<Item>, producer: number, count: number) => {
    for (let number = 0; number < count; number++) await queue.put([producer, number]);
  },
);

const consume = task(import.meta, (queue: Queue<Item>, results: Queue<Item[]>) => {
  const items: Item[] = [];
  try {
    for (;;) items.push(queue.getSync());
  } catch (error) {
    if ((error as Error).name !== "ClosedError") throw error;
  }
  results.putSync(items);
});

const consumeAsync = task(import.meta, async (queue: Queue<Item>, results: Queue<Item[]>) => {
  results.putSync(await Array.fromAsync(queue));
});

for (const maxsize of [0, 1, 5]) {
  test(`Queue(${maxsize}) with several producers and consumers loses and reorders no item`, async () => {
    const [queue, results] = [new Queue<Item>(maxsize), new Queue<Item[]>()];
    const count = 300;
    const consumers = [
      run(consume, queue, results),
      run(consumeAsync, queue, results),
    ];
    const producers = [
      run(produce, queue, 0, count),
      run(produceAsync, queue, 1, count),
    ];
    const here = consumeAsync(queue, results);
    await Promise.all([produceAsync(queue, 2, count), produceAsync(queue, 3, count)]);
    for (const producer of producers) await ended(producer);
    queue.close();
    await here;
    for (const consumer of consumers) await ended(consumer);
    const parts = times(3, () => results.getSync());
    for (const part of parts) {
      for (let producer = 0; producer < 4; producer++) {
        const numbers = part.filter(([from]) => from === producer).map(([, number]) => number);
        assertEquals(numbers, numbers.toSorted((a, b) => a - b), `of producer ${producer}`);
      }
    }
    const all = parts.flat().map(([producer, number]) => producer * count + number);
    assertEquals(all.sort((a, b) => a - b), times(4 * count, (at) => at));
  });
}

test("Queue.putSync() in the main isolate waits for room that a worker makes", async () => {
  const queue = new Queue<number>(1);
  const results = new Queue<number[]>();
  const process = run(
    (queue: Queue<number>, results: Queue<number[]>) => {
      results.putSync(Array.from({ length: 50 }, () => queue.getSync()));
    },
    queue,
    results,
  );
  for (let at = 0; at < 50; at++) queue.putSync(at, guard);
  assertEquals(results.getSync(guard), times(50, (at) => at));
  await ended(process);
});

// Ends of workers

for (
  const [ending, target] of Object.entries({
    "returns": (queue: Queue<unknown>) => queue.putSync({ last: "x".repeat(500) }),
    "throws": (queue: Queue<unknown>) => {
      queue.put({ last: "x".repeat(500) });
      console.error = () => {};
      throw new Error("dead");
    },
    "calls Deno.exit()": (queue: Queue<unknown>) => {
      queue.put({ last: "x".repeat(500) });
      Deno.exit(7);
    },
    "calls self.close()": (queue: Queue<unknown>) => {
      queue.putSync({ last: "x".repeat(500) });
      self.close();
    },
  })
) {
  test(`Queue.put() keeps the item when the worker ${ending} at once`, async () => {
    const queue = new Queue<unknown>();
    const process = run(target, queue);
    assertEquals(await queue.get(guard), { last: "x".repeat(500) });
    assert(await process.join(guard));
    assert(queue.empty());
  });
}

test("Queue.get() in a worker that is terminated leaves the item to others", async () => {
  const [queue, waiting] = [new Queue<number>(), new Event()];
  const process = run(
    (queue: Queue<number>, waiting: Event) => {
      const gets = [queue.get(), queue.get()];
      waiting.set();
      return Promise.all(gets);
    },
    queue,
    waiting,
  );
  assert(await waiting.wait(guard));
  process.terminate();
  queue.putSync(1);
  queue.putSync(2);
  assertEquals([await queue.get(guard), await queue.get(guard)], [1, 2]);
  await ended(process, -15);
});

test("Queue.putSync() and getSync() throw TerminatedError in a worker that is terminated", async () => {
  for (const verb of ["putSync", "getSync"] as const) {
    const [queue, waiting, words] = [new Queue<number>(1), new Event(), sharedWords()];
    if (verb === "putSync") queue.putSync(1);
    const process = run(
      (queue: Queue<number>, waiting: Event, words: Int32Array, verb: string) => {
        waiting.set();
        try {
          if (verb === "putSync") queue.putSync(2);
          else queue.getSync();
        } catch (error) {
          if ((error as Error).name === "TerminatedError") Atomics.store(words, 0, 1);
        }
      },
      queue,
      waiting,
      words,
      verb,
    );
    assert(await waiting.wait(guard));
    process.terminate();
    await wordSet(words);
    await ended(process, -15);
    assertEquals(queue.size(), verb === "putSync" ? 1 : 0);
  }
});

// Crossing

test("Queue crosses through a queue", async () => {
  const queues = new Queue<Queue<string>>();
  const process = run((queues: Queue<Queue<string>>) => {
    const inner = queues.getSync();
    inner.putSync("through the inner queue");
    queues.getSync().putSync("through the second");
  }, queues);
  const [first, second] = [new Queue<string>(), new Queue<string>()];
  queues.putSync(first);
  assertEquals(await first.get(guard), "through the inner queue");
  queues.putSync(second);
  assertEquals(second.getSync(guard), "through the second");
  await ended(process);
});

test("Queue crosses through itself, and is the same object", () => {
  const queue = new Queue<unknown>();
  queue.putSync(queue);
  queue.putSync([queue, { queue }]);
  assertStrictEquals(queue.getSync(), queue);
  assertEquals(queue.getSync(), [queue, { queue }]);
});

test("Queue of a worker reaches its parent, and outlives the worker", async () => {
  const queues = new Queue<Queue<number>>();
  const { Queue: _ } = { Queue };
  const process = run(makeQueue, queues);
  await ended(process);
  const inner = await queues.get(guard);
  assertEquals([inner.maxsize, inner.getSync(), inner.getSync()], [3, 1, 2]);
});
const makeQueue = task(import.meta, (queues: Queue<Queue<number>>) => {
  const inner = new Queue<number>(3);
  inner.putSync(1);
  inner.putSync(2);
  queues.putSync(inner);
});

test("Queue carries locks, events and connections", async () => {
  const queue = new Queue<{ lock: Lock; event: Event; end: Connection<string> }>();
  const process = run((queue: Queue<{ lock: Lock; event: Event; end: Connection<string> }>) => {
    const { lock, event, end } = queue.getSync();
    using _ = lock.acquireSync();
    end.sendSync(`locked: ${lock.locked()}`);
    event.set();
  }, queue);
  const [here, there] = Pipe<string>();
  const item = { lock: new Lock(), event: new Event(), end: there };
  queue.putSync(item);
  assertEquals(await here.recv(guard), "locked: true");
  assert(await item.event.wait(guard));
  await ended(process);
});

test("Queue carries a SharedArrayBuffer to a worker that is blocked", async () => {
  const queue = new Queue<Int32Array>();
  const ready = new Event();
  const process = run(
    (queue: Queue<Int32Array>, ready: Event) => {
      ready.set();
      queue.getSync()[0] = 7;
    },
    queue,
    ready,
  );
  assert(await ready.wait(guard));
  const words = new Int32Array(new SharedArrayBuffer(8));
  queue.putSync(words);
  await ended(process);
  assertEquals(words[0], 7);
});

test("Queue crosses in a Pool's arguments", async () => {
  const queue = new Queue<number>();
  await using pool = new Pool(2);
  await pool.starmap(
    (queue: Queue<number>, x: number) => queue.put(x * x),
    times(20, (x) => [queue, x] as [Queue<number>, number]),
  );
  queue.close();
  const squares = await Array.fromAsync(queue);
  assertEquals(squares.sort((a, b) => a - b), times(20, (x) => x * x));
});
