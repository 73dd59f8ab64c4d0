import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { Pool, Process, tasksOf, TimeoutError, WorkerDiedError } from "@sauropod/multiprocessing";
import { stub } from "@std/testing/mock";
import {
  createIsolateRecord,
  ensureIsolate,
  exitCodeOf,
  freeIsolateRecord,
} from "../../lib/heap/isolate_record.ts";
import { freeError } from "../../lib/runtime/lifecycle.ts";
import { ringDueAlarms } from "../../lib/parking/alarms.ts";
import { endWatch, watchStart } from "../../lib/runtime/start_watch.ts";
import { ROOT } from "../../scripts/source_files.ts";
import { test } from "../fixtures/guarded.ts";
import { runReading } from "../fixtures/programs.ts";
import { squares, upTo } from "../fixtures/pools.ts";
import { square } from "../fixtures/pool_tasks.ts";

for (const file of ["never_loads.ts", "computes_at_top.ts"]) {
  const url = new URL(`../fixtures/functions/${file}`, import.meta.url);
  const { identity } = tasksOf<{ identity: (x: number) => number }>(url);

  test(`startTimeoutMs of a Pool ends a worker that imports ${file}`, async () => {
    await using pool = new Pool({ processes: 1, startTimeoutMs: 2000 });
    for (
      const call of [
        () => pool.apply(identity, [1]),
        async () => pool.applySync(identity, await [1] as [number]),
      ]
    ) {
      const error = await assertRejects(call, WorkerDiedError, "while it ran task identity");
      assertInstanceOf(error.cause, TimeoutError);
      assertMatch(
        error.cause.message,
        new RegExp(`within 2000 ms: it is importing file:.*${file}`),
      );
    }
    assertEquals(await pool.map(square, upTo(8)), squares(8));
  });

  test(`startTimeoutMs of a Process ends one that imports ${file}`, async () => {
    const process = new Process({ target: identity, args: [1], startTimeoutMs: 2000 });
    process.start();
    await process.join();
    assertEquals(process.exitCode, 1);
    assertInstanceOf(process.error, TimeoutError);
    assertMatch(
      process.error.message,
      /^Cannot start worker: Process-\d+ was not ready within 2000/,
    );
    const blocking = new Process({ target: identity, args: [1], startTimeoutMs: 2000 });
    blocking.start();
    blocking.joinSync();
    assertEquals(blocking.exitCode, 1);
  });
}

test("startTimeoutMs of a Pool ends workers whose initializer does not", async () => {
  const initializer = () => new Promise(() => {});
  await using pool = new Pool({ processes: 1, startTimeoutMs: 2000, initializer });
  const error = await assertRejects(() => pool.apply(square, [1]), WorkerDiedError, "do not start");
  assertInstanceOf(error.cause, TimeoutError);
  assertMatch(error.cause.message, /it is running the initializer initializer/);
});

test("startTimeoutMs does not end a worker that is ready", async () => {
  await using pool = new Pool({ processes: 1, startTimeoutMs: 5000 });
  assertEquals(await pool.map(square, upTo(8)), squares(8));
});

test("a start that takes long is reported once, and ended if the package does not load", () => {
  ensureIsolate();
  const record = createIsolateRecord(0);
  const begin = performance.now();
  const watch = watchStart(record, "PoolWorker-9", Infinity);
  using warn = stub(console, "warn");
  for (const [seconds, warnings] of [[9, 0], [10, 1], [59, 1]]) {
    using _now = stub(performance, "now", () => begin + seconds * 1000 + 100);
    ringDueAlarms();
    assertEquals(warn.calls.length, warnings);
  }
  assertEquals(
    warn.calls[0].args[0],
    "PoolWorker-9 is not ready after 10 s: it is loading the modules of the package. " +
      'Deno may be checking their types, as the first "deno test" does; "deno test --no-check" does not',
  );
  using _later = stub(performance, "now", () => begin + 61_000);
  ringDueAlarms(); // the modules of the package do not load
  assertEquals(exitCodeOf(record), 1);
  endWatch(watch);
  freeError(record);
  freeIsolateRecord(record);
});

for (const call of ["mapSync", "map"]) {
  for (
    const [what, files] of [
      ["none of the modules of a worker", [new URL("README.md", ROOT)]],
      ["only the first module of a worker", [new URL("workers/worker.ts", ROOT)]],
    ] as const
  ) {
    test(`${call}() of a program that may read ${what} throws, and names the permission`, async () => {
      const { code, stdout, stderr } = await runReading(
        [...files],
        `const pool = new mp.Pool(1);
        try {
          await pool.${call}((x) => x, [1, 2]);
        } catch (error) {
          console.log(error.name, error.message);
        }
        pool.terminate();
        await pool.join();
        console.log("abandoned", mp.abandonedWorkers());`,
      );
      assertMatch(stdout, /^NotCapable Cannot start worker: .* may not read .*--allow-read/);
      assertMatch(stdout, /abandoned 0\n$/);
      assertEquals([code, stderr], [0, ""]);
    });
  }
}
