import { assert, assertEquals, assertRejects } from "@std/assert";
import { Barrier, BrokenBarrierError, Event, parentProcess, task } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

/** Waits with a promise, and keeps its thread busy until the flag is set. */
const awaitsAndComputes = async (barrier: Barrier, waits: Event, flag: Int32Array) => {
  const waiting = barrier.wait();
  waits.set();
  while (Atomics.load(flag, 0) === 0);
  await waiting;
};

function makeFlag(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4));
}

test("Barrier is not broken by one that died after all had passed", async () => {
  const [barrier, waits, flag] = [new Barrier(2), new Event(), makeFlag()];
  const process = run(awaitsAndComputes, barrier, waits, flag);
  assert(await waits.wait(guard));
  assertEquals(await barrier.wait(guard), 1);
  process.terminate(); // its promise has been told, and does not know it yet
  assert(!barrier.broken);
  Atomics.store(flag, 0, 1);
  await ended(process, -15);
  assert(!barrier.broken);
});

test("Barrier.reset() lasts: one that waited before it and dies after it breaks nothing", async () => {
  const [barrier, waits, flag] = [new Barrier(2), new Event(), makeFlag()];
  const process = run(awaitsAndComputes, barrier, waits, flag);
  assert(await waits.wait(guard));
  barrier.reset();
  process.terminate();
  assert(!barrier.broken);
  Atomics.store(flag, 0, 1);
  await ended(process, -15);
  assert(!barrier.broken);
});

for (const ending of ["terminate", "kill"] as const) {
  test(`Barrier.reset() lasts after ${ending}() of one that waits`, async () => {
    const barrier = new Barrier(2);
    for (let turn = 0; turn < 5; turn++) {
      const waits = new Event();
      const process = run(
        (barrier: Barrier, waits: Event) => {
          waits.set();
          barrier.waitSync();
        },
        barrier,
        waits,
      );
      assert(await waits.wait(guard));
      while (barrier.nWaiting === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      process[ending]();
      assert(barrier.broken);
      barrier.reset();
      await ended(process, ending === "kill" ? -9 : -15);
      assert(!barrier.broken, "the dead one broke it again");
    }
    assertEquals((await Promise.all([barrier.wait(guard), barrier.wait(guard)])).sort(), [0, 1]);
  });
}

test("Barrier is broken by one that dies while it waits", async () => {
  const [barrier, waits] = [new Barrier(3), new Event()];
  const process = run(
    (barrier: Barrier, waits: Event) => {
      waits.set();
      barrier.waitSync();
    },
    barrier,
    waits,
  );
  const waiting = barrier.wait(guard);
  assert(await waits.wait(guard));
  while (barrier.nWaiting < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  process.terminate();
  await assertRejects(() => waiting, BrokenBarrierError);
  await assertRejects(() => barrier.wait(guard), BrokenBarrierError);
  await ended(process, -15);
});

/** Never ends in a worker. */
const endlessInWorkers = task(import.meta, () => {
  if (parentProcess() !== undefined) return new Promise(() => {});
});

test("Barrier.reset() lasts after the death of the one that ran the action", async () => {
  const barrier = new Barrier(2, { action: endlessInWorkers });
  const first = assertRejects(() => barrier.wait(guard), BrokenBarrierError);
  const process = run((barrier: Barrier) => barrier.wait(), barrier);
  while (barrier.nWaiting < 2) await new Promise((resolve) => setTimeout(resolve, 0));
  barrier.reset();
  await first;
  const next = [barrier.wait(guard), barrier.wait(guard)]; // wait for the action to end
  process.terminate();
  assertEquals((await Promise.all(next)).sort(), [0, 1]);
  await ended(process, -15);
});
