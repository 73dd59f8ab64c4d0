/**
 * Threads of workers.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Event, Pool, Queue } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import * as tasks from "../fixtures/thread_tasks.ts";
import { ended, guard, run } from "../fixtures/workers.ts";

test("Process waits for its threads before it ends, but not for daemons", async () => {
  const [go, out] = [new Event(), new Queue<string>()];
  const process = run(tasks.leaveThreadsBehind, go, out);
  assertEquals(await process.join({ timeoutMs: 100 }), false);
  go.set();
  await ended(process);
  assertEquals([await out.get(guard), await out.get(guard)], ["first", "last"]);
});

test("Process that throws waits for its threads before it ends", async () => {
  const [go, out] = [new Event(), new Queue<string>()];
  const process = run(tasks.failAndLeaveThreadsBehind, go, out);
  assertEquals(await process.join({ timeoutMs: 100 }), false);
  assertEquals(process.error, undefined);
  go.set();
  assert(await process.join(guard));
  assertEquals([process.exitCode, String(process.error)], [1, "RangeError: too far"]);
  assertEquals([out.size(), out.getSync(), out.getSync()], [2, "first", "last"]);
});

test("Process with an uncaught error in a thread ends with exit code 0", async () => {
  const out = new Queue<string>();
  const process = run(tasks.failInThread, out);
  await ended(process);
  assertEquals(await out.get(guard), "failing: RangeError: too far");
});

for (
  const [name, task] of [["waits", tasks.leaveEndless], ["blocks", tasks.blockInThread]] as const
) {
  test(`Process.terminate() ends a process whose thread ${name}`, async () => {
    const begun = new Event();
    const process = run(task, begun);
    assert(await begun.wait(guard));
    process.terminate();
    await ended(process, -15);
  });
}

test("Pool waits for the threads of its workers when it ends", async () => {
  const out = new Queue<string>();
  {
    await using pool = new Pool(1);
    assertEquals(await pool.apply(tasks.leaveThreadInPool, [out]), "returned");
  }
  assertEquals(out.tryGet(), { value: "done" });
});
