import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ClosedError, InitializerError, TerminatedError } from "@sauropod/multiprocessing";
import { ApplyJob } from "../../../lib/pool/calls/apply_job.ts";
import { ChunkStatus } from "../../../lib/pool/chunks/chunk.ts";
import {
  BaseEngine,
  initializerError,
  settleChunk,
  terminatedError,
} from "../../../lib/pool/engines/base_engine.ts";

/** An engine whose parts can be called from outside. */
class OpenEngine extends BaseEngine {
  /** What no engine is at first. */
  get ends(): boolean[] {
    return [this.closed, this.terminated];
  }
  terminate(): void {
    this.terminated = true;
  }
  override notifyChange(): void {
    super.notifyChange();
  }
  override change(): Promise<void> {
    return super.change();
  }
  sent(job: ApplyJob<unknown>): void {
    this.countSent(job);
  }
  returned(job: ApplyJob<unknown>): void {
    this.countReturned(job);
  }
}

/** A job, and its outcomes. */
function makeJob() {
  const outcomes: unknown[] = [];
  const add = (outcome: unknown) => outcomes.push(outcome);
  return { job: new ApplyJob("fn", add, add, true, undefined), outcomes };
}

Deno.test("an engine can be used until it is broken or terminated", () => {
  const [engine, broken] = [new OpenEngine(), new OpenEngine()];
  engine.checkUsable();
  engine.checkJoin();
  assertEquals(engine.ends, [false, false]);
  engine.terminate();
  assertThrows(() => engine.checkUsable(), ClosedError, "it was terminated. Make a new pool");
  broken.broken = new RangeError("why");
  assertStrictEquals(assertThrows(() => broken.checkUsable()), broken.broken);
});

Deno.test("an engine counts the chunks that are out, its own and those of each job", () => {
  const engine = new OpenEngine();
  const [first, second] = [makeJob().job, makeJob().job];
  const counts = () => [engine.chunksOut, first.chunksOut, second.chunksOut];
  for (const job of [first, second, second]) engine.sent(job);
  assertEquals(counts(), [3, 1, 2]);
  engine.returned(second);
  assertEquals(counts(), [2, 1, 1]);
});

Deno.test("a change of an engine ends all waits for it, and later ones wait for the next", async () => {
  const engine = new OpenEngine();
  const ended: string[] = [];
  const waits = ["a", "b"].map((name) => engine.change().then(() => ended.push(name)));
  await null;
  assertEquals(ended, []);
  engine.notifyChange();
  await Promise.all(waits);
  const later = engine.change().then(() => ended.push("c"));
  await null;
  assertEquals(ended, ["a", "b"]);
  engine.notifyChange();
  await later;
});

Deno.test("settleChunk() passes a result or an error to the job, and nothing of a skipped chunk", () => {
  const [done, failed, skipped] = [makeJob(), makeJob(), makeJob()];
  settleChunk(done.job, 0, ChunkStatus.DONE, 7);
  settleChunk(failed.job, 0, ChunkStatus.FAILED, { error: "why", index: 0 });
  settleChunk(skipped.job, 0, ChunkStatus.SKIPPED, undefined);
  assertEquals([done, failed, skipped].map(({ outcomes }) => outcomes), [[7], ["why"], []]);
  assertEquals(skipped.job.settled, false);
});

Deno.test("the errors of an engine say what has happened to it", () => {
  const cause = new RangeError("no model");
  const error = initializerError(cause);
  assertEquals(error.constructor, InitializerError);
  assertEquals(error.message, "The initializer of the pool failed: no model");
  assertStrictEquals(error.cause, cause);
  assertEquals(terminatedError().constructor, TerminatedError);
});
