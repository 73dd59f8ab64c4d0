import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Event, getAllStartMethods, getContext, Process, Queue } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ending, endingSync, guard } from "../fixtures/workers.ts";
import * as tasks from "../fixtures/process_tasks.ts";

test("getContext() returns the classes of a start method", () => {
  assertEquals(getAllStartMethods(), ["spawn", "forkserver", "process"]);
  assertEquals(getContext(), getContext("spawn"));
  assertEquals(getContext().startMethod, "spawn");
  assertEquals(getContext("spawn").Process, Process);
  assertEquals(getContext("forkserver").startMethod, "forkserver");
  assertEquals(getContext("process").startMethod, "process");
  const get = (method: unknown) => () => getContext(method as "spawn");
  assertThrows(get("fork"), RangeError, "cannot be made a copy of another");
  const wanted = 'method must be "spawn", "forkserver" or "process", not "thread"';
  assertThrows(get("thread"), RangeError, wanted);
  assertThrows(get("toString"), RangeError, "Cannot get context");
});

test("getContext().getContext() returns the same context, or that of its argument", () => {
  for (const method of getAllStartMethods()) {
    const context = getContext(method);
    assertStrictEquals(context.getContext(), context);
    for (const other of getAllStartMethods()) {
      assertStrictEquals(context.getContext(other), getContext(other));
    }
    assertThrows(() => context.getContext("fork" as "spawn"), RangeError, "cannot be made a copy");
  }
});

test("getContext() returns a frozen object", () => {
  for (const method of getAllStartMethods()) {
    const context = getContext(method) as { startMethod: unknown };
    for (const other of ["spawn", "forkserver", undefined]) {
      assertThrows(() => context.startMethod = other, TypeError);
    }
    assertEquals(context.startMethod, method);
  }
});

test("getContext().Process of each start method runs, ends and can be terminated", async () => {
  for (const method of getAllStartMethods()) {
    const context = getContext(method);
    const out = new Queue<unknown[]>();
    for (let round = 0; round < 4; round++) {
      const process = new context.Process({ target: tasks.echo, args: [out, round] });
      process.start();
      assertEquals(await out.get(guard), [round]);
      assertEquals(await (round % 2 ? ending : endingSync)(process as Process), 0);
    }
    const [begun, never] = [new Event(), new Event()];
    const endless = new context.Process({
      target: tasks.awaitEvent,
      args: [begun, never] as const,
    });
    endless.start();
    assert(await begun.wait(guard));
    endless.terminate();
    assertEquals(await ending(endless as Process), -15);
  }
}, { reserve: true });

test(
  "getContext('forkserver').Process can be started many times while the main isolate blocks",
  () => {
    const { Process: Warm } = getContext("forkserver");
    const processes = Array.from({ length: 6 }, () => new Warm({ target: Math.random }));
    for (const process of processes) process.start();
    for (const process of processes) assertEquals(endingSync(process), 0);
  },
  { reserve: true },
);

for (const method of ["spawn", "forkserver", "process"] as const) {
  const { Pool } = getContext(method);

  test(
    `getContext("${method}").Pool has workers of its start method, with a number and with options`,
    async () => {
      for (const options of [2, { processes: 2 }]) {
        await using pool = new Pool(options);
        assertEquals(pool.processes, 2);
        const pid = await pool.apply(() => Deno.pid);
        assertEquals(pid !== Deno.pid, method === "process");
      }
    },
    { reserve: true },
  );

  Deno.test(`getContext("${method}").Pool rejects what is no option`, () => {
    const make = Pool as unknown as new (...args: unknown[]) => unknown;
    assertThrows(() => new make(2, () => {}), TypeError, "Cannot make pool: ");
    assertThrows(() => new make("2"), TypeError, "Cannot make pool: ");
    assertThrows(() => new make({ processes: 0 }), RangeError, "Cannot make pool: ");
  });
}
