import { assert, assertEquals, assertRejects } from "@std/assert";
import { AbandonedLockError, activeChildren, Event, Lock, Queue } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ending, endingSync, guard, started } from "../fixtures/workers.ts";
import * as tasks from "../fixtures/process_tasks.ts";

// Tests of Process.terminate() and kill().

for (const [verb, exitCode] of [["terminate", -15], ["kill", -9]] as const) {
  for (const wait of [ending, endingSync]) {
    const how = wait === ending ? "awaited" : "blocking";

    test(`Process.${verb}() of a computing process gives exit code ${exitCode}, ${how}`, async () => {
      const [begun, stop] = [new Event(), new Event()];
      const process = started({ target: tasks.compute, args: [begun, stop] });
      assert(await begun.wait(guard));
      process[verb]();
      assertEquals(await wait(process), exitCode);
      assertEquals([process.isAlive(), process.error], [false, undefined]);
      assertEquals(activeChildren(), []);
      process[verb]();
      assertEquals(process.exitCode, exitCode);
      stop.set(); // so that its worker ends
    });

    test(`Process.${verb}() of an awaiting process gives exit code ${exitCode}, ${how}`, async () => {
      const [begun, never] = [new Event(), new Event()];
      const process = started({ target: tasks.awaitEvent, args: [begun, never] });
      assert(await begun.wait(guard));
      process[verb]();
      assertEquals(await wait(process), exitCode);
    });

    test(`Process.${verb}() of a starting process gives exit code ${exitCode}, ${how}`, async () => {
      const out = new Queue<unknown[]>();
      const process = started({ target: tasks.echo, args: [out] });
      process[verb]();
      assertEquals(await wait(process), exitCode);
    });

    test(`Process.${verb}() of ten processes at once gives exit code ${exitCode}, ${how}`, async () => {
      const [begun, never] = [new Event(), new Event()];
      const processes = Array.from(
        { length: 10 },
        () => started({ target: tasks.awaitEvent, args: [begun, never] }),
      );
      for (const process of processes) process[verb]();
      for (const process of processes) assertEquals(await wait(process), exitCode);
    });
  }

  test(`Process.${verb}() does nothing after the process has ended`, async () => {
    const process = started({ target: () => Deno.exit(3) });
    assertEquals(await ending(process), 3);
    process[verb]();
    assertEquals(process.exitCode, 3);
  });

  test(`Process.${verb}() makes a pending Lock.acquireSync() throw`, async () => {
    const [begun, lock, out] = [new Event(), new Lock(), new Queue<string>()];
    using _held = lock.acquireSync();
    const process = started({ target: tasks.acquire, args: [begun, lock, out] });
    assert(await begun.wait(guard));
    process[verb]();
    assertEquals(endingSync(process), verb === "kill" ? -9 : -15);
    if (verb === "terminate") assertEquals(await out.get(guard), "TerminatedError");
  });

  test(`Process.${verb}() makes a pending Queue.getSync() throw`, async () => {
    const [begun, queue, out] = [new Event(), new Queue<string>(), new Queue<string>()];
    const process = started({ target: tasks.takeItem, args: [begun, queue, out] });
    assert(await begun.wait(guard));
    process[verb]();
    assertEquals(await ending(process), verb === "kill" ? -9 : -15);
    if (verb === "terminate") assertEquals(out.getSync(guard), "TerminatedError");
    queue.putSync("item");
    assertEquals(queue.getSync(guard), "item");
  });

  test(`Process.${verb}() of the owner of a lock makes the next owner get AbandonedLockError`, async () => {
    const [lock, held, end] = [new Lock(), new Event(), new Event()];
    const process = started({ target: tasks.holdLock, args: [lock, held, end] });
    assert(await held.wait(guard));
    process[verb]();
    await assertRejects(() => lock.acquire(guard), AbandonedLockError);
    lock.release();
    await ending(process);
  });
}
