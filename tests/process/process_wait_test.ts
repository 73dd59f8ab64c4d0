import { assertEquals, assertThrows } from "@std/assert";
import { Event, Process, waitAny, waitAnySync } from "@sauropod/multiprocessing";
import { ended, guard, started, testProcess } from "../fixtures/workers.ts";
import * as tasks from "../fixtures/process_tasks.ts";

testProcess("waitAny() and waitAnySync() return the processes that have ended", async () => {
  const [begun, ends] = [[new Event(), new Event()], [new Event(), new Event()]];
  const processes = ends.map((end, at) =>
    started({ target: tasks.awaitEvent, args: [begun[at], end] })
  );
  for (const event of begun) await event.wait(guard);
  const [first, second] = processes;
  assertEquals(await waitAny(processes, { timeoutMs: 0 }), []);
  assertEquals(waitAnySync(processes, { timeoutMs: 0 }), []);
  const waiting = waitAny(processes, guard);
  ends[1].set();
  assertEquals(await waiting, [second]);
  assertEquals(waitAnySync(processes, guard), [second]);
  await ended(second);
  ends[0].set();
  assertEquals(waitAnySync([first], guard), [first]);
  await ended(first);
  assertEquals(await waitAny(processes, guard), processes);
});

testProcess("waitAny() refuses a process that was not started", () => {
  const process = new Process({ name: "early" });
  assertThrows(
    () => waitAnySync([process], guard),
    Error,
    "Cannot wait for process early: it was not started. Call start() first",
  );
});
