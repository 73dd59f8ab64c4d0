/**
 * What the others learn when a worker ends while it holds something, or while others wait for it. The ways to
 * end are those of a real process.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbandonedLockError,
  Barrier,
  BoundedSemaphore,
  BrokenBarrierError,
  Condition,
  Event,
  JoinableQueue,
  Lock,
  type Process,
  RLock,
  Semaphore,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { guard, run } from "../fixtures/workers.ts";

/** How a worker ends after it has done something. */
type Fate = "returns" | "exits with 3" | "throws" | "is terminated" | "is killed";
const FATES: Fate[] = ["returns", "exits with 3", "throws", "is terminated", "is killed"];

/** Runs `act` in a worker, which ends in this way afterwards. */
async function dead<A extends readonly unknown[]>(
  fate: Fate,
  act: (...args: A) => unknown,
  ...args: A
): Promise<Process> {
  const done = new Event();
  const process = run(
    async (fate: string, act: (...args: unknown[]) => unknown, done: Event, ...args: unknown[]) => {
      await act(...args);
      done.set();
      if (fate === "exits with 3") Deno.exit(3);
      console.error = () => {};
      if (fate === "throws") throw new Error("dead");
      if (fate !== "returns") await new Promise(() => {});
    },
    fate as string,
    act as unknown as (...args: unknown[]) => unknown,
    done,
    ...args,
  );
  await done.wait(guard);
  if (fate === "is terminated") process.terminate();
  if (fate === "is killed") process.kill();
  assert(await process.join(guard));
  return process;
}

for (const fate of FATES) {
  for (const [name, make] of [["Lock", () => new Lock()], ["RLock", () => new RLock()]] as const) {
    test(`${name} of a holder that ${fate} is acquired by the next caller, who is told`, async () => {
      const lock = make();
      await dead(fate, (lock: Lock | RLock) => void lock.acquireSync(), lock);
      await assertRejects(() => lock.acquire(guard), AbandonedLockError);
      lock.release();
    });
  }

  for (const semaphoreClass of [Semaphore, BoundedSemaphore]) {
    test(`${semaphoreClass.name}: the permits of a holder that ${fate} go to the next callers, who are told`, async () => {
      const semaphore = new semaphoreClass(2);
      const waiting = [semaphore.acquire(guard), semaphore.acquire(guard)];
      for (const permit of await Promise.all(waiting)) permit.release();
      await dead(
        fate,
        (semaphore: Semaphore) => void [semaphore.acquireSync(), semaphore.acquireSync()],
        semaphore,
      );
      await Promise.all(
        [1, 2].map(() => assertRejects(() => semaphore.acquire(guard), AbandonedLockError)),
      );
      assertEquals(semaphore.value, 0);
      semaphore.release(2);
      assertEquals(semaphore.value, 2);
    });
  }

  test(`Condition: who waits is woken, and told, when the holder of its lock ${fate}`, async () => {
    const condition = new Condition(new Lock());
    await condition.acquire();
    const waiting = assertRejects(() => condition.wait(guard), AbandonedLockError);
    await dead(fate, (condition: Condition<Lock>) => void condition.acquireSync(), condition);
    await waiting;
    condition.release();
  });

  test(`JoinableQueue.join() tells of an item that a worker has in hand which ${fate}`, async () => {
    const tasks = new JoinableQueue<number>();
    tasks.putSync(1);
    const joining = assertRejects(() => tasks.join(guard), WorkerDiedError, "an item done");
    const process = await dead(fate, (tasks: JoinableQueue<number>) => tasks.get(), tasks);
    assertEquals((await joining).exitCode, process.exitCode);
    tasks.taskDone();
    assert(await tasks.join(guard));
  });
}

for (const fate of FATES.filter((fate) => fate !== "returns")) {
  test(`Barrier is broken for who waits when a party that has never arrived ${fate}`, async () => {
    const barrier = new Barrier(2);
    const waiting = assertRejects(() => barrier.wait(guard), BrokenBarrierError);
    await dead(fate, (_: Barrier) => {}, barrier);
    await waiting;
    assert(barrier.broken);
  });

  test(`Barrier is broken at the next arrival after a party that has waited before ${fate}`, async () => {
    const barrier = new Barrier(2);
    const first = barrier.wait(guard);
    await dead(fate, (barrier: Barrier) => barrier.wait(), barrier);
    await first;
    assert(!barrier.broken);
    await assertRejects(() => barrier.wait(guard), BrokenBarrierError);
    barrier.reset();
    await Promise.all([barrier.wait(guard), barrier.wait(guard)]);
  });
}

test("Barrier is broken when a party cannot start", async () => {
  const barrier = new Barrier(2);
  const waiting = assertRejects(() => barrier.wait(guard), BrokenBarrierError);
  const process = run((_: Barrier) => {}, barrier);
  process.kill(); // before it has read what to run
  await waiting;
  assert(await process.join(guard));
});

test("Barrier is not broken by a party that returns", async () => {
  const barrier = new Barrier(2);
  await dead("returns", (_: Barrier) => {}, barrier);
  await Promise.all([barrier.wait(guard), barrier.wait(guard)]);
});

test("Semaphore: the permit of a worker that was killed while it waited goes to another waiter", async () => {
  const [semaphore, waits] = [new Semaphore(1), new Event()];
  const permit = await semaphore.acquire();
  const process = run(
    (semaphore: Semaphore, waits: Event) => {
      waits.set();
      semaphore.acquireSync();
    },
    semaphore,
    waits,
  );
  await waits.wait(guard);
  const next = semaphore.acquire(guard);
  process.kill();
  permit.release();
  (await next.catch((error) => {
    assert(error instanceof AbandonedLockError); // it had the permit when it was killed
    semaphore.release();
  }))?.release();
  assertEquals(semaphore.value, 1);
  assert(await process.join(guard));
});
