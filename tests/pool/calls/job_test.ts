import { assertEquals } from "@std/assert";
import { ApplyJob } from "../../../lib/pool/calls/apply_job.ts";
import { abortWith, SettleHandlers } from "../../../lib/pool/calls/job.ts";

Deno.test("SettleHandlers.run() runs every handler once, in the order of add()", () => {
  const handlers = new SettleHandlers();
  const ran: string[] = [];
  for (const name of ["engine", "signal", "caller"]) handlers.add(() => ran.push(name));
  assertEquals(ran, []);
  handlers.run();
  handlers.run();
  assertEquals(ran, ["engine", "signal", "caller"]);
});

Deno.test("SettleHandlers.add() runs the handler at once after run()", () => {
  const handlers = new SettleHandlers();
  handlers.run();
  let runs = 0;
  handlers.add(() => runs++);
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
