/**
 * The order in which `LifoQueue` and `PriorityQueue` give what was put.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe } from "../../lib/arguments/describe.ts";
import { LifoQueue, PriorityQueue, type Process, Queue, task } from "@sauropod/multiprocessing";
import fc from "fast-check";
import { i32 } from "../../lib/heap/views.ts";
import { storeValue } from "../../lib/codec/message.ts";
import { CHANNEL_WORDS, messagesIn } from "../../lib/channels/channel_state.ts";
import { lifoStore } from "../../lib/channels/lifo_store.ts";
import { priorityStore } from "../../lib/channels/priority_store.ts";
import { allocate, free } from "../../lib/heap/allocator.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, run } from "../fixtures/workers.ts";

const times = <T>(length: number, make: (at: number) => T): T[] =>
  Array.from({ length }, (_, at) => make(at));

/** Sequences of operations: a priority to put with, or "get". */
const operations = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom(-Infinity, Infinity, -0, 0.5) },
    { weight: 1, arbitrary: fc.double({ noNaN: true }) },
    { weight: 3, arbitrary: fc.constant("get" as const) },
  ),
  { maxLength: 300, size: "max" },
);

/** Applies the same operations to the queue and to an array, in which `place` returns the position of an item. */
function assertLike<T extends { id: number; priority: number }>(
  queue: LifoQueue<T> | PriorityQueue<T>,
  script: (number | "get")[],
  place: (model: T[], priority: number) => number,
): void {
  const model: T[] = [];
  for (const [id, operation] of script.entries()) {
    if (operation === "get") {
      const expected = model.shift();
      assertEquals(queue.tryGet(), expected && { value: expected });
    } else {
      const item = { id, priority: operation } as T;
      if (queue instanceof PriorityQueue) queue.putSync(item, { priority: operation });
      else queue.putSync(item);
      model.splice(place(model, operation), 0, item);
    }
    assertEquals(queue.size(), model.length);
  }
  assertEquals(times(model.length, () => queue.getSync()), model);
  assertEquals(queue.tryGet(), undefined);
}

test("LifoQueue returns the items that an array with push() and pop() returns", () => {
  const queue = new LifoQueue<{ id: number; priority: number }>();
  fc.assert(fc.property(operations, (script) => assertLike(queue, script, () => 0)));
});

test("PriorityQueue returns items sorted by priority, equal ones in the order of the puts", () => {
  const queue = new PriorityQueue<{ id: number; priority: number }>();
  fc.assert(fc.property(operations, (script) =>
    assertLike(queue, script, (model, priority) => {
      const at = model.findIndex((it) => it.priority > priority);
      return at < 0 ? model.length : at;
    })));
});

test("PriorityQueue sorts many items repeatedly", () => {
  const queue = new PriorityQueue<number>();
  for (let turn = 0; turn < 3; turn++) {
    const items = times(2000, (at) => (at * 7919) % 2003);
    for (const item of items) queue.putSync(item);
    assertEquals(times(2000, () => queue.getSync()), items.toSorted((a, b) => a - b));
  }
});

test("LifoQueue.get() serves waiting calls first come, first served", async () => {
  const queue = new LifoQueue<number>();
  const gets = times(3, () => queue.get());
  for (let at = 0; at < 3; at++) queue.putSync(at);
  assertEquals((await Promise.all(gets)).sort(), [0, 1, 2]);
});

// Priorities

test("PriorityQueue takes the priority from the options, the item, or its first element", async () => {
  const queue = new PriorityQueue<unknown>();
  queue.putSync("by options", { priority: 2 });
  queue.putSync(1);
  queue.putSync([3, "tuple"]);
  await queue.put([9, "options first"], { priority: -Infinity });
  assert(queue.tryPut({ late: true }, { priority: 4.5 }));
  queue.putSync([3, "tuple, put later"]);
  await queue.put(Infinity, { timeoutMs: 10 });
  const expected = [
    [9, "options first"],
    1,
    "by options",
    [3, "tuple"],
    [3, "tuple, put later"],
    { late: true },
    Infinity,
  ];
  assertEquals(times(7, () => queue.getSync()), expected);
});

test("PriorityQueue.put() rejects an item without a priority, and says what to do", async () => {
  const queue = new PriorityQueue<unknown>();
  const message = "Cannot put item: it has no priority. Pass { priority: 1 } after the item";
  for (const item of ["x", {}, [], ["x", 1], [[1]], null, undefined, 1n, new Float64Array(1)]) {
    await assertRejects(() => queue.put(item), TypeError, message);
    assertThrows(() => queue.putSync(item), TypeError, message);
    assertThrows(() => queue.tryPut(item), TypeError, message);
  }
  assertThrows(
    () => queue.putSync(NaN),
    RangeError,
    "Cannot put item: the item, which is its own priority, must be a number other than NaN, not NaN",
  );
  assertThrows(() => queue.putSync([NaN, 1]), RangeError, "the item's first element");
  for (const priority of [NaN, "1", null] as number[]) {
    const message = `Cannot put item: options.priority must be a number other than NaN, not ${
      describe(priority)
    }`;
    const errorClass = typeof priority === "number" ? RangeError : TypeError;
    assertThrows(() => queue.putSync(1, { priority }), errorClass, message);
    assertThrows(() => queue.tryPut(1, { priority }), errorClass, message);
    await assertRejects(() => queue.put(1, { priority }), errorClass, message);
  }
  assertEquals([queue.size(), queue.unfinishedTasks], [0, 0]);
});

