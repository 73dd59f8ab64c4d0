import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import {
  Event as SharedEvent,
  Pool,
  Queue,
  tasksOf,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { test } from "../../../fixtures/guarded.ts";
import { guard, outcomes, squares, upTo } from "../../../fixtures/pools.ts";
import * as tasks from "../../../fixtures/pool_tasks.ts";
import { square } from "../../../fixtures/pool_tasks.ts";

const deaths: [how: string, die: () => unknown, exitCode: number][] = [
  ["Deno.exit(3)", () => Deno.exit(3), 3],
  ["Deno.exit(0)", () => Deno.exit(0), 0],
  // deno-lint-ignore no-process-global
  ["process.exit(7)", () => process.exit(7), 7],
  ["self.close()", () => self.close(), 0],
  ["self.close() and a wait", async () => {
    self.close();
    await new Promise(() => {});
  }, 0],
  ["Deno.exit(4) in a timer", () => {
    setTimeout(() => Deno.exit(4), 0);
    return new Promise(() => {});
  }, 4],
];

for (const [how, die, exitCode] of deaths) {
  test(`a worker that ends by ${how} fails its task and is replaced`, async () => {
    await using pool = new Pool(2);
    const [begun, go] = [new SharedEvent(), new SharedEvent()];
    const other = pool.apply(tasks.afterEvent<string>, [begun, go, "other"]);
    assert(await begun.wait(guard));
    for (let round = 0; round < 2; round++) {
      for (
        const call of [
          () => pool.apply(die),
          () => pool.map(die, [1, 2, 3]),
          () => pool.applyAsync(die).get(guard),
          async () => pool.applySync(die, await []),
          async () => pool.mapSync(die, await [1, 2, 3]),
          async () => {
            for await (const _ of pool.imap(die, [1])) { /* never */ }
          },
        ]
      ) {
        const error = await assertRejects(call, WorkerDiedError, `exit code ${exitCode}`);
        assertEquals(error.exitCode, exitCode);
        assertMatch(error.stack!, /run by PoolWorker-\d+, called from:\n.*worker_death_test.ts/);
      }
    }
    go.set();
    assertEquals(await other, "other");
    assertEquals(await pool.map(square, upTo(20)), squares(20));
    assertEquals(pool.mapSync(square, upTo(20)), squares(20));
  });
}

test("a worker that dies between tasks is replaced", async () => {
  await using pool = new Pool(1);
  for (let round = 0; round < 3; round++) {
    const first = await pool.apply(tasks.pid);
    await pool.apply(() => void setTimeout(() => Deno.exit(5), 0));
    let now = first;
    while (now === first) { // a task that the dying worker received fails
      now = await pool.apply(tasks.pid).catch((error) => {
        assertInstanceOf(error, WorkerDiedError);
        return first;
      });
    }
  }
});

test("workers are replaced when all die while the main isolate blocks", async () => {
  for (const processes of [1, 2, 4]) {
    await using pool = new Pool(processes);
    const dying = upTo(8).map(() => pool.applyAsync(() => Deno.exit(3)));
    assertEquals(pool.applySync(square, [3]), 9);
    for (const result of dying) {
      await assertRejects(() => result.get(guard), WorkerDiedError);
    }
  }
});

const outside: [how: string, fail: () => unknown][] = [
  ["an error in a timer", () => {
    setTimeout(() => {
      throw new RangeError("outside");
    }, 0);
  }],
  ["an unhandled rejection", () => void Promise.reject(new RangeError("outside"))],
  ["an error in an event listener", () => {
    const target = new EventTarget();
    target.addEventListener("it", () => {
      throw new RangeError("outside");
    });
    setTimeout(() => target.dispatchEvent(new Event("it")), 0);
  }],
  ["reportError()", () => reportError(new RangeError("outside"))],
  ["an emitter without a listener", async () => {
    const { EventEmitter } = await import("node:events");
    setTimeout(() => new EventEmitter().emit("error", new RangeError("outside")), 0);
  }],
];

for (const [how, fail] of outside) {
  test(`${how}, outside of the task, ends the worker: the task fails, its cause is the error`, async () => {
    const { failBeside } = tasks;
    await using pool = new Pool(1);
    for (
      const call of [
        () => pool.apply(failBeside, [fail]),
        () => pool.map(failBeside, [fail]),
        async () => pool.applySync(failBeside, await [fail]),
        async () => {
          for await (const _ of pool.imap(failBeside, [fail])) { /* never */ }
        },
      ]
    ) {
      const error = await assertRejects(call, WorkerDiedError, "exit code 1");
      assertInstanceOf(error.cause, RangeError);
      assertEquals(error.cause.message, "outside");
      assertEquals(error.task, "failBeside");
      assertMatch(error.worker!, /^PoolWorker-/);
    }
    assertEquals(await pool.map(square, upTo(8)), squares(8));
  });

  test(`${how} in an initializer fails the calls with the error as cause`, async () => {
    await using pool = new Pool({ processes: 1, initializer: tasks.failBeside, initargs: [fail] });
    const error = await assertRejects(() => pool.apply(square, [2]), WorkerDiedError);
    assertInstanceOf(error.cause, RangeError);
  });
}

test("an error outside of a task is printed if no call fails with it, and the worker is replaced", async () => {
  await using pool = new Pool(1);
  const [worker, printed] = [await pool.apply(tasks.pid), new Queue<string>()];
  await pool.apply(tasks.failAfterTask, [printed]);
  assertMatch(await printed.get(guard), /PoolWorker-\d+, uncaught outside of a task:.*late/);
  let now = worker;
  while (now === worker) { // a task that the dying worker received fails
    now = await pool.apply(tasks.pid).catch((error) => {
      assertInstanceOf(error, WorkerDiedError);
      return worker;
    });
  }
});

test("WorkerDiedError tells the worker, the task and the item", async () => {
  await using pool = new Pool(1);
  const error = await assertRejects(
    () => pool.map(tasks.exitAt, [5, 6, 7, 8], { chunkSize: 4 }),
    WorkerDiedError,
    "ended with exit code 7 while it ran task exitAt, item 2",
  );
  assertEquals([error.exitCode, error.item], [7, 2]);
  assertMatch(error.message, new RegExp(`^The worker ${error.worker} .* ${error.task}, item 2$`));
  const apply = await assertRejects(() => pool.apply(tasks.exitAt, [7]), WorkerDiedError);
  assertEquals(apply.item, undefined);
});

test("imap yields an error for each item that was lost with its worker, and the results of the others", async () => {
  await using pool = new Pool(1);
  const items = await outcomes(pool.imap(tasks.exitAt, [5, 6, 7, 8, 9], { chunkSize: 5 }));
  assertEquals(items.slice(3), [8, 9]);
  for (const item of items.slice(0, 3)) assertInstanceOf(item, WorkerDiedError);
  assertEquals(items.length, 5);
});

for (const [end, how] of [["exits", "calls Deno.exit"], ["closes", "closes itself"]] as const) {
  test(`a module that ${how} at its top level fails each task that needs it`, async () => {
    const url = new URL(`../../../fixtures/functions/${end}_at_top.ts`, import.meta.url);
    const { identity } = tasksOf<{ identity: (x: number) => number }>(url);
    await using pool = new Pool(1);
    for (let round = 0; round < 5; round++) {
      for (
        const call of [
          () => pool.map(identity, [1, 2, 3], { chunkSize: 1 }),
          () => pool.apply(identity, [1]),
        ]
      ) await assertRejects(call, WorkerDiedError, "while it ran task identity");
    }
    assertEquals(await pool.map(square, upTo(8)), squares(8));
  });
}
