import { assertEquals, assertThrows } from "@std/assert";
import {
  Condition,
  DeadlockError,
  Event,
  mutex,
  RLock,
  sleep,
  Value,
} from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { test } from "../fixtures/guarded.ts";
import { guard } from "../fixtures/workers.ts";

/** Runs the function in a thread, and returns what it returns. */
async function inThread<T>(fn: () => T | Promise<T>): Promise<T> {
  let result: T;
  const thread = new Thread({
    target: async () => {
      result = await fn();
    },
  });
  thread.start();
  await thread.join(guard);
  if (thread.error !== undefined) throw thread.error;
  return result!;
}

test("RLock.acquire() nests in a Thread, which is its owner across awaits", async () => {
  const lock = new RLock();
  const inner = async () => {
    using _ = await lock.acquire(guard);
    await sleep(0);
    using _blocking = lock.acquireSync(guard);
    return lock.depth;
  };
  const depth = await inThread(async () => {
    using _ = await lock.acquire(guard);
    await sleep(0);
    return await inner();
  });
  assertEquals([depth, lock.locked()], [3, false]);
});

test("RLock.acquireSync() nests with acquire() in a Thread", async () => {
  const lock = new RLock();
  const depth = await inThread(async () => {
    lock.acquireSync();
    using _ = await lock.acquire(guard);
    lock.tryAcquire();
    const depth = lock.depth;
    lock.release();
    lock.release();
    return depth;
  });
  assertEquals([depth, lock.locked()], [3, false]);
});

test("RLock of one Thread excludes other Threads and the main thread, blocking or not", async () => {
  const lock = new RLock();
  const [held, free] = [new Event(), new Event()];
  const holding = inThread(async () => {
    using _ = await lock.acquire();
    held.set();
    await free.wait(guard);
  });
  await held.wait(guard);
  assertEquals(lock.tryAcquire(), undefined);
  assertThrows(() => lock.acquireSync(), DeadlockError);
  await inThread(() => {
    assertEquals(lock.tryAcquire(), undefined);
    assertThrows(() => lock.acquireSync(), DeadlockError);
  });
  const next = inThread(async () => (await lock.acquire(guard)).release());
  free.set();
  await Promise.all([holding, next]);
  assertEquals(lock.locked(), false);
});

test("RLock.release() throws in a Thread that does not own it", async () => {
  const lock = new RLock();
  const [held, free] = [new Event(), new Event()];
  const holding = inThread(async () => {
    using _ = await lock.acquire();
    held.set();
    await free.wait(guard);
  });
  await held.wait(guard);
  const message = "Cannot release lock: this owner does not hold it";
  assertThrows(() => lock.release(), Error, message);
  await inThread(() => void assertThrows(() => lock.release(), Error, message));
  free.set();
  await holding;
});

test("Condition and Value have a lock that a Thread can acquire twice", async () => {
  const [condition, value] = [new Condition(), new Value("i", 0)];
  await inThread(async () => {
    using _outer = await condition.acquire(guard);
    using _inner = await condition.acquire(guard);
    condition.notifyAll();
    using _ = await value.acquire(guard);
    using _again = await value.acquire(guard);
    value.value++;
  });
  assertEquals([condition.locked(), value.getLock().locked(), value.value], [false, false, 1]);
});

test("mutex() with an RLock runs calls of one Thread one at a time", async () => {
  const seen: string[] = [];
  const visit = mutex(new RLock(), async (name: string) => {
    seen.push(`${name} enters`);
    await sleep(0);
    seen.push(`${name} leaves`);
  });
  await inThread(() => Promise.all([visit("a"), visit("b")]));
  assertEquals(seen, ["a enters", "a leaves", "b enters", "b leaves"]);
});
