import { assertEquals } from "@std/assert";
import { ApplyJob } from "../../../lib/pool/calls/apply_job.ts";
import { abortWith } from "../../../lib/pool/calls/job.ts";

const ignore = () => {};

Deno.test("onSettled() handlers run once, in the order in which they were added", () => {
  const job = new ApplyJob(undefined, ignore, ignore, false, undefined);
  const ran: string[] = [];
  for (const name of ["engine", "signal", "caller"]) job.onSettled(() => ran.push(name));
  assertEquals(ran, []);
  assertEquals([job.settle(), job.settle()], [true, false]);
  assertEquals(ran, ["engine", "signal", "caller"]);
});

Deno.test("onSettled() runs the handler at once after the job has settled", () => {
  const job = new ApplyJob(undefined, ignore, ignore, false, undefined);
  job.onChunkDone(0, "result");
  let runs = 0;
  job.onSettled(() => runs++);
  assertEquals(runs, 1);
});

Deno.test("abortWith() fails the job with the reason of the signal, until the job settles", () => {
  for (const settles of [false, true]) {
    const outcomes: unknown[] = [];
    const add = (outcome: unknown) => outcomes.push(outcome);
    const job = new ApplyJob(undefined, add, add, true, undefined);
    const controller = new AbortController();
    abortWith(controller.signal, job);
    if (settles) job.onChunkDone(0, "result");
    controller.abort("reason");
    assertEquals(outcomes, [settles ? "result" : "reason"]);
  }
});
