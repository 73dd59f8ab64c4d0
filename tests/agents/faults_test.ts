import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import {
  CorruptMessageError,
  Event,
  Pool,
  Queue,
  TimeoutError,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { ROOT } from "../../scripts/source_files.ts";
import { test } from "../fixtures/guarded.ts";
import { linesOf, runProgram } from "../fixtures/programs.ts";
import { gone } from "../fixtures/system_processes.ts";
import { ending, guard, started } from "../fixtures/workers.ts";
import * as tasks from "./process_tasks.ts";

const startMethod = "process";

// Processes that are stopped by SIGSTOP

test("a task whose process is stopped fails when its time is up", async () => {
  await using pool = new Pool({ processes: 1, startMethod, graceMs: 1 });
  const pid = await pool.apply(() => Deno.pid);
  const call = pool.apply(tasks.stopProcess, [new Queue<number>(), 5], { timeoutMs: 500 });
  await assertRejects(() => call, TimeoutError);
  await gone(pid);
  assertEquals(await pool.apply(tasks.square, [3]), 9);
});

test("a task whose process is stopped and continued returns", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const pids = new Queue<number>();
  const call = pool.apply(tasks.stopProcess, [pids, 5]);
  const pid = await pids.get(guard);
  await stopped(pid);
  Deno.kill(pid, "SIGCONT");
  assertEquals(await call, 5);
  assertEquals(await pool.apply(() => Deno.pid), pid);
});

for (const [verb, exitCode] of [["terminate", -15], ["kill", -9]] as const) {
  test(`Process.${verb}() ends a process that is stopped`, async () => {
    const begun = new Event();
    const process = started({ target: tasks.compute, args: [begun] as never, startMethod });
    assert(await begun.wait(guard));
    Deno.kill(process.pid!, "SIGSTOP");
    await stopped(process.pid!);
    process[verb]();
    // SIGTERM has no effect on it, so it is killed.
    assertEquals(await ending(process), exitCode);
    await gone(process.pid!);
  });
}

test("Process.join() returns when its time is up while the process is stopped", async () => {
  const [begun, end] = [new Event(), new Event()];
  const process = started({ target: tasks.waitForOther, args: [begun, end] as never, startMethod });
  assert(await begun.wait(guard));
  Deno.kill(process.pid!, "SIGSTOP");
  await stopped(process.pid!);
  end.set();
  assertEquals(await process.join({ timeoutMs: 20 }), false);
  assertEquals(process.joinSync({ timeoutMs: 20 }), false);
  assert(process.isAlive());
  Deno.kill(process.pid!, "SIGCONT");
  assertEquals(await ending(process), 0);
});

test("Pool.terminate() ends processes that are stopped", async () => {
  const pool = new Pool({ processes: 2, startMethod });
  const pids = new Queue<number>();
  const calls = [0, 1].map((at) => assertRejects(() => pool.apply(tasks.stopProcess, [pids, at])));
  const [first, second] = [await pids.get(guard), await pids.get(guard)];
  await Promise.all([stopped(first), stopped(second)]);
  pool.terminate();
  await pool.join();
  await Promise.all([...calls, gone(first), gone(second)]);
});

/** Waits until a process is stopped. */
async function stopped(pid: number): Promise<void> {
  const state = () => Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1][0];
  while (state() !== "T") await new Promise((resolve) => setTimeout(resolve, 1));
}

// Subprocesses, which have the socket of the process that has started them

test("a call fails at once when its process is killed, although a subprocess of it lives", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const pids = new Queue<number>();
  const call = pool.apply(tasks.spawnAndCompute, [pids]);
  const [pid, subprocess] = [await pids.get(guard), await pids.get(guard)];
  Deno.kill(pid, "SIGKILL");
  const error = await assertRejects(() => call, WorkerDiedError);
  assertEquals(error.exitCode, -9);
  Deno.kill(subprocess, "SIGKILL"); // it throws if the subprocess has ended
  assertEquals(await pool.apply(tasks.square, [3]), 9);
});

test("results that were sent before the process was killed arrive, although a subprocess of it lives", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const pids = new Queue<number>();
  const lengths: number[] = [];
  const answers = pool.imap(tasks.answerUntilKilled, [0, 1, 2, 3].map((at) => [at, pids] as const));
  await assertRejects(async () => {
    for await (const { length } of answers) lengths.push(length);
  }, WorkerDiedError);
  assertEquals(lengths, [300_000, 300_000, 300_000]);
  Deno.kill(await pids.get(guard), "SIGKILL");
});

test("a subprocess that writes to the socket ends its process, and the pool goes on", async () => {
  await using pool = new Pool({ processes: 1, startMethod });
  const write = () => {
    const args = ["-c", "echo this is no frame >&3"];
    new Deno.Command("sh", { args, stdin: "null" }).outputSync();
    for (;;);
  };
  const error = await assertRejects(() => pool.apply(write), WorkerDiedError);
  assertInstanceOf(error.cause, CorruptMessageError);
  assertEquals(await pool.apply(tasks.square, [3]), 9);
});

test("a task and its subprocesses print while results are sent", async () => {
  const { code, stdout, stderr } = await runProgram(
    `
    import { Pool } from "@sauropod/multiprocessing";
    await using pool = new Pool({ processes: 2, startMethod: "process" });
    const print = (x) => {
      console.log("printed", x);
      console.error("error", x);
      const args = ["-c", "echo out " + x + "; echo err " + x + " >&2"];
      new Deno.Command("sh", { args, stdout: "inherit", stderr: "inherit" }).spawn();
      Deno.stdout.writeSync(new TextEncoder().encode("written " + x + "\\n"));
      return new Uint8Array(300_000).fill(x);
    };
    const all = await pool.map(print, [0, 1, 2, 3, 4, 5, 6, 7], { chunkSize: 1 });
    if (!all.every((bytes, x) => bytes.length === 300_000 && bytes.every((y) => y === x))) throw 1;
    await new Promise((resolve) => setTimeout(resolve, 200)); // for the subprocesses
  `,
    { flags: ["--allow-run", "--allow-env"] },
  );
  const lines = (...words: string[]) =>
    words.flatMap((word) => Array.from({ length: 8 }, (_, x) => `${word} ${x}`)).toSorted();
  assertEquals(code, 0);
  assertEquals(linesOf(stdout).toSorted(), lines("printed", "out", "written"));
  assertEquals(linesOf(stderr).toSorted(), lines("error", "err"));
});

// The end of the program

test("processes end with the program that is killed, and so do those that they have started", async () => {
  const { code, stdout } = await runProgram(
    `
    import { Process, Queue, task } from "${new URL("mod.ts", ROOT)}"; // processes find it too
    const nest = task(import.meta, async (pids, depth) => {
      await pids.put(Deno.pid);
      if (depth > 0) start([pids, depth - 1]);
      for (;;);
    });
    const start = (args) => new Process({ target: nest, args, startMethod: "process" }).start();
    if (import.meta.main) {
      const pids = new Queue();
      start([pids, 2]);
      start([pids, 0]);
      console.log([await pids.get(), await pids.get(), await pids.get(), await pids.get()].join());
      Deno.kill(Deno.pid, "SIGKILL");
    }
  `,
    { flags: ["--allow-run", "--allow-env"] },
  );
  assertEquals(code, 137);
  const pids = stdout.trim().split(",").map(Number);
  assertEquals(pids.length, 4);
  await deadline(Promise.all(pids.map(gone)), 10_000);
});
