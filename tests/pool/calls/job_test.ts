import { assertEquals, assertStrictEquals } from "@std/assert";
import { ApplyJob } from "../../../lib/pool/calls/apply_job.ts";
import { abortWith } from "../../../lib/pool/calls/job.ts";
import type { TaskPolicy } from "../../../lib/pool/calls/task_policy.ts";
import { CallMode } from "../../../lib/pool/chunks/chunk.ts";

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

Deno.test("abortWith() listens to the signal only until the job settles", () => {
  const job = new ApplyJob(undefined, ignore, ignore, true, undefined);
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  Object.assign(signal, {
    addEventListener: (_: string, listener: unknown) => listeners.add(listener),
    removeEventListener: (_: string, listener: unknown) => listeners.delete(listener),
  });
  abortWith(signal, job);
  assertEquals(listeners.size, 1);
  job.fail("why");
  assertEquals(listeners.size, 0);
});

// Chunks that are sent again

/** Makes a job with a policy, of which the source is kept. */
function jobWith(policy?: Partial<TaskPolicy>) {
  const all = policy && { timeoutMs: Infinity, retries: 0, retryOn: undefined, ...policy };
  const job = new ApplyJob(undefined, ignore, ignore, true, undefined, all);
  const payload = [1, 2];
  job.keepSource({ mode: CallMode.MAP, payload, name: "items", chunkSize: 1 });
  return { job, payload };
}

Deno.test("takeRetry() grants each chunk as many retries as the policy says, after deaths", () => {
  const { job } = jobWith({ retries: 2 });
  const taken = [7, 7, 0, 7, 0, 0].map((chunk) => job.takeRetry(chunk, "died", true));
  assertEquals(taken, [true, true, true, false, true, false]);
  assertEquals([7, 0, 1].map((chunk) => job.attemptsBefore(chunk)), [2, 2, 0]);
});

Deno.test("takeRetry() grants retries after the errors that retryOn returns true for", () => {
  const answers: unknown[] = [];
  const retryOn = (error: unknown) => {
    answers.push(error);
    return error as boolean;
  };
  const { job } = jobWith({ retries: 2, retryOn });
  const taken = [false, 1 as never, true, true, true].map((error) =>
    job.takeRetry(0, error, false)
  );
  assertEquals(taken, [false, false, true, true, false]);
  assertEquals(answers, [false, 1, true, true]);
  assertEquals(jobWith({ retries: 1 }).job.takeRetry(0, "error", false), false);
});

Deno.test("takeRetry() grants none without retries, or once the job has settled", () => {
  assertEquals(jobWith().job.takeRetry(0, "died", true), false);
  assertEquals(jobWith({ timeoutMs: 5 }).job.takeRetry(0, "died", true), false);
  const { job } = jobWith({ retries: 1 });
  job.fail("aborted");
  assertEquals([job.takeRetry(0, "died", true), job.attemptsBefore(0)], [false, 0]);
});

Deno.test("a job that was not given its source is not sent again", () => {
  const policy = { timeoutMs: Infinity, retries: 1, retryOn: undefined };
  const job = new ApplyJob(undefined, ignore, ignore, true, undefined, policy);
  assertEquals(job.takeRetry(0, "died", true), false);
  job.loseWorker();
  assertEquals(job.takeRetry(0, "died", true), false);
});

Deno.test("keepSource() keeps the items as they are at the call", () => {
  const { job, payload } = jobWith({ retries: 1 });
  payload[0] = 9;
  job.loseWorker();
  assertEquals(job.source, { mode: CallMode.MAP, payload: [1, 2], name: "items", chunkSize: 1 });
});

Deno.test("a job that is never sent again does not keep its items", () => {
  for (const { job } of [jobWith(), jobWith({ timeoutMs: 5 })]) {
    job.loseWorker();
    assertEquals(job.source as unknown, undefined);
  }
});

Deno.test("a job knows whether it has lost a worker", () => {
  for (const { job } of [jobWith(), jobWith({ retries: 1 })]) {
    assertEquals(job.hasLostWorker, false);
    job.loseWorker();
    assertEquals(job.hasLostWorker, true);
  }
});

Deno.test("lose() fails the job, and explain() leaves an error of this isolate as it is", () => {
  const errors: unknown[] = [];
  const job = new ApplyJob(undefined, ignore, (error) => errors.push(error), true, undefined);
  job.lose(0, 0, "lost");
  assertEquals([errors, job.settled], [["lost"], true]);
  const error = new RangeError();
  assertStrictEquals(job.explain(0, { error, index: 0 }), error);
  assertEquals(job.taskName(0), undefined);
});
