/**
 * Workers of the warm reserve, which are given their start request after their start.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { Process, Queue, task, tasksOf, TimeoutError } from "@sauropod/multiprocessing";
import { IsolateState, isolateState, isolateWord } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { hostedWorkers } from "../../lib/runtime/host.ts";
import { RESERVE_SIZE } from "../../lib/runtime/start_request.ts";
import { test, turn } from "../fixtures/guarded.ts";
import { runWithMp } from "../fixtures/programs.ts";
import { ended, guard } from "../fixtures/workers.ts";

const neverLoads = new URL("../fixtures/functions/never_loads.ts", import.meta.url);
const { identity } = tasksOf<{ identity: (x: number) => number }>(neverLoads);

/** Fills the reserve. Returns the numbers of its workers, which wait for their start requests. */
async function filledReserve(): Promise<number[]> {
  const process = new Process({ target: Math.sqrt, args: [4], startMethod: "forkserver" });
  process.start(); // those of the reserve of another test have ended, and are forgotten now
  await ended(process as unknown as Process);
  const waiting = () => hostedWorkers().filter((it) => isolateState(it) === IsolateState.IDLE);
  while (waiting().length < RESERVE_SIZE) await turn();
  return waiting().map((record) => i32[record + isolateWord.PID]);
}

const putName = task(import.meta, (out: Queue<string>) => out.putSync("it runs"));

test(
  "a process of the start method forkserver gets a worker of the reserve, which is filled again",
  async () => {
    const pids = await filledReserve();
    const out = new Queue<string>();
    const process = new Process({ target: putName, args: [out], startMethod: "forkserver" });
    process.start();
    assert(pids.includes(process.pid!));
    assertEquals(await out.get(guard), "it runs");
    await ended(process as unknown as Process);
    assertEquals((await filledReserve()).length, RESERVE_SIZE);
  },
  { reserve: true },
);

test("startTimeoutMs ends a worker of the reserve whose module does not load", async () => {
  await filledReserve();
  const options = { startMethod: "forkserver", startTimeoutMs: 500 } as const;
  const process = new Process({ target: identity, args: [1], ...options });
  process.start();
  await process.join(guard);
  assertEquals(process.exitCode, 1);
  assertInstanceOf(process.error, TimeoutError);
  assertMatch(process.error.message, /was not ready within 500 ms: it is importing .*never_loads/);
}, { reserve: true });

test("a process that is told to end at once ends, also one of the reserve", async () => {
  for (const startMethod of ["spawn", "forkserver"] as const) {
    await filledReserve();
    const out = new Queue<string>();
    const process = new Process({ target: putName, args: [out], startMethod });
    process.start();
    process.terminate();
    await ended(process as unknown as Process, -15);
    assertEquals(out.empty(), true);
  }
}, { reserve: true });

for (const daemon of [false, true]) {
  const keeps = daemon ? "does not keep" : "keeps";
  Deno.test(`a ${daemon ? "daemon" : "process"} of the reserve ${keeps} the program alive`, async () => {
    const host = new URL("../../lib/runtime/host.ts", import.meta.url);
    const { code, stdout, stderr } = await runWithMp(`
      import { hostedWorkers } from "${host}";
      const child = mp.task(import.meta, async (daemon) => {
        if (daemon) await new Promise(() => {});
        await new Promise((resolve) => setTimeout(resolve, 50));
        console.log("the process ends");
      });
      if (import.meta.main) {
        const first = new mp.Process({ target: Math.sqrt, args: [4], startMethod: "forkserver" });
        first.start();
        await first.join();
        while (hostedWorkers().length < ${RESERVE_SIZE}) await mp.sleep(1);
        const options = { daemon: ${daemon}, startMethod: "forkserver" };
        new mp.Process({ target: child, args: [${daemon}], ...options }).start();
        console.log("the program ends");
      }
    `);
    const lines = daemon ? "the program ends\n" : "the program ends\nthe process ends\n";
    assertEquals([code, stdout, stderr], [0, lines, ""]);
  });
}
