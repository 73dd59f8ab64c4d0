import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { Decoder } from "../../../lib/codec/decoder.ts";
import { MapJob } from "../../../lib/pool/calls/map_job.ts";
import { type Progress, ProgressReport } from "../../../lib/pool/calls/progress.ts";
import { turn } from "../../fixtures/turn.ts";

/** A job with so many items, in chunks of two, and what is reported of it. */
function makeJob(total: number) {
  const reports: [done: number, ended: boolean][] = [];
  const report = ({ done, ended }: Progress) => reports.push([done, ended]);
  const job = new MapJob("fn", total, 2, new ProgressReport(report, total));
  return { job, reports };
}

/** Gives the job the results of a chunk. */
function settleChunk(job: MapJob<unknown>, chunk: number, results: unknown[]): void {
  job.onChunkDone(chunk, job.storeResult(chunk, results));
}

Deno.test("MapJob puts results into their places, and resolves when the last has come", async () => {
  const { job, reports } = makeJob(5);
  settleChunk(job, 2, ["e"]);
  settleChunk(job, 0, ["a", "b"]);
  assertEquals([job.settled, reports], [false, [[1, false], [3, false]]]);
  settleChunk(job, 1, ["c", "d"]);
  assertEquals([job.settled, reports.at(-1)], [true, [5, true]]);
  assertEquals(job.outcome(), ["a", "b", "c", "d", "e"]);
  assertStrictEquals(await job.promise, job.outcome());
});

Deno.test("MapJob reads the results of a chunk into their places", () => {
  const { job } = makeJob(5);
  const read: [from: number, length: number][] = [];
  const decoder = Object.assign(new Decoder(), {
    itemsInto(list: unknown[], from: number, length: number) {
      assertStrictEquals(list, job.outcome());
      read.push([from, length]);
    },
  });
  assertEquals([0, 1, 2].map((chunk) => job.readResult(chunk, decoder)), [2, 2, 1]);
  assertEquals(read, [[0, 2], [2, 2], [4, 1]]);
});

Deno.test("MapJob without items has ended at once", async () => {
  const { job, reports } = makeJob(0);
  assertEquals([job.settled, reports, await job.promise], [true, [[0, true]], []]);
});

Deno.test("MapJob fails with the first error, and takes no results afterwards", async () => {
  const { job, reports } = makeJob(4);
  const order: string[] = [];
  job.onSettled(() => order.push("settled"));
  settleChunk(job, 0, ["a", "b"]);
  job.fail(new RangeError("first"));
  job.fail(new RangeError("second"));
  settleChunk(job, 1, ["c", "d"]);
  assertEquals([order, reports], [["settled"], [[2, false], [2, true]]]);
  await assertRejects(() => job.promise, RangeError, "first");
  assertThrows(() => job.outcome(), RangeError, "first");
});

Deno.test("MapJob keeps a falsy error", async () => {
  for (const error of [undefined, 0, ""]) {
    const { job } = makeJob(2);
    job.fail(error);
    assertEquals(await job.promise.catch((thrown) => [thrown]), [error]);
  }
});

Deno.test("MapJob that has succeeded cannot fail", async () => {
  const { job, reports } = makeJob(2);
  settleChunk(job, 0, ["a", "b"]);
  job.fail(new RangeError("late"));
  await turn();
  assertEquals([await job.promise, job.outcome(), reports], [["a", "b"], ["a", "b"], [[2, true]]]);
});

Deno.test("MapJob names items by their index in the call, and may be cancelled", () => {
  const { job } = makeJob(5);
  assertEquals([job.itemIndex(0, 1), job.itemIndex(2, 0)], [1, 4]);
  assertEquals(job.describeItem(1, 1), ", item 3");
  assertEquals([job.target, job.cancellable], ["fn", true]);
});
