import { assertEquals, assertRejects } from "@std/assert";
import { Pool, Queue, WorkerDiedError } from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { guard } from "../fixtures/workers.ts";
import * as tasks from "./process_tasks.ts";

const startMethod = "process";

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
