import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { Event, Pool, WorkerDiedError } from "@sauropod/multiprocessing";
import { test } from "../../../fixtures/guarded.ts";
import { guard, squares, upTo } from "../../../fixtures/pools.ts";
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
    const [begun, go] = [new Event(), new Event()];
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

test("an error outside a task is reported, and its worker survives", async () => {
  await using pool = new Pool(1);
  const worker = await pool.apply(tasks.pid);
  await pool.apply(() => {
    console.error = () => {};
    setTimeout(() => {
      throw new Error("late");
    }, 0);
    Promise.reject(new Error("unhandled"));
  });
  await pool.apply(() => new Promise((resolve) => setTimeout(resolve, 0)));
  assertEquals(await pool.apply(tasks.pid), worker);
});
