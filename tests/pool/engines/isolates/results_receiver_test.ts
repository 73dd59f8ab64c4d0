/**
 * What is received of workers, without workers.
 *
 * @module
 */
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { CorruptMessageError } from "@sauropod/multiprocessing";
import { push } from "../../../../lib/channels/channel.ts";
import { messagesIn } from "../../../../lib/channels/channel_state.ts";
import { borrowEncoder, returnEncoder } from "../../../../lib/codec/encoder.ts";
import { Thrown } from "../../../../lib/codec/thrown.ts";
import { ensureIsolate } from "../../../../lib/heap/isolate_record.ts";
import { ApplyJob } from "../../../../lib/pool/calls/apply_job.ts";
import { ResultStatus } from "../../../../lib/pool/engines/isolates/protocol.ts";
import { type Result, Results } from "../../../../lib/pool/engines/isolates/results.ts";
import { test, turn } from "../../../fixtures/guarded.ts";

const { DONE, FAILED, SKIPPED, INITIALIZER_FAILED, UNREADABLE } = ResultStatus;

/** Receives results for a job with number 7; those of worker 666 do not count. */
class World {
  readonly settled: Result[] = [];
  /** Number of results that are still to come. */
  expected = 0;
  readonly job = new ApplyJob("fn", () => {}, () => {}, true, undefined);
  readonly results: Results;

  constructor() {
    ensureIsolate();
    this.results = new Results({
      jobs: new Map([[7, this.job]]),
      accepts: ({ worker }) => worker !== 666,
      expectsMore: () => this.expected > 0,
      settle: (result) => {
        this.expected--;
        this.settled.push(result);
      },
    });
  }

  /** A worker sends a result. */
  send(
    status: ResultStatus,
    payload: unknown,
    { worker = 1, jobNumber = 7, chunk = 3 } = {},
  ): void {
    const encoder = borrowEncoder();
    for (const number of [worker, jobNumber, chunk, status]) encoder.number(number);
    encoder.value(payload, "result");
    encoder.finish();
    push(this.results.channel.at, encoder);
    returnEncoder(encoder);
  }

  /** Returns the payloads of the results that were settled. */
  get payloads(): unknown[] {
    return this.settled.map(({ payload }) => payload);
  }
}

const large = "a result that does not lie in a cell of the channel".repeat(100);

test("results arrive in order, with what is in front of them", () => {
  const world = new World();
  world.send(DONE, 1);
  world.send(SKIPPED, undefined, { worker: 2, jobNumber: 8, chunk: 0 });
  world.send(DONE, large);
  world.results.receive();
  assertEquals(world.settled, [
    { worker: 1, jobNumber: 7, chunk: 3, status: DONE, payload: 1 },
    { worker: 2, jobNumber: 8, chunk: 0, status: SKIPPED, payload: undefined },
    { worker: 1, jobNumber: 7, chunk: 3, status: DONE, payload: large },
  ]);
});

test("a job reads its results itself, and other results are read as they are", () => {
  const world = new World();
  world.job.readResult = (chunk, decoder) => [chunk, decoder.value()];
  world.send(DONE, "a");
  world.send(DONE, "b", { jobNumber: 8 });
  world.send(INITIALIZER_FAILED, "c");
  world.results.receive();
  assertEquals(world.payloads, [[3, "a"], "b", "c"]);
});

test("a result that does not count is taken, and dropped", () => {
  const world = new World();
  for (const payload of ["a", large, [{ of: large }]]) {
    world.send(DONE, payload, { worker: 666 });
    world.send(DONE, payload);
  }
  world.results.receive();
  assertEquals(world.payloads, ["a", large, [{ of: large }]]);
  assertEquals(messagesIn(world.results.channel.at), 0);
});

test("a failure arrives checked, and one that is none cannot be read", () => {
  const world = new World();
  world.send(FAILED, { error: new Thrown("why"), index: 2, more: 1 });
  world.send(FAILED, { error: "why", index: -1 });
  world.send(DONE, "the next one");
  world.results.receive();
  assertEquals(world.payloads[0], { error: "why", index: 2 });
  const [, wrong, next] = world.settled;
  assertEquals([wrong.status, wrong.jobNumber, wrong.chunk], [UNREADABLE, 7, 3]);
  assertInstanceOf(wrong.payload, CorruptMessageError);
  assertEquals([next.status, next.payload], [DONE, "the next one"]);
});

test("a result that its job cannot read is unreadable, and the next one arrives", () => {
  const world = new World();
  const error = new RangeError("too few");
  const { readResult } = world.job;
  world.job.readResult = (_, decoder): never => {
    world.job.readResult = readResult;
    decoder.value();
    throw error;
  };
  world.send(DONE, large);
  world.send(DONE, "the next one");
  world.results.receive();
  assertEquals(world.settled.map(({ status }) => status), [UNREADABLE, DONE]);
  assertStrictEquals(world.payloads[0], error);
});

test("results that are received while another one is read have a decoder of their own", () => {
  const world = new World();
  const { readResult } = world.job;
  world.job.readResult = (_, decoder) => {
    world.job.readResult = readResult;
    world.results.receive();
    return decoder.value();
  };
  world.send(DONE, "outer");
  world.send(DONE, "inner");
  world.results.receive();
  assertEquals(world.payloads, ["inner", "outer"]);
});

test("receiving ends when the time is up, after each large result or some short ones", () => {
  const world = new World();
  using _ = stub(performance, "now", () => 100);
  for (const [payload, first] of [[1, 8], [large, 1]] as const) {
    for (let count = 0; count < 20; count++) world.send(DONE, payload);
    world.results.receive(false, 101);
    assertEquals(world.settled.splice(0).length, 20);
    for (let count = 0; count < 20; count++) world.send(DONE, payload);
    world.results.receive(false, 100);
    assertEquals(world.settled.splice(0).length, first);
    world.results.receive();
    assertEquals(world.settled.splice(0).length, 20 - first);
  }
});

test("listen() receives results from a later microtask on, until no more are expected", async () => {
  const world = new World();
  world.expected = 2;
  world.results.listen();
  world.results.listen();
  world.send(DONE, 1);
  assertEquals(world.settled, []);
  while (world.settled.length < 1) await turn();
  world.send(DONE, 2);
  while (world.settled.length < 2) await turn();
  await turn();
  world.send(DONE, 3);
  await turn();
  assertEquals(world.payloads, [1, 2]);
  world.expected = 1;
  world.results.listen();
  while (world.settled.length < 3) await turn();
  assertEquals(world.payloads, [1, 2, 3]);
});

test("wakeIfDone() ends listen() when no more results are expected, and not before", async () => {
  const world = new World();
  world.results.wakeIfDone(); // nobody listens
  world.expected = 1;
  world.results.listen();
  await turn();
  world.results.wakeIfDone();
  await turn();
  world.send(DONE, 1);
  while (world.settled.length < 1) await turn();
  world.expected = 1;
  world.results.listen();
  await turn();
  world.expected = 0; // the engine was terminated
  world.results.wakeIfDone();
  await turn(); // a promise that is parked would fail this test
});

test("wait() and waitSync() end when a result has arrived, or none is expected", async () => {
  const world = new World();
  await world.results.wait();
  world.expected = 1;
  const limit = { timeoutMs: 0 };
  assertEquals(world.results.waitSync(() => false, limit), false);
  let hasWaited = false;
  const waiting = world.results.wait().then(() => hasWaited = true);
  await turn();
  assertEquals(hasWaited, false);
  world.send(DONE, 1);
  await waiting;
  assertEquals(world.results.waitSync(() => false, limit), true);
  world.results.receive();
});
