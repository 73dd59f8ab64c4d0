import { assertEquals, assertStrictEquals } from "@std/assert";
import { Decoder } from "../../../lib/codec/decoder.ts";
import { ApplyJob } from "../../../lib/pool/calls/apply_job.ts";

/** A job, and what was called with its outcome. */
function makeJob() {
  const outcomes: [how: string, outcome: unknown][] = [];
  const job = new ApplyJob(
    "fn",
    (value) => outcomes.push(["resolved", value]),
    (error) => outcomes.push(["rejected", error]),
    true,
    undefined,
  );
  return { job, outcomes };
}

Deno.test("ApplyJob passes the first outcome on, once", () => {
  const [done, failed] = [makeJob(), makeJob()];
  done.job.onChunkDone(0, 7);
  failed.job.fail("why");
  for (const { job } of [done, failed]) {
    job.onChunkDone(0, 8);
    job.fail("later");
  }
  assertEquals([done.outcomes, failed.outcomes], [[["resolved", 7]], [["rejected", "why"]]]);
});

Deno.test("ApplyJob reads and stores a result as it is", () => {
  const { job } = makeJob();
  const result = { x: 1 };
  assertStrictEquals(job.storeResult(0, result), result);
  assertStrictEquals(
    job.readResult(0, Object.assign(new Decoder(), { value: () => result })),
    result,
  );
});

Deno.test("ApplyJob names no item", () => {
  const { job } = makeJob();
  assertEquals([job.itemIndex(0, 0), job.describeItem(0, 0)], [undefined, ""]);
});
