/**
 * How much of the shared heap empty objects take, by the allocator's own accounting.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  Condition,
  Event,
  JoinableQueue,
  LifoQueue,
  Lock,
  Pipe,
  Pool,
  PriorityQueue,
  Queue,
  RLock,
  Semaphore,
  SimpleQueue,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { settledUse, usedBytes } from "../fixtures/heap.ts";

/** Returns how many bytes more are in use after the call. Keeps what it returns until then. */
async function footprint(make: () => unknown): Promise<number> {
  const before = await settledUse();
  const made = make();
  const bytes = usedBytes() - before;
  assert(made !== undefined);
  return bytes;
}

test("empty queues, locks and pools take little memory", async () => {
  const sizes: Record<string, number> = {};
  const makers = {
    Queue: () => new Queue(),
    SimpleQueue: () => new SimpleQueue(),
    LifoQueue: () => new LifoQueue(),
    PriorityQueue: () => new PriorityQueue(),
    JoinableQueue: () => new JoinableQueue(),
    Pipe: () => Pipe(),
    Pool: () => new Pool(2),
    Lock: () => new Lock(),
    RLock: () => new RLock(),
    Semaphore: () => new Semaphore(1),
    Event: () => new Event(),
    Condition: () => new Condition(new Lock()),
  };
  for (const [name, make] of Object.entries(makers)) sizes[name] = await footprint(make);
  assertEquals(sizes, {
    Queue: 256,
    SimpleQueue: 256,
    LifoQueue: 288,
    PriorityQueue: 288,
    JoinableQueue: 288,
    Pipe: 576,
    Pool: 544,
    Lock: 32,
    RLock: 32,
    Semaphore: 96,
    Event: 64,
    Condition: 96,
  });
});

test("a queue takes the room that its items need, and gives it back", async () => {
  const queue = new Queue<number>();
  const empty = await settledUse();
  queue.putSync(1);
  assertEquals(usedBytes() - empty, 128);
  for (let item = 1; item < 100_000; item++) queue.putSync(item);
  const full = usedBytes() - empty;
  assert(full > 1_000_000 && full < 2_000_000, `${full} bytes`);
  while (queue.tryGet() !== undefined);
  assert(usedBytes() - empty <= 2048, `${usedBytes() - empty} bytes`);
  for (let item = 0; item < 10_000; item++) { // each item is got at once: no more room is needed
    queue.putSync(item);
    assertEquals(queue.getSync(), item);
    assert(usedBytes() - empty <= 2048, `${usedBytes() - empty} bytes`);
  }
});

test("a PriorityQueue gives the room of its items back", async () => {
  const queue = new PriorityQueue<number>();
  const empty = await settledUse();
  for (let item = 0; item < 10_000; item++) queue.putSync(item);
  while (queue.tryGet() !== undefined);
  assert(usedBytes() - empty <= 512, `${usedBytes() - empty} bytes`);
});

test("a PriorityQueue keeps the block of its first items, and no larger one", async () => {
  const queue = new PriorityQueue<number>();
  const empty = await settledUse();
  for (const [count, kept] of [[1, 512], [21, 512], [22, 0], [43, 0], [1, 512]]) {
    for (let item = 0; item < count; item++) queue.putSync(item);
    const full = usedBytes() - empty;
    while (queue.tryGet() !== undefined);
    assert(usedBytes() - empty < full);
    assertEquals(usedBytes() - empty, kept, `after ${count} items`);
  }
});
