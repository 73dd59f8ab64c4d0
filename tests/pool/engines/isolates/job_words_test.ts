import { assertEquals, assertRejects } from "@std/assert";
import { Event, Pool, task, TerminatedError } from "@sauropod/multiprocessing";
import { parallelFor, prange, stopTeam } from "@sauropod/multiprocessing/loops";
import { i32 } from "../../../../lib/heap/views.ts";
import { JobWords } from "../../../../lib/pool/engines/isolates/job_words.ts";
import { hostedWorkers } from "../../../../lib/runtime/host.ts";
import { test, turn } from "../../../fixtures/guarded.ts";
import { frees, usedBytes } from "../../../fixtures/heap.ts";
import { afterEvent } from "../../../fixtures/pool_tasks.ts";
import { ended, guard, run } from "../../../fixtures/workers.ts";

test("JobWords frees words that are removed, in any order", () => {
  const words = new JobWords();
  const before = usedBytes();
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]]) {
    const added = [1, 3, 9].map((count) => words.add(count));
    added.forEach((at, index) => i32[at] = index);
    assertEquals(added.map((at) => i32[at]), [0, 1, 2]);
    for (const index of order) words.remove(added[index]);
    assertEquals(usedBytes(), before);
  }
});

test("JobWords frees its words when no isolate has it", async () => {
  await frees(async () => {
    const words = new JobWords();
    words.remove([words.add(1), words.add(20), words.add(300)][1]);
    await turn();
  });
});

test("the words of jobs are freed if their pool is terminated while tasks run, and not joined", async () => {
  await frees(async () => {
    const [begun, go] = [new Event(), new Event()];
    const pool = new Pool(1);
    const calls = [1, 2].map((value) =>
      assertRejects(() => pool.applyAsync(afterEvent<number>, [begun, go, value]), TerminatedError)
    );
    await begun.wait(guard);
    pool.terminate();
    await Promise.all(calls);
    while (hostedWorkers().length > 0) await turn();
  });
});

const leavesPool = task(import.meta, async (begun: Event, go: Event) => {
  new Pool(1).applyAsync(afterEvent<number>, [begun, go, 1]);
  await begun.wait();
});

test("the words of jobs are freed if the worker ends whose pool runs them", async () => {
  await frees(async () => {
    const [begun, go] = [new Event(), new Event()];
    await ended(run(leavesPool, begun, go));
    while (hostedWorkers().length > 0) await turn();
  });
});

test("the control words of loops are freed with their team", async () => {
  await frees(async () => {
    await parallelFor(prange(10), () => {}, { numThreads: 2 });
    await stopTeam();
  });
});
