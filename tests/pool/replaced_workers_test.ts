import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Event, Pool, Value } from "@sauropod/multiprocessing";
import { GUARD_MS, test } from "../fixtures/guarded.ts";
import { guard, upTo } from "../fixtures/pools.ts";
import { goesOn, pid } from "../fixtures/pool_tasks.ts";
import { submitterOf } from "../../lib/pool/pool.ts";

// Workers whose cancelled task goes on: in these tests for longer than the tests may take.

const GRACE = 10 * GUARD_MS;

/**
 * Occupies the workers of a pool with cancelled tasks, which go on until the event `go` is set. Returns
 * it, and the pid of the last of these workers.
 */
async function occupied(pool: Pool, how: "await" | "block"): Promise<{ go: Event; late: number }> {
  const [go, late] = [new Event(), new Value("int32", 0)];
  const controller = new AbortController();
  const { signal } = controller;
  const begun = upTo(pool.processes).map(() => new Event());
  const outcomes = begun.map((event) =>
    assertRejects(() => pool.apply(goesOn, [how, event, go, late], { signal }), SyntaxError)
  );
  for (const event of begun) assert(await event.wait(guard));
  controller.abort(new SyntaxError("enough"));
  await Promise.all(outcomes);
  return { go, late: late.value };
}

for (const how of ["await", "block"] as const) {
  test(`Pool runs calls although all its workers ${how} in cancelled tasks`, async () => {
    await using pool = new Pool({ processes: 2, graceMs: GRACE });
    const { go } = await occupied(pool, how);
    assertEquals(await pool.map(Math.abs, [-1, -2, -3]), [1, 2, 3]);
    assertEquals(pool.applySync(Math.abs, [-4]), 4);
    go.set();
  });

  test(`Pool runs blocking calls although all its workers ${how} in cancelled tasks`, async () => {
    await using pool = new Pool({ processes: 2, graceMs: GRACE });
    const { go } = await occupied(pool, how);
    assertEquals(pool.mapSync(Math.abs, [-1, -2, -3]), [1, 2, 3]);
    go.set();
  });
}

test("Pool ends a worker that was replaced once its task has ended: it runs no other", async () => {
  await using pool = new Pool({ processes: 1, graceMs: GRACE });
  const { go, late } = await occupied(pool, "block");
  const replacement = await pool.apply(pid);
  assertNotEquals(replacement, late);
  go.set();
  for (let call = 0; call < 50; call++) assertEquals(await pool.apply(pid), replacement);
});

test("Pool gives up a cancelled task that began before the answer of another one was read", async () => {
  await using pool = new Pool({ processes: 1, graceMs: 1 });
  const [begun, never, worker] = [new Event(), new Event(), new Value("int32", 0)];
  const controller = new AbortController();
  const { signal } = controller;
  const first = pool.apply(pid);
  const second = pool.apply(goesOn, ["await", begun, never, worker], { signal });
  const outcome = assertRejects(() => second, SyntaxError);
  begun.waitSync(guard); // the answer of the first waits to be read
  controller.abort(new SyntaxError("enough"));
  await outcome;
  assertEquals(await first, worker.value);
  assertNotEquals(await pool.apply(pid), worker.value);
});

test("Pool keeps a worker whose cancelled task ends before there is work for it", async () => {
  await using pool = new Pool({ processes: 1, graceMs: GRACE });
  const { go, late } = await occupied(pool, "block");
  go.set();
  await submitterOf(pool as Pool).engine.drain(); // the task has ended
  assertEquals(await pool.apply(pid), late);
});
