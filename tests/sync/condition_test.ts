import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe } from "../../lib/arguments/describe.ts";
import {
  AbandonedLockError,
  Condition,
  DeadlockError,
  Event,
  Lock,
  LockOwner,
  Pool,
  Queue,
  RLock,
  Semaphore,
  task,
  TimeoutError,
  Value,
} from "@sauropod/multiprocessing";
import { Control } from "../../lib/heap/isolate_record.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { countWaiters, hasWaiters } from "../../lib/parking/wait_queue.ts";
import { controlBits, replacedHooks } from "../fixtures/control_bits.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Waits until an isolate is queued for the lock. */
async function untilContended(lock: Lock | RLock): Promise<void> {
  const queue = addressOf(lock)! + objectWord.FIRST + 1;
  while (!hasWaiters(queue)) await turn();
}

/** Waits for a notification. */
const waiter = async (condition: Condition<Lock>, waits: Event, blocking: boolean) => {
  await condition.acquire();
  waits.set();
  if (blocking) condition.waitSync();
  else await condition.wait();
  condition.release();
};

/** Acquires the lock and never releases it. */
const holds = (condition: Condition<Lock>, holding: Event) => {
  condition.acquireSync();
  holding.set();
  new (holding.constructor as typeof Event)().waitSync();
};

for (const blocking of [true, false]) {
  const how = blocking ? "waitSync" : "wait";
  test(`Condition.notify() reaches the next waiter when a waiter in ${how}() dies between its notification and the lock`, async () => {
    const condition = new Condition(new Lock());
    const waits = [new Event(), new Event()];
    const first = run(waiter, condition, waits[0], blocking);
    assert(await waits[0].wait(guard));
    const second = run(waiter, condition, waits[1], blocking);
    assert(await waits[1].wait(guard));
    await condition.acquire(guard);
    condition.notify();
    await untilContended(condition.lock);
    first.terminate();
    condition.release();
    await ended(second);
    await ended(first, -15);
  });
}

test("Condition.wait() of every waiter ends when the holder of the lock dies; one throws AbandonedLockError", async () => {
  const [condition, outcomes] = [new Condition(new Lock()), new Queue<boolean | string>()];
  const waiters = [];
  for (const blocking of [true, false, true]) {
    const waits = new Event();
    waiters.push(run(
      async (
        condition: Condition<Lock>,
        waits: Event,
        blocking: boolean,
        outcomes: Queue<boolean | string>,
      ) => {
        await condition.acquire();
        waits.set();
        try {
          outcomes.putSync(blocking ? condition.waitSync() : await condition.wait());
        } catch (error) {
          outcomes.putSync((error as Error).name);
        }
        condition.release();
      },
      condition,
      waits,
      blocking,
      outcomes,
    ));
    assert(await waits.wait(guard));
  }
  const holding = new Event();
  const holder = run(holds, condition, holding);
  assert(await holding.wait(guard));
  holder.terminate();
  for (const process of waiters) await ended(process);
  const results = [outcomes.getSync(guard), outcomes.getSync(guard), outcomes.getSync(guard)];
  assertEquals(results, ["AbandonedLockError", true, true]);
  await ended(holder, -15);
});

test("Condition.wait() throws AbandonedLockError when it is aborted and the lock was abandoned", async () => {
  const [condition, holding] = [new Condition(new Lock()), new Event()];
  await condition.acquire();
  const controller = new AbortController();
  const waiting = assertRejects(
    () => condition.wait({ signal: controller.signal }),
    AbandonedLockError,
  );
  const holder = run(holds, condition, holding);
  assert(await holding.wait(guard));
  controller.abort(new Error("enough"));
  holder.terminate();
  await waiting;
  assertEquals(condition.tryAcquire(), undefined); // acquired
  condition.release();
  await ended(holder, -15);
});

test("Condition.waitFor() forwards wake-ups while its predicate blocks", async () => {
  const [condition, semaphore, done] = [new Condition(), new Semaphore(0), new Event()];
  await condition.acquire();
  let looks = 0;
  const first = condition.waitFor(() => looks++ > 0 && done.waitSync(guard), guard);
  const second = semaphore.acquire(guard);
  const process = run(
    (semaphore: Semaphore, done: Event) => {
      semaphore.acquireSync();
      done.set();
    },
    semaphore,
    done,
  );
  const queue = addressOf(semaphore)! + objectWord.FIRST + 1;
  while (countWaiters(queue) < 2) await turn();
  condition.acquireSync();
  condition.notify();
  condition.release();
  semaphore.release(); // wakes the promise, which cannot run while the predicate blocks
  assertEquals(await first, true);
  condition.release();
  semaphore.release();
  await second;
  await ended(process);
});

