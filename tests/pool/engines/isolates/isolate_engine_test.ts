import { assert, assertEquals, assertThrows } from "@std/assert";
import { ClosedError, TerminatedError, TimeoutError } from "@sauropod/multiprocessing";
import { i32 } from "../../../../lib/heap/views.ts";
import { ApplyJob } from "../../../../lib/pool/calls/apply_job.ts";
import { CallMode } from "../../../../lib/pool/chunks/chunk.ts";
import { IsolateEngine } from "../../../../lib/pool/engines/isolates/isolate_engine.ts";
import { JobFlag } from "../../../../lib/pool/engines/isolates/protocol.ts";
import { test } from "../../../fixtures/guarded.ts";
import { frees, usedBytes } from "../../../fixtures/heap.ts";
import { linesOf, runWithMp } from "../../../fixtures/programs.ts";

/** An engine that starts no workers, so that its chunks stay. */
function makeEngine(): IsolateEngine {
  return new IsolateEngine({
    size: 0,
    initializer: undefined,
    initargs: [],
    graceMs: 1000,
    maxChunks: 0,
    startMethod: "spawn",
    startTimeoutMs: Infinity,
    idleTimeoutMs: Infinity,
  });
}

/** A job of the engine, and its outcomes. */
function makeJob(engine: IsolateEngine, cancellable = true) {
  const outcomes: unknown[] = [];
  const add = (outcome: unknown) => outcomes.push(outcome);
  const job = new ApplyJob(engine.targetOf(Math.sqrt), add, add, cancellable, undefined);
  return { job, outcomes };
}

test("a job that may be cancelled has a flag, until it has settled and its chunks have come back", async () => {
  const engine = makeEngine();
  const { job } = makeJob(engine);
  engine.send(job, CallMode.APPLY, [4], "args");
  assertEquals([i32[job.flag], engine.hasBegun(job)], [JobFlag.WAITING, false]);
  i32[job.flag] = JobFlag.BEGUN;
  assertEquals([engine.hasBegun(job), engine.withdraw(job)], [true, false]);
  i32[job.flag] = JobFlag.WAITING;
  assertEquals([engine.withdraw(job), i32[job.flag]], [true, JobFlag.CANCELLED]);
  assertEquals(engine.withdraw(job), false);
  const { job: other } = makeJob(engine, false);
  engine.send(other, CallMode.APPLY, [4], "args");
  assertEquals([other.flag, engine.hasBegun(other), engine.withdraw(other)], [0, false, false]);
  engine.terminate(-15);
  await engine.join();
});

test("a job that has settled while its chunk is out is cancelled, and cannot be withdrawn", async () => {
  const engine = makeEngine();
  const [cancelled, late] = [makeJob(engine), makeJob(engine)];
  for (const { job } of [cancelled, late]) engine.send(job, CallMode.APPLY, [4], "args");
  cancelled.job.fail("aborted");
  i32[late.job.flag] = JobFlag.TIMED_OUT;
  late.job.fail("time up");
  assertEquals(
    [cancelled, late].map(({ job }) => i32[job.flag]),
    [JobFlag.CANCELLED, JobFlag.TIMED_OUT],
  );
  assertEquals([engine.withdraw(cancelled.job), engine.chunksOut], [false, 2]);
  engine.terminate(-15);
  await engine.join();
});

test("terminate() fails all jobs once, frees their words, and refuses others", async () => {
  await frees(async () => {
    const engine = makeEngine();
    const jobs = [true, false, true].map((cancellable) => makeJob(engine, cancellable));
    for (const { job } of jobs) engine.send(job, CallMode.APPLY, ["text".repeat(1000)], "args");
    assertEquals(engine.chunksOut, 3);
    engine.terminate(-15);
    engine.terminate(-9);
    for (const { outcomes, job } of jobs) {
      assert(outcomes[0] instanceof TerminatedError);
      assertEquals([outcomes.length, job.flag], [1, 0]);
    }
    assertEquals(engine.chunksOut, 0);
    assertThrows(() => engine.checkUsable(), ClosedError, "it was terminated");
    await engine.drain();
    await engine.join();
  });
});

test("what cannot be sent leaves nothing, and what comes after the end of the channel is refused", async () => {
  const engine = makeEngine();
  const before = usedBytes();
  const { job, outcomes } = makeJob(engine);
  assertThrows(() => engine.send(job, CallMode.APPLY, [Symbol("odd")], "args"), Error, "args[0]");
  const { job: many } = makeJob(engine);
  assertThrows(() => engine.sendMany(many, CallMode.MAP, [Symbol("odd")], 1), Error, "items[0]");
  assertEquals([engine.chunksOut, outcomes, usedBytes()], [0, [], before]);
  assertEquals([job.settled, many.settled, job.flag, many.flag], [true, true, 0, 0]);
  engine.close();
  const { job: late } = makeJob(engine);
  assertThrows(() => engine.send(late, CallMode.APPLY, [4], "args"), ClosedError, "it is closed");
  assertEquals([engine.chunksOut, usedBytes()], [0, before]);
  await engine.join();
});

test("blocking for a job ends when the time is up, and at once for one that has settled", async () => {
  const engine = makeEngine();
  const { job } = makeJob(engine);
  engine.send(job, CallMode.APPLY, [4], "args");
  for (const timeoutMs of [0, 5]) assertEquals(engine.waitSync(job, { timeoutMs }), false);
  job.fail(new TimeoutError("enough"));
  assertEquals(engine.waitSync(job, { timeoutMs: 0 }), true);
  engine.terminate(-15);
  await engine.join();
});

Deno.test("a pool logs the workers that it starts, and those that have ended", async () => {
  const { code, stderr } = await runWithMp(`
    mp.logToStderr("DEBUG");
    await using pool = new mp.Pool(1);
    await pool.apply(() => Deno.exit(3)).catch(() => {});
    await pool.apply(Math.sqrt, [4]);
  `);
  assertEquals(code, 0);
  const lines = linesOf(stderr).filter((line) => /MainProcess\] (added|removed)/.test(line));
  assertEquals(lines.slice(0, 3), [
    "[DEBUG/MainProcess] added worker PoolWorker-1",
    "[DEBUG/MainProcess] removed worker PoolWorker-1: exit code 3",
    "[DEBUG/MainProcess] added worker PoolWorker-2",
  ]);
});

Deno.test("a program does not end while a call is out, and ends with a pool that is idle", async () => {
  const { code, stdout, stderr } = await runWithMp(`
    const pool = new mp.Pool(1);
    pool.apply(() => new Promise((resolve) => setTimeout(() => resolve("a result"), 50)))
      .then(console.log);
    pool.applyAsync(() => new Promise((resolve) => setTimeout(() => resolve("another"), 50)))
      .then(console.log);
    console.log("the program waits");
  `);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(linesOf(stdout), ["the program waits", "a result", "another"]);
});