test("PriorityQueue orders items that had to wait for room", async () => {
  const queue = new PriorityQueue<string>(2);
  queue.putSync("b", { priority: 2 });
  queue.putSync("d", { priority: 4 });
  const waiting = [queue.put("a", { priority: 1 }), queue.put("c", { priority: 3 })];
  assertEquals(queue.getSync(), "b"); // makes room for the first that waits
  await waiting[0];
  assertEquals(queue.getSync(), "a");
  await waiting[1];
  assertEquals([queue.getSync(), queue.getSync()], ["c", "d"]);
});

// Many producers and consumers

type Item = [priority: number, producer: number, number: number];
const PRIORITIES = 5;

const produce = task(import.meta, (queue: Queue<Item>, producer: number, count: number) => {
  for (let number = 0; number < count; number++) {
    queue.putSync([(number * 7 + producer) % PRIORITIES, producer, number]);
  }
});

const produceAsync = task(
  import.meta,
  async (queue: Queue<Item>, producer: number, count: number) => {
    for (let number = 0; number < count; number++) {
      await queue.put([(number * 7 + producer) % PRIORITIES, producer, number]);
    }
  },
);

const consume = task(import.meta, (queue: Queue<Item>, results: Queue<Item[]>, most: number) => {
  const items: Item[] = [];
  try {
    while (items.length < most) items.push(queue.getSync());
  } catch (error) {
    if ((error as Error).name !== "ClosedError") throw error;
  }
  results.putSync(items);
});

const consumeAsync = task(
  import.meta,
  async (queue: Queue<Item>, results: Queue<Item[]>, most: number) => {
    const items: Item[] = [];
    for await (const item of queue) if (items.push(item) === most) break;
    results.putSync(items);
  },
);

const count = 300;
/** Returns the items of four producers as unique numbers. */
const numbersOf = (items: Item[]) =>
  items.map(([, producer, number]) => producer * count + number).sort((a, b) => a - b);

for (const Kind of [LifoQueue, PriorityQueue]) {
  for (const maxsize of [0, 1, 5]) {
    test(`${Kind.name}(${maxsize}) with several producers and consumers gets each item once`, async () => {
      const [queue, results] = [new Kind<Item>(maxsize), new Queue<Item[]>()];
      const consumers = [consume, consumeAsync].map((it) => run(it, queue, results, Infinity));
      const producers = [run(produce, queue, 0, count), run(produceAsync, queue, 1, count)];
      const here = consumeAsync(queue, results, Infinity);
      await Promise.all([produceAsync(queue, 2, count), produceAsync(queue, 3, count)]);
      for (const producer of producers) await ended(producer);
      queue.close();
      await here;
      for (const consumer of consumers) await ended(consumer);
      const all = times(3, () => results.getSync()).flat();
      assertEquals(numbersOf(all), times(4 * count, (at) => at));
    });
  }

  test(`${Kind.name} is in order when one consumer drains the items of several producers`, async () => {
    const [queue, results] = [new Kind<Item>(), new Queue<Item[]>()];
    const others: Process[] = [
      ...[0, 1].map((it) => run(produce, queue, it, count)),
      ...[2, 3].map((it) => run(produceAsync, queue, it, count)),
      run(consume, queue, results, 200),
      run(consumeAsync, queue, results, 200),
    ];
    for (const it of others) await ended(it);
    const taken = times(2, () => results.getSync()).flat();
    const rest = times(queue.size(), () => queue.getSync());
    assertEquals([taken.length, rest.length], [400, 800]);
    assertEquals(numbersOf([...taken, ...rest]), times(4 * count, (at) => at));
    for (let producer = 0; producer < 4; producer++) {
      const its = rest.filter(([, from]) => from === producer);
      const expected = Kind === LifoQueue
        ? its.toSorted(([, , a], [, , b]) => b - a)
        : its.toSorted(([a, , first], [b, , second]) => a - b || first - second);
      assertEquals(its, expected, `of producer ${producer}`);
    }
    if (Kind === PriorityQueue) {
      assertEquals(rest, rest.toSorted(([a], [b]) => a - b)); // which is stable
    }
  });
}

// Memory

/** Returns the end of the part of the heap that was ever used. */
const heapTop = () => i32[3];

for (const [name, store] of Object.entries({ lifoStore, priorityStore })) {
  test(`${name} frees its memory`, () => {
    new LifoQueue(); // the heap
    const cycle = () => {
      const channel = allocate(CHANNEL_WORDS * 4);
      i32.fill(0, channel, channel + CHANNEL_WORDS);
      store.init(channel, 0);
      for (let at = 0; at < 500; at++) {
        store.pushBlock(channel, storeValue("x".repeat(at), "item"), allocate, at % 5);
      }
      for (let at = 0; at < 100; at++) store.discardNext(channel);
      assertEquals(messagesIn(channel), 400);
      store.destroy(channel);
      free(channel);
    };
    cycle();
    const top = heapTop();
    for (let turn = 0; turn < 20; turn++) cycle();
    assertEquals(heapTop(), top);
  });
}