test("Condition() accepts a Lock or an RLock, and creates an RLock by default", async () => {
  assert(new Condition().lock instanceof RLock);
  for (const lock of [new Lock(), new RLock(), new Value("i").getLock()]) {
    const condition = new Condition<Lock | RLock>(lock);
    assertStrictEquals(condition.lock, lock);
    {
      using _ = await condition.acquire();
      assert(lock.locked());
      assert(condition.locked());
      condition.notifyAll(); // no waiter
    }
    assert(!condition.locked());
  }
  for (const lock of [{}, null, true, new Event()] as unknown as Lock[]) {
    assertThrows(
      () => new Condition(lock),
      TypeError,
      "Cannot make condition: lock must be a Lock or an RLock, not ",
    );
  }
});

test("Condition keeps its lock alive", async () => {
  const condition = new Condition(new Lock());
  for (let at = 0; at < 100; at++) new Lock();
  const queue = new Queue<Condition<Lock>>();
  queue.putSync(condition);
  assertStrictEquals(queue.getSync(), condition);
  await ended(
    run((condition: Condition<Lock>) => void condition.acquireSync().release(), condition),
  );
  assert(!condition.locked());
});

test("Condition.notify() rejects an n that is not an integer of at least 0", () => {
  const condition = new Condition();
  using _ = condition.acquireSync();
  for (const n of [-1, 0.5, NaN, Infinity, "1" as unknown as number]) {
    assertThrows(
      () => condition.notify(n),
      typeof n === "number" ? RangeError : TypeError,
      `Cannot notify: n must be an integer of at least 0, not ${describe(n)}`,
    );
  }
});

test("Condition.wait() and notify() throw when the lock is not held", async () => {
  const condition = new Condition();
  const message = ": the lock is not held here. Acquire the condition first";
  await assertRejects(() => condition.wait(), Error, "Cannot wait" + message);
  await assertRejects(() => condition.waitFor(() => true), Error, "Cannot wait" + message);
  assertThrows(() => condition.waitSync(), Error, "Cannot wait" + message);
  assertThrows(() => condition.waitForSync(() => true), Error, "Cannot wait" + message);
  assertThrows(() => condition.notify(), Error, "Cannot notify" + message);
  assertThrows(() => condition.notifyAll(), Error, "Cannot notify" + message);
});

test("Condition.wait() rejects invalid options and aborted signals, and keeps the lock", async () => {
  const [condition, reason] = [new Condition(), new Error("enough")];
  using _ = condition.acquireSync();
  const options = { timeoutMs: NaN };
  await assertRejects(() => condition.wait(options), RangeError);
  assertThrows(() => condition.waitSync(options), RangeError);
  const aborted = { signal: AbortSignal.abort(reason) };
  assertStrictEquals(await assertRejects(() => condition.wait(aborted), Error), reason);
  assertStrictEquals(assertThrows(() => condition.waitSync(aborted), Error), reason);
  assertEquals(condition.lock.depth, 1);
});

test("Condition.waitFor() rejects a predicate that returns a promise", async () => {
  const condition = new Condition();
  using _ = condition.acquireSync();
  const message = "Cannot wait: the predicate returned a promise, which is always truthy";
  await assertRejects(() => condition.waitFor(async () => {}), TypeError, message);
  assertThrows(() => condition.waitForSync(() => Promise.reject(new Error())), TypeError, message);
  assertEquals(condition.lock.depth, 1);
});

test("Condition.waitFor() returns the result of the predicate", async () => {
  const condition = new Condition();
  using _ = condition.acquireSync();
  assertEquals(await condition.waitFor(() => "seven"), "seven");
  assertEquals(condition.waitForSync(() => 7), 7);
  assertEquals(condition.waitForSync(() => null, { timeoutMs: 1 }), null);
  assertEquals(await condition.waitFor(() => "", { timeoutMs: 1 }), "");
});

test("Condition.acquireSync() throws DeadlockError when an async task of its isolate holds the lock", async () => {
  for (const condition of [new Condition(), new Condition(new Lock())]) {
    using _ = await condition.acquire();
    assertThrows(() => condition.acquireSync(), DeadlockError);
    assertThrows(() => condition.acquireSync({ timeoutMs: 2 }), TimeoutError);
  }
});

