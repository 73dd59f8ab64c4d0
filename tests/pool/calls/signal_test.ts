import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Event, Pool, Queue } from "@sauropod/multiprocessing";
import { test } from "../../fixtures/guarded.ts";
import { guard, testEach, upTo } from "../../fixtures/pools.ts";
import * as tasks from "../../fixtures/pool_tasks.ts";
import { square } from "../../fixtures/pool_tasks.ts";

testEach(
  "Pool calls with an aborted signal run no task and reject with its reason",
  async (Pool) => {
    await using pool = new Pool(1);
    const queue = new Queue<number>();
    const signal = AbortSignal.abort(new RangeError("too late"));
    const args = [queue, 1] as [Queue<number>, number];
    const late = "too late";
    await assertRejects(
      async () => await pool.apply(tasks.put<number>, args, { signal }),
      RangeError,
      late,
    );
    await assertRejects(
      async () => await pool.applyAsync(tasks.put<number>, args, { signal }),
      RangeError,
      late,
    );
    await assertRejects(
      async () => await pool.starmap(tasks.put<number>, [args], { signal }),
      RangeError,
      late,
    );
    await assertRejects(
      async () => await pool.starmapAsync(tasks.put<number>, [args], { signal }),
      RangeError,
      late,
    );
    assertThrows(() => pool.starmapSync(tasks.put<number>, [args], { signal }), RangeError, late);
    assertThrows(() => pool.imap(square, [1], { signal }), RangeError, late);
    await pool.apply(square, [1]);
    assert(queue.empty());
  },
);

testEach(
  "Pool calls reject with the reason of their signal and begin no more tasks",
  async (Pool) => {
    await using pool = new Pool(1);
    const queue = new Queue<number>();
    const args = [queue, 1] as [Queue<number>, number];
    const calls: ((signal: AbortSignal) => PromiseLike<unknown>)[] = [
      (signal) => pool.apply(tasks.put<number>, args, { signal }),
      (signal) => pool.applyAsync(tasks.put<number>, args, { signal }),
      (signal) => pool.starmap(tasks.put<number>, [args, args], { signal }),
      (signal) => pool.starmapAsync(tasks.put<number>, [args, args], { signal }),
      (signal) => pool.imap(square, upTo(5), { signal }).next(),
    ];
    for (const call of calls) {
      const [begun, go] = [new Event(), new Event()];
      const first = pool.apply(tasks.afterEvent<number>, [begun, go, 1]);
      assert(await begun.wait(guard));
      const controller = new AbortController();
      const outcome = assertRejects(
        async () => await call(controller.signal),
        RangeError,
        "enough",
      );
      controller.abort(new RangeError("enough"));
      await outcome;
      go.set();
      assertEquals(await first, 1);
      await pool.apply(square, [1]);
      assert(queue.empty());
    }
  },
);

test("Pool calls whose signal is aborted stop before the next item of a chunk", async () => {
  await using pool = new Pool(1);
  const work = (begun: Event, go: Event, calls: Int32Array) => {
    calls[0]++;
    begun.set();
    go.waitSync();
  };
  const [begun, go] = [new Event(), new Event()];
  const calls = new Int32Array(new SharedArrayBuffer(4));
  const items = Array.from({ length: 20 }, (): Parameters<typeof work> => [begun, go, calls]);
  const controller = new AbortController();
  const { signal } = controller;
  const outcome = assertRejects(
    () => pool.starmap(work, items, { signal, chunkSize: 20 }),
    RangeError,
    "enough",
  );
  assert(await begun.wait(guard));
  controller.abort(new RangeError("enough"));
  await outcome;
  go.set();
  await pool.apply(square, [1]);
  assertEquals(calls[0], 1);
});

testEach("Pool calls that have ended ignore their signal", async (Pool) => {
  await using pool = new Pool(1);
  const controller = new AbortController();
  const { signal } = controller;
  const result = pool.applyAsync(square, [3], { signal });
  assertEquals(await result, 9);
  assertEquals(await pool.map(square, [1, 2], { signal }), [1, 4]);
  controller.abort();
  assertEquals(await result, 9);
});
