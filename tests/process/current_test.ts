import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  cpuCount,
  currentProcess,
  EOFError,
  Event,
  parentProcess,
  Pipe,
  Queue,
} from "@sauropod/multiprocessing";
import { ending, guard, started, testProcess } from "../fixtures/workers.ts";
import * as tasks from "../fixtures/process_tasks.ts";

testProcess("currentProcess() in the main program is MainProcess, which has no parent", () => {
  const { name, daemon, pid } = currentProcess();
  assertEquals([name, daemon, pid], ["MainProcess", false, 1]);
  assertEquals(parentProcess(), undefined);
  assert(cpuCount() >= 1);
});

testProcess(
  "currentProcess() and parentProcess() in a process are the process and its creator",
  async () => {
    const out = new Queue<unknown>();
    const process = started({ target: tasks.putIdentity, args: [out], name: "me", daemon: true });
    assertEquals(await out.get(guard), {
      current: { name: "me", daemon: true, pid: process.pid },
      parent: { name: "MainProcess", pid: currentProcess().pid, alive: true },
      children: 0,
    });
    assertEquals(await ending(process), 0);
  },
);

// CPython TestProcess.test_parent_process
testProcess("parentProcess() in a grandchild notices the end of its parent", async () => {
  for (const end of ["terminate", "kill", "error", "return"] as const) {
    const [[here, there], go] = [Pipe<unknown[]>(), new Event()];
    const process = started({ target: tasks.endWatchedByChild, args: [there, go, end] });
    const [pid, alive, inTime] = await here.recv(guard);
    assertEquals([pid, alive, inTime], [process.pid, true, false], end);
    if (end === "terminate") process.terminate();
    else if (end === "kill") process.kill();
    else go.set();
    assertEquals(await here.recv(guard), [true, false], end);
    await ending(process);
    await assertRejects(() => here.recv(guard), EOFError); // the child of the child has ended too
  }
});

testProcess("Process.daemon defaults to the flag of the creator", async () => {
  const out = new Queue<boolean>();
  for (const daemon of [true, false]) {
    const process = started({ target: tasks.putDaemon, args: [out], daemon });
    assertEquals(process.daemon, daemon);
    assertEquals(await out.get(guard), daemon);
    await ending(process);
  }
});
