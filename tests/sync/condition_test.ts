import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbandonedLockError,
  Condition,
  Event,
  Lock,
  Queue,
  type RLock,
  Semaphore,
} from "@sauropod/multiprocessing";
import { addressOf, objectWord } from "../../lib/atomics/shared_object.ts";
import { hasWaiters, standing } from "../../lib/atomics/wait_queue.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** Waits until somebody stands in the queue for the lock. */
async function untilAskedFor(lock: Lock | RLock): Promise<void> {
  const queue = addressOf(lock)! + objectWord.FIRST + 1;
  while (!hasWaiters(queue)) await turn();
}

/** Waits, holding the lock, until it is notified. */
const waiter = async (condition: Condition<Lock>, waits: Event, blocking: boolean) => {
  await condition.acquire();
  waits.set();
  if (blocking) condition.waitSync();
  else await condition.wait();
  condition.release();
};

/** Acquires the lock and keeps it. */
const holds = (condition: Condition<Lock>, holding: Event) => {
  condition.acquireSync();
  holding.set();
  new (holding.constructor as typeof Event)().waitSync();
};

for (const blocking of [true, false]) {
  const how = blocking ? "waitSync" : "wait";
  test(`Condition.notify() is passed on by a ${how}() that dies while it waits for the lock`, async () => {
    const condition = new Condition(new Lock());
    const waits = [new Event(), new Event()];
    const first = run(waiter, condition, waits[0], blocking);
    assert(await waits[0].wait(guard));
    const second = run(waiter, condition, waits[1], blocking);
    assert(await waits[1].wait(guard));
    await condition.acquire(guard);
    condition.notify();
    await untilAskedFor(condition.lock);
    first.terminate();
    condition.release();
    await ended(second);
    await ended(first, -15);
  });
}

test("Condition.wait() is woken when the holder of the lock dies; the first is told", async () => {
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
  const told = [outcomes.getSync(guard), outcomes.getSync(guard), outcomes.getSync(guard)];
  assertEquals(told, ["AbandonedLockError", true, true]);
  await ended(holder, -15);
});

test("Condition.wait() that is aborted says first that the lock was abandoned", async () => {
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

test("Condition.waitFor() lends wake-ups while its predicate blocks", async () => {
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
  while (standing(queue) < 2) await turn();
  condition.acquireSync();
  condition.notify();
  condition.release();
  semaphore.release(); // wakes the promise, which cannot go on while the predicate blocks
  assertEquals(await first, true);
  condition.release();
  semaphore.release();
  await second;
  await ended(process);
});
