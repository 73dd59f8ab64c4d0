import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  DataCloneError,
  Event,
  InitializerError,
  Pool,
  Queue,
  sleepSync,
  tasksOf,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { allocate, free } from "../../../../lib/heap/allocator.ts";
import { hasEnded } from "../../../../lib/heap/isolate_record.ts";
import { i32 } from "../../../../lib/heap/views.ts";
import { awaitOn } from "../../../../lib/parking/wait.ts";
import { hostedWorkers } from "../../../../lib/runtime/host.ts";
import { waitingForEnd } from "../../../../lib/runtime/lifecycle.ts";
import { test } from "../../../fixtures/guarded.ts";
import { guard, upTo } from "../../../fixtures/pools.ts";
import * as tasks from "../../../fixtures/pool_tasks.ts";
import { square } from "../../../fixtures/pool_tasks.ts";

test("Pool initializer runs once in each worker, even without a task", async () => {
  const queue = new Queue<number>();
  {
    await using _pool = new Pool({
      processes: 2,
      initializer: tasks.putPid,
      initargs: [queue],
    });
    assertNotEquals(await queue.get(guard), await queue.get(guard));
  }
  assert(queue.empty());
});

test("Pool initializer runs before the first task, with its arguments", async () => {
  for (
    const initializer of [tasks.initialize, async (...args: unknown[]) => {
      await null;
      (globalThis as Record<string, unknown>).later = args;
    }]
  ) {
    await using pool = new Pool({ processes: 2, initializer, initargs: ["a", { b: 1 }] });
    const task = initializer === tasks.initialize
      ? tasks.whatWasInitialized
      : () => (globalThis as Record<string, unknown>).later;
    assertEquals(await pool.map(task, upTo(8)), upTo(8).map(() => ["a", { b: 1 }]));
    assertEquals(pool.applySync(task), ["a", { b: 1 }]);
  }
});

// Initializers that fail

const failing: [how: string, initializer: (queue: Queue<number>) => unknown][] = [
  ["throws", (queue) => {
    queue.putSync(1);
    throw new RangeError("no device");
  }],
  ["rejects", async (queue) => {
    await queue.put(1);
    throw new RangeError("no device");
  }],
];
for (const [how, initializer] of failing) {
  test(`Pool initializer that ${how} fails all tasks, and no worker is replaced`, async () => {
    const queue = new Queue<number>();
    const options = { processes: 2, initializer, initargs: [queue] as [Queue<number>] };
    {
      await using pool = new Pool(options);
      const error = await assertRejects(
        () => pool.map(square, upTo(10)),
        InitializerError,
        "no device",
      );
      assertInstanceOf(error.cause, RangeError);
      await assertRejects(() => pool.apply(square, [1]), InitializerError, "no device");
      assertThrows(() => pool.applySync(square, [1]), InitializerError, "no device");
    }
    {
      await using pool = new Pool(options);
      assertThrows(() => pool.mapSync(square, upTo(10)), InitializerError, "no device");
    }
    {
      await using pool = new Pool(options);
      await assertRejects(async () => {
        for await (const _ of pool.imap(square, upTo(10))) { /* never */ }
      }, InitializerError);
    }
    assert(queue.size() <= 6, `${queue.size()} workers ran it`);
  });
}

for (const exitCode of [0, 3]) {
  test(`Pool initializer that ends its worker with ${exitCode} fails all tasks`, async () => {
    for (const call of ["map", "mapSync"] as const) {
      await using pool = new Pool({
        processes: 2,
        initializer: (code: number) => Deno.exit(code),
        initargs: [exitCode],
      });
      await assertRejects(
        async () => await pool[call](square, upTo(10)),
        WorkerDiedError,
        `exit code ${exitCode}`,
      );
    }
  });
}

test("Pool initializer that cannot be found fails all tasks", async () => {
  const nowhere = tasksOf<{ f(): void }>(new URL("./nowhere.ts", import.meta.url));
  for (const call of ["map", "mapSync"] as const) {
    await using pool = new Pool({ processes: 2, initializer: nowhere.f });
    await assertRejects(async () => await pool[call](square, upTo(10)), Error, "nowhere.ts");
  }
});

test("Pool initargs that cannot be sent fail all tasks, and the error names their path", async () => {
  await using pool = new Pool({
    processes: 1,
    initializer: tasks.initialize,
    initargs: [Symbol("s")],
  });
  await assertRejects(() => pool.map(square, upTo(10)), DataCloneError, "initargs[0]");
});

test("a pool that an initializer breaks frees no memory that its other workers may write to", async () => {
  const words = new Queue<string>();
  const [begun, go] = [new Event(), new Event()];
  words.putSync("succeed");
  const pool = new Pool({ processes: 2, initializer: tasks.initializeFrom, initargs: [words] });
  const chunks: [Event, Event, number][] = upTo(3).map((at) => [begun, go, at]);
  const failed = assertRejects(
    () => pool.starmap(tasks.afterEvent, chunks, { chunkSize: 1 }),
    InitializerError,
  );
  await begun.wait(guard);
  const workers = hostedWorkers();
  words.putSync("fail");
  while (!workers.some(hasEnded)) sleepSync(1); // its error and its end arrive together
  await failed;
  const blocks = upTo(100).map(() => allocate(4));
  for (const block of blocks) Atomics.store(i32, block, 0);
  go.set(); // the other worker receives the next chunk of the call
  for (const worker of workers) await awaitOn(waitingForEnd(worker), guard);
  assertEquals(blocks.filter((block) => Atomics.load(i32, block) !== 0), []);
  blocks.forEach(free);
  pool.terminate();
  await pool.join();
});
