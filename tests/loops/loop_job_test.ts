import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { JobWords } from "../../lib/pool/engines/isolates/job_words.ts";
import {
  allocateControl,
  freeControl,
  isLoopStopped,
  startParticipant,
} from "../../lib/loops/loop_control.ts";
import { LoopJob } from "../../lib/loops/loop_job.ts";
import type { LoopOutcome, StartedLoop } from "../../lib/loops/loop_plan.ts";
import { partition } from "../../lib/loops/schedule.ts";
import { test } from "../fixtures/guarded.ts";

function named(i: number): number {
  return i;
}

/** A job whose participants the test plays. */
class Played implements Disposable {
  readonly control = allocateControl();
  readonly removed: number[] = [];
  readonly job: LoopJob;

  constructor(participants: number, parts: Partial<StartedLoop> = {}) {
    const loop = { start: 0, step: 1, length: 4, keepsChunks: false, control: this.control };
    const chunks = partition(4, 2, "dynamic", 1);
    const words = { remove: (control: number) => this.removed.push(control) };
    this.job = new LoopJob(
      { ...loop, body: named, context: {}, partition: chunks, ...parts },
      words as unknown as JobWords,
    );
    for (let count = 0; count < participants; count++) startParticipant(this.control);
  }

  [Symbol.dispose](): void {
    freeControl(this.control);
  }
}

const outcome = (...values: unknown[]): LoopOutcome => ({ values, chunks: [] });
const failed = (error: unknown): LoopOutcome => ({
  ...outcome(),
  failure: { error, index: 3, worker: "PoolWorker-7" },
});

test("a loop ends when all participants that had started have returned", async () => {
  using played = new Played(2);
  const { job } = played;
  job.onChunkDone(0, outcome(1));
  assertEquals(job.settled, false);
  assertEquals(startParticipant(played.control), false); // no other need start
  job.onChunkDone(1, { ...outcome(), late: true });
  assertEquals(job.settled, false);
  job.onChunkDone(2, outcome(2));
  assertEquals(job.settled, true);
  assertEquals(await job.promise, [outcome(1), outcome(2)]);
  assertEquals(job.outcomes(), [outcome(1), outcome(2)]);
  assertEquals(isLoopStopped(played.control), false);
});

test("a loop fails with the first error of a participant, and is stopped", async () => {
  using played = new Played(3);
  const { job } = played;
  const error = new RangeError("no");
  job.onChunkDone(0, outcome(1));
  job.onChunkDone(1, failed(error));
  assertEquals([job.settled, isLoopStopped(played.control)], [true, true]);
  job.onChunkDone(2, failed(new TypeError("later")));
  job.fail(new TypeError("later"));
  assertStrictEquals(await assertRejects(() => job.promise), error);
  assertStrictEquals(assertThrows(() => job.outcomes()), error);
  assert(error.stack!.includes("--- in task named, index 3, run by PoolWorker-7"), error.stack);
});

test("the error of a loop names the function of the caller that its body calls", async () => {
  const callee = function theirs() {};
  using played = new Played(1, { callee });
  const error = new RangeError("no");
  played.job.onChunkDone(0, failed(error));
  await assertRejects(() => played.job.promise, RangeError, "no");
  assert(error.stack!.includes("in task theirs, index 3"), error.stack);
  assertEquals(played.job.describeItem(), ", a part of loop theirs");
  const by = { task: "named", worker: "PoolWorker-2" };
  const lost = new RangeError("lost");
  played.job.explain(0, { error: lost, index: 0, by });
  assert(lost.stack!.includes("in task theirs, run by PoolWorker-2"), lost.stack);
  const here = new RangeError("here");
  played.job.explain(0, { error: here, index: 0 });
  assert(here.stack!.includes("in task theirs, run by this isolate"), here.stack);
});

test("the words of a loop are freed when all have returned, unless a worker was lost", async () => {
  for (const isLost of [false, true]) {
    using played = new Played(1);
    played.job.onChunkDone(0, outcome());
    await played.job.promise;
    assertEquals(played.removed, []);
    if (isLost) played.job.loseWorker();
    played.job.onReturned();
    assertEquals(played.removed, isLost ? [] : [played.control]);
  }
});
