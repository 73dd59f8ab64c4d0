import { assertEquals, assertRejects } from "@std/assert";
import { stub } from "@std/testing/mock";
import { WorkerDiedError } from "@sauropod/multiprocessing";
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { parallelReduce } from "@sauropod/multiprocessing/loops";
import { IsolateEngine } from "../../lib/pool/engines/isolates/isolate_engine.ts";
import { loopTest } from "./loops.ts";

const failure = new WorkerDiedError("The workers of the pool do not start: exit code 1", {
  exitCode: 1,
});

/** Breaks the engine that is used while `run` runs, as workers do that do not start. */
async function whileBroken(run: () => Promise<unknown>): Promise<void> {
  using _ = stub(IsolateEngine.prototype, "checkUsable", function (this: IsolateEngine) {
    this.broken = failure;
    throw failure;
  });
  await assertRejects(run, WorkerDiedError, "do not start");
}

loopTest(
  "Parallel() makes calls in new workers if those of an earlier call did not start",
  async () => {
    const run = () => Parallel({ nJobs: 2 })([delayed(Math.sqrt)(4)]);
    await whileBroken(run);
    assertEquals(await run(), [2]);
  },
);

loopTest("a loop runs in new workers if those of an earlier loop did not start", async () => {
  const run = () => parallelReduce(10, (i) => i, { combine: "+", numThreads: 2 });
  await whileBroken(run);
  assertEquals(await run(), 45);
});
