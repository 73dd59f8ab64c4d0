import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AbandonedLockError,
  abandonedWorkers,
  activeChildren,
  Event,
  Lock,
  Queue,
} from "@sauropod/multiprocessing";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { turn } from "../fixtures/guarded.ts";
import {
  ending,
  endingSync,
  guard,
  sharedWords,
  started,
  testProcess,
  wordSet,
} from "../fixtures/workers.ts";
import * as tasks from "../fixtures/process_tasks.ts";

// Tests of Process.terminate() and kill().

for (const [verb, exitCode] of [["terminate", -15], ["kill", -9]] as const) {
  for (const wait of [ending, endingSync]) {
    const how = wait === ending ? "awaited" : "blocking";

    testProcess(
      `Process.${verb}() of a computing process gives exit code ${exitCode}, ${how}`,
      async (method) => {
        const stop = method === "process" ? new Int32Array(1) : sharedWords();
        const begun = new Event();
        const process = started({ target: tasks.compute, args: [begun, stop] });
        assert(await begun.wait(guard));
        process[verb]();
        assertEquals(await wait(process), exitCode);
        assertEquals([process.isAlive(), process.error], [false, undefined]);
        assertEquals(activeChildren(), []);
        process[verb]();
        assertEquals(process.exitCode, exitCode);
        Atomics.store(stop, 0, 1); // so that its worker ends
      },
    );

    testProcess(
      `Process.${verb}() of an awaiting process gives exit code ${exitCode}, ${how}`,
      async () => {
        const [begun, never] = [new Event(), new Event()];
        const process = started({ target: tasks.awaitEvent, args: [begun, never] });
        assert(await begun.wait(guard));
        process[verb]();
        assertEquals(await wait(process), exitCode);
      },
    );

    testProcess(
      `Process.${verb}() of a starting process gives exit code ${exitCode}, ${how}`,
      async () => {
        const out = new Queue<unknown[]>();
        const process = started({ target: tasks.echo, args: [out] });
        process[verb]();
        assertEquals(await wait(process), exitCode);
      },
    );

    testProcess(
      `Process.${verb}() of ten processes at once gives exit code ${exitCode}, ${how}`,
      async () => {
        const [begun, never] = [new Event(), new Event()];
        const processes = Array.from(
          { length: 10 },
          () => started({ target: tasks.awaitEvent, args: [begun, never] }),
        );
        for (const process of processes) process[verb]();
        for (const process of processes) assertEquals(await wait(process), exitCode);
      },
    );
  }

  testProcess(`Process.${verb}() does nothing after the process has ended`, async () => {
    const process = started({ target: () => Deno.exit(3) });
    assertEquals(await ending(process), 3);
    process[verb]();
    assertEquals(process.exitCode, 3);
  });

  testProcess(`Process.${verb}() makes a pending Lock.acquireSync() throw`, async () => {
    const [begun, lock, told] = [new Event(), new Lock(), sharedWords()];
    using _held = lock.acquireSync();
    const process = started({ target: tasks.acquire, args: [begun, lock, told] });
    assert(await begun.wait(guard));
    process[verb]();
    assertEquals(endingSync(process), verb === "kill" ? -9 : -15);
    await wordSet(told);
  });

  testProcess(`Process.${verb}() makes a pending Queue.getSync() throw`, async () => {
    const [begun, queue, told] = [new Event(), new Queue<string>(), sharedWords()];
    const process = started({ target: tasks.takeItem, args: [begun, queue, told] });
    assert(await begun.wait(guard));
    process[verb]();
    assertEquals(await ending(process), verb === "kill" ? -9 : -15);
    await wordSet(told);
    queue.putSync("item");
    assertEquals(queue.getSync(guard), "item");
  });

  testProcess(
    `Process.${verb}() of the owner of a lock makes the next owner get AbandonedLockError`,
    async () => {
      const [lock, held, end] = [new Lock(), new Event(), new Event()];
      const process = started({ target: tasks.holdLock, args: [lock, held, end] });
      assert(await held.wait(guard));
      process[verb]();
      await assertRejects(() => lock.acquire(guard), AbandonedLockError);
      lock.release();
      await ending(process);
    },
  );
}

testProcess(
  "abandonedWorkers() counts a worker that computes after its end until it stops",
  async () => {
    const [begun, stop] = [new Event(), sharedWords()];
    const process = started({ target: tasks.compute, args: [begun, stop] });
    assert(await begun.wait(guard));
    assertEquals(abandonedWorkers(), 0);
    process.terminate();
    assertEquals(await ending(process), -15);
    assertEquals(abandonedWorkers(), 1);
    Atomics.store(stop, 0, 1);
    while (abandonedWorkers() > 0) await turn();
  },
);

testProcess("A worker that stops late gives back what it held", async () => {
  const [begun, stop] = [new Event(), sharedWords()];
  const process = started({ target: tasks.compute, args: [begun, stop] });
  assert(await begun.wait(guard));
  process.kill();
  assertEquals(await ending(process), -9);
  const references = () => i32[addressOf(begun)! + objectWord.REFERENCES];
  assertEquals(references(), 2);
  Atomics.store(stop, 0, 1);
  while (references() > 1) await turn();
});