test("Condition.waitSync() does not throw DeadlockError when another isolate can end the wait", async () => {
  const condition = new Condition(new Lock());
  const promised = Array.from({ length: 3 }, async () => {
    using _ = await condition.acquire(guard);
    assert(await condition.wait(guard));
  });
  using _ = await condition.acquire(guard);
  const process = run(
    (condition: Condition<Lock>) => {
      using _ = condition.acquireSync();
      condition.notifyAll();
    },
    condition,
  );
  assert(condition.waitSync()); // while promises of this isolate wait for the lock
  condition.release();
  await Promise.all(promised);
  condition.acquireSync();
  await ended(process);
});

test("Condition.waitSync() and wait() of the main isolate share one queue", async () => {
  const condition = new Condition();
  const owner = new LockOwner();
  await condition.acquire({ owner });
  const promised = condition.wait(guard); // frees the lock
  const process = run(
    (condition: Condition) => {
      for (let times = 0; times < 2; times++) {
        using _ = condition.acquireSync();
        condition.notify();
      }
    },
    condition,
  );
  condition.acquireSync();
  assert(condition.waitSync(guard)); // by the first notification, forwarded by the promise, or by the second
  condition.release();
  assert(await promised);
  condition.release({ owner });
  assertEquals(condition.locked(), false);
  await ended(process);
});

test("Condition instances of a bounded buffer can share a lock", async () => {
  const lock = new Lock();
  const [notEmpty, notFull] = [new Condition(lock), new Condition(lock)];
  const [items, taken] = [new Value("i"), new Value("i")];
  const consumers = [0, 1].map(() => run(consume, notEmpty, notFull, items, taken, 100));
  for (let at = 0; at < 200; at++) {
    using _ = await notFull.acquire(guard);
    await notFull.waitFor(() => items.value < 3, guard);
    items.add(1);
    notEmpty.notify();
  }
  for (const consumer of consumers) await ended(consumer);
  assertEquals([items.value, taken.value], [0, 200]);
});

const consume = task(
  import.meta,
  (
    notEmpty: Condition<Lock>,
    notFull: Condition<Lock>,
    items: Value<"i">,
    taken: Value<"i">,
    count: number,
  ) => {
    for (let at = 0; at < count; at++) {
      using _ = notEmpty.acquireSync();
      notEmpty.waitForSync(() => items.value > 0);
      items.sub(1);
      taken.add(1);
      notFull.notify();
    }
  },
);

test("Condition can be an argument of a pool's task, with its lock", async () => {
  const condition = new Condition();
  await using pool = new Pool(1);
  const [back, lock] = await pool.apply(sendBack, [condition]);
  assertStrictEquals(back, condition);
  assertStrictEquals(lock, condition.lock);
});

const sendBack = task(import.meta, (condition: Condition) => [condition, condition.lock] as const);

test("Condition is inspected with its lock", () => {
  assertEquals(
    Deno.inspect(new Condition(new Lock())),
    "Condition { lock: Lock { locked: false } }",
  );
});

const holdUntilContended = task(import.meta, (lock: Lock, held: Event) => {
  using _ = lock.acquireSync();
  held.set();
  const queue = addressOf(lock)! + objectWord.FIRST + 1;
  while (!hasWaiters(queue));
});

test("Condition.waitSync() waits for its lock when no other isolate has the condition", async () => {
  const lock = new Lock();
  const condition = new Condition(lock);
  const held = new Event();
  lock.acquireSync();
  const other = run(holdUntilContended, lock, held);
  do assertEquals(condition.waitSync({ timeoutMs: 50 }), false); while (!held.isSet());
  assert(lock.locked());
  lock.release();
  await ended(other);
});

test("Condition.wait() and waitFor() never settle in a worker that was told to end, and keep the lock", async () => {
  const condition = new Condition();
  using _ = condition.acquireSync();
  const settled: unknown[] = [];
  {
    using _control = controlBits(Control.STOP);
    using _hooks = replacedHooks({ onStop() {} });
    for (const waiting of [condition.wait(), condition.waitFor(() => true)]) {
      waiting.then((value) => settled.push(value), (error) => settled.push(error));
    }
    for (let turns = 0; turns < 20; turns++) await null;
  }
  assertEquals([settled, condition.lock.depth], [[], 1]);
});
