import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe } from "../../lib/arguments/describe.ts";
import {
  BoundedSemaphore,
  Event,
  LockGuard,
  Pool,
  Queue,
  Semaphore,
  task,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { addressOf, objectWord, ownHoldings } from "../../lib/objects/shared_object.ts";
import { countWaiters } from "../../lib/parking/wait_queue.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

for (const semaphoreClass of [Semaphore, BoundedSemaphore]) {
  const of = semaphoreClass.name;

  test(`${of}() has one permit by default`, () => {
    const semaphore = new semaphoreClass();
    assertEquals([semaphore.value, semaphore.locked()], [1, false]);
    semaphore.acquireSync();
    assertEquals([semaphore.value, semaphore.locked()], [0, true]);
    assertEquals(new semaphoreClass(0).locked(), true);
    assertEquals(new semaphoreClass(2 ** 31 - 1).value, 2 ** 31 - 1);
  });

  test(`${of}() rejects an invalid number of permits`, () => {
    for (const value of [-1, 0.5, NaN, Infinity, 2 ** 31, "2" as unknown as number]) {
      assertThrows(
        () => new semaphoreClass(value),
        typeof value === "number" ? RangeError : TypeError,
        `Cannot make semaphore: value must be an integer from 0 to 2^31 - 1, not ${
          describe(value)
        }`,
      );
    }
  });

  test(`${of}.release() rejects an invalid n, and releases nothing`, () => {
    const semaphore = new semaphoreClass(3);
    semaphore.acquireSync();
    for (const n of [0, -1, 0.5, NaN, "1" as unknown as number]) {
      assertThrows(
        () => semaphore.release(n),
        typeof n === "number" ? RangeError : TypeError,
        `Cannot release semaphore: n must be an integer of at least 1, not ${describe(n)}`,
      );
    }
    assertEquals(semaphore.value, 2);
  });

  test(`${of}.acquire() throws TimeoutError, and rejects invalid options`, async () => {
    const semaphore = new semaphoreClass(0);
    const message = "Cannot acquire semaphore: no permit became available within 2 ms";
    await assertRejects(() => semaphore.acquire({ timeoutMs: 2 }), TimeoutError, message);
    assertThrows(() => semaphore.acquireSync({ timeoutMs: 2 }), TimeoutError, message);
    await assertRejects(() => semaphore.acquire({ timeoutMs: NaN }), RangeError);
    assertThrows(() => semaphore.acquireSync({ timeoutMs: NaN }), RangeError);
  });

  test(`${of}.acquire() acquires no permit when the signal was aborted before`, async () => {
    const [semaphore, reason] = [new semaphoreClass(1), new Error("enough")];
    const signal = AbortSignal.abort(reason);
    assertStrictEquals(await assertRejects(() => semaphore.acquire({ signal }), Error), reason);
    assertStrictEquals(assertThrows(() => semaphore.acquireSync({ signal }), Error), reason);
    assertEquals(semaphore.value, 1);
  });

  test(`${of}.acquire() returns a guard that releases the permit once`, async () => {
    const semaphore = new semaphoreClass(2);
    {
      using first = await semaphore.acquire();
      using second = semaphore.acquireSync();
      using third = semaphore.tryAcquire();
      assert(first instanceof LockGuard);
      assertEquals([semaphore.value, third], [0, undefined]);
      second.release();
      second.release();
      assertEquals(semaphore.value, 1);
    }
    assertEquals(semaphore.value, 2);
  });

  test(`${of}.acquireSync() and acquire() share one queue`, async () => {
    const [semaphore, go] = [new semaphoreClass(3), new Event()];
    for (let permit = 0; permit < 3; permit++) semaphore.acquireSync();
    const promised = [semaphore.acquire(guard), semaphore.acquire(guard)];
    const process = run(
      (semaphore: Semaphore, go: Event) => {
        go.waitSync();
        for (let times = 0; times < 3; times++) semaphore.release();
      },
      semaphore,
      go,
    );
    go.set();
    semaphore.acquireSync(guard); // forwarded by a promise
    await Promise.all(promised);
    assertEquals(semaphore.value, 0);
    await ended(process);
  });

  test(`${of} keeps its identity when it comes back from a worker`, async () => {
    const semaphore = new semaphoreClass(2);
    await using pool = new Pool(1);
    const back = await pool.apply(acquireAndReturn, [semaphore]);
    assertStrictEquals(back, semaphore);
    assertEquals(semaphore.value, 1);
    const queue = new Queue<Map<string, Semaphore>>();
    queue.putSync(new Map([["semaphore", semaphore]]));
    assertStrictEquals(queue.getSync().get("semaphore"), semaphore);
  });

  test(`${of} is inspected with its permits`, () => {
    assertEquals(Deno.inspect(new semaphoreClass(3)), `${of} { value: 3 }`);
  });
}

const acquireAndReturn = task(import.meta, (semaphore: Semaphore) => {
  semaphore.acquireSync();
  return semaphore;
});

test("Semaphore.release() throws RangeError when there would be more than 2^31 - 1 permits", () => {
  const semaphore = new Semaphore(2 ** 31 - 2);
  semaphore.release();
  assertThrows(
    () => semaphore.release(),
    RangeError,
    "Cannot release semaphore: it would have more than 2^31 - 1 permits",
  );
  assertEquals(semaphore.value, 2 ** 31 - 1);
});

test("Semaphore limits how many workers and promises hold a permit at once", async () => {
  const semaphore = new Semaphore(2);
  const words = new Int32Array(new SharedArrayBuffer(8));
  const processes = [0, 1, 2].map((blocking) => run(enterOften, semaphore, words, blocking !== 0));
  await Promise.all([
    enterOften(semaphore, words, false),
    enterOften(semaphore, words, false),
  ]);
  for (const process of processes) await ended(process);
  assertEquals([words[0], semaphore.value], [0, 2]);
  assert(words[1] <= 2, `${words[1]} were inside`);
});

/** Enters and leaves 300 times. Word 0 counts who is inside, word 1 is its maximum. */
const enterOften = task(
  import.meta,
  async (semaphore: Semaphore, words: Int32Array, blocking: boolean) => {
    for (let times = 0; times < 300; times++) {
      using _ = blocking ? semaphore.acquireSync() : await semaphore.acquire();
      const inside = Atomics.add(words, 0, 1) + 1;
      for (let max = Atomics.load(words, 1); max < inside;) {
        max = Atomics.compareExchange(words, 1, max, inside);
      }
      if (!blocking && times % 30 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      Atomics.sub(words, 0, 1);
    }
  },
);

test("a waiter for a permit that was overtaken is served before those that came later", async () => {
  const semaphore = new Semaphore(1);
  semaphore.acquireSync();
  const order: string[] = [];
  const waits = ["first", "second"].map(async (name) => {
    await semaphore.acquire(guard);
    order.push(name);
  });
  semaphore.release(); // wakes the first
  assert(semaphore.tryAcquire() !== undefined); // before it runs
  // Until the first has found that there is no permit.
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  semaphore.release();
  await Promise.race(waits);
  semaphore.release();
  await Promise.all(waits);
  assertEquals(order, ["first", "second"]);
});

test("BoundedSemaphore.release() that throws leaves the permits that are held as they were", () => {
  const semaphore = new BoundedSemaphore(2);
  const held = () => [semaphore.value, ownHoldings(addressOf(semaphore)!)];
  semaphore.acquireSync();
  assertThrows(() => semaphore.release(2), RangeError, "released more often than acquired");
  assertEquals(held(), [1, 1]);
  semaphore.acquireSync();
  assertEquals(held(), [0, 2]);
  semaphore.release(2);
  assertEquals(held(), [2, 0]);
  assertThrows(() => semaphore.release(), RangeError, "(it has 2 permits)");
  assertEquals(held(), [2, 0]);
  semaphore.tryAcquire();
  assertEquals(held(), [1, 1]);
  semaphore.release();
});

test("Semaphore counts who holds its permits until one is released that was not acquired", () => {
  const semaphore = new Semaphore(1);
  const held = () => [semaphore.value, ownHoldings(addressOf(semaphore)!)];
  semaphore.acquireSync();
  assertEquals(held(), [0, 1]);
  semaphore.release(2);
  assertEquals(held(), [2, 0]);
  semaphore.acquireSync();
  assertEquals(held(), [1, 0]); // it is a counter now
  semaphore.release();
  assertEquals(held(), [2, 0]);
});

test("Semaphore.release() wakes as many waiters as it gives permits, and no more", async () => {
  const semaphore = new Semaphore(0);
  const queue = addressOf(semaphore)! + objectWord.FIRST + 1;
  const waits = Array.from({ length: 5 }, () => semaphore.acquire(guard));
  semaphore.release();
  assertEquals(countWaiters(queue), 4);
  semaphore.release(3);
  assertEquals(countWaiters(queue), 1);
  semaphore.release(2);
  await Promise.all(waits);
  assertEquals(semaphore.value, 1);
});
