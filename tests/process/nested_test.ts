import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { EOFError, Event, Pipe, Queue, TaskLookupError, tasksOf } from "@sauropod/multiprocessing";
import { ending, endingSync, guard, started, testProcess } from "../fixtures/workers.ts";
import * as tasks from "../fixtures/process_tasks.ts";

// Tests of processes and pools that processes start.

testProcess("Process in a Process starts while the main isolate awaits or blocks", async () => {
  for (const wait of [ending, endingSync]) {
    const out = new Queue<Record<string, unknown>>();
    const process = started({ target: tasks.nest, args: [out as Queue<unknown>], name: "outer" });
    assertEquals(await wait(process), 0);
    const { current, parent } = await out.get(guard);
    assertEquals((current as { name: string }).name, "inner");
    assertEquals(parent, { name: "outer", pid: process.pid, alive: true });
    assertEquals(await out.get(guard), { children: 1, exitCode: 0 });
  }
});

testProcess(
  "Process in a blocking Process starts while the main isolate awaits or blocks",
  async () => {
    for (const wait of [ending, endingSync]) {
      const out = new Queue<unknown>();
      const process = started({ target: tasks.nestSync, args: [out] });
      assertEquals(await wait(process), 0);
      assertEquals(out.size(), 2);
      await out.get(guard);
      assertEquals(await out.get(guard), 0);
    }
  },
);

testProcess("Process.start() nests to any depth, with messages in order", async () => {
  for (const wait of [ending, endingSync]) {
    const out = new Queue<number[]>();
    const process = started({ target: tasks.recurse, args: [out, []] });
    assertEquals(await wait(process), 0);
    const paths = [];
    while (!out.empty()) paths.push(out.getSync(guard));
    assertEquals(paths, [[], [0], [0, 0], [0, 1], [1], [1, 0], [1, 1]]);
  }
});

testProcess("Process in a Process can outlive its parent", async () => {
  const [go, out] = [new Event(), new Queue<unknown[]>()];
  const process = started({ target: tasks.leaveChildBehind, args: ["orphan", out, go] });
  assertEquals(await ending(process), 0);
  go.set();
  assertEquals(await out.get(guard), ["orphan"]);
  await allEnded();
});

/** Waits until no worker is left, of whatever process. */
async function allEnded(): Promise<void> {
  const { hostedWorkers } = await import("../../lib/runtime/host.ts");
  while (hostedWorkers().length > 0) await new Promise((resolve) => setTimeout(resolve, 0));
}

for (const task of ["mapInPool", "mapInPoolSync"] as const) {
  testProcess(
    `Pool in a Process works while the main isolate awaits or blocks: ${task}`,
    async () => {
      for (const wait of [ending, endingSync]) {
        const out = new Queue<number[]>();
        const process = started({ target: tasks[task], args: [out] });
        assertEquals(await wait(process), 0);
        assertEquals(await out.get(guard), [1, 4, 9]);
      }
    },
  );
}

testProcess("Process.start() throws while a worker imports the module that calls it", async () => {
  const url = new URL("../fixtures/starts_at_import.ts", import.meta.url);
  const module = tasksOf<typeof import("../fixtures/starts_at_import.ts")>(url);
  const process = started({
    target: async (nothing: () => void) => {
      console.error = () => {};
      await nothing();
    },
    args: [module.nothing],
  });
  assertEquals(await ending(process), 1);
  assertInstanceOf(process.error, TaskLookupError);
  assertStringIncludes(process.error.message, "In a module that is not the program, put it into");
  assertStringIncludes(process.error.message, "while its module is being imported by a worker");
  assertStringIncludes(process.error.message, "import.meta.main");
});

testProcess("Process ends its daemons and pools when it ends", async () => {
  const [here, there] = Pipe<string>();
  const go = new Event();
  const process = started({ target: tasks.leaveDaemonsBehind, args: [there, go, new Event()] });
  assertEquals([await here.recv(guard), await here.recv(guard)], ["here", "here"]);
  go.set();
  assertEquals(await ending(process), 0);
  await assertRejects(() => here.recv(guard), EOFError); // the other end has no owner any more
});

testProcess("pools and processes nest ten deep, and no deeper", async () => {
  for (const deeper of [tasks.nestPools, tasks.nestProcesses]) {
    assertEquals(await deeper(10), 10);
    const error = await assertRejects(async () => await deeper(11), RangeError);
    assertStringIncludes(error.message, "would be nested 11 deep, and the limit is 10");
  }
});

testProcess("maps from every worker at once, three deep, end", async () => {
  assertEquals(await tasks.nestMaps(3), 8);
});
