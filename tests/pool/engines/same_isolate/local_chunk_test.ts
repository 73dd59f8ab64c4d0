import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { stub } from "@std/testing/mock";
import { CancelledError, TimeoutError } from "@sauropod/multiprocessing";
import type { AnyFunction } from "../../../../lib/codec/task.ts";
import { msToNextAlarm, ringDueAlarms } from "../../../../lib/parking/alarms.ts";
import { ApplyJob } from "../../../../lib/pool/calls/apply_job.ts";
import { CallMode, ChunkStatus } from "../../../../lib/pool/chunks/chunk.ts";
import { LocalChunk } from "../../../../lib/pool/engines/same_isolate/local_chunk.ts";
import { Level } from "../../../../lib/threading/nesting.ts";
import { test } from "../../../fixtures/guarded.ts";

/** A chunk of calls of a function, and how it has ended. */
function makeChunk(
  { fn = (x: number) => x, timeoutMs, mode = CallMode.MAP, payload = [1, 2] }: {
    fn?: AnyFunction;
    timeoutMs?: number;
    mode?: CallMode;
    payload?: unknown[];
  } = {},
) {
  const policy = timeoutMs === undefined
    ? undefined
    : { timeoutMs, retries: 0, retryOn: undefined };
  const job = new ApplyJob<AnyFunction>(fn, () => {}, () => {}, true, undefined, policy);
  const ends: unknown[] = [];
  const chunk = new LocalChunk(job, 0, mode, payload, (of, status, payload) => {
    ends.push([of === chunk, status, payload]);
  });
  chunk.level = new Level(undefined);
  return { job, chunk, ends };
}

test("a chunk runs at its level, and tells its end with itself", () => {
  const { chunk, ends } = makeChunk();
  assertEquals(chunk.run(), undefined);
  chunk.level!.end();
  assertEquals([ends, chunk.item], [[[true, ChunkStatus.DONE, [1, 2]]], 1]);
});

test("a chunk with a time limit knows when each item began", () => {
  let now = 1000;
  using _ = stub(performance, "now", () => now++);
  const begins: number[] = [];
  const limited = makeChunk({ timeoutMs: 5, fn: () => begins.push(limited.chunk.itemBegunAt) });
  limited.chunk.run();
  const once = makeChunk({ timeoutMs: 5, mode: CallMode.APPLY });
  once.chunk.run();
  for (const { chunk } of [limited, once]) chunk.level!.end();
  assertEquals(begins, [1001, 1002]);
  assertEquals([once.chunk.itemBegunAt, once.ends.length], [1003, 1]);
});

test("a chunk begins no further item once its job has settled", () => {
  const { job, chunk } = makeChunk({ timeoutMs: 5 });
  assert(chunk.beginsItem(1));
  const { itemBegunAt } = chunk;
  job.fail("aborted");
  assertEquals([chunk.beginsItem(2), chunk.item], [false, 1]);
  assertEquals(chunk.itemBegunAt, itemBegunAt);
  chunk.level!.end();
});

test("the task of a chunk has the name of its function, and a reason to end once its job has", () => {
  for (const isTimeUp of [false, true]) {
    const { job, chunk } = makeChunk();
    const { signal, name, attempt } = chunk.task;
    assertEquals([name, attempt, signal.aborted], ["fn", 0, false]);
    if (isTimeUp) chunk.isTimeUp = true;
    chunk.task.check();
    assertEquals([chunk.task.signal === signal, signal.aborted], [true, false]);
    job.fail("aborted");
    assert(signal.aborted);
    assertInstanceOf(signal.reason, isTimeUp ? TimeoutError : CancelledError);
    chunk.level!.end();
  }
  const { chunk } = makeChunk({ fn: (() => () => {})() });
  assertEquals(chunk.task.name, "(anonymous)");
  chunk.level!.end();
});

test("an alarm of a chunk takes the place of the one before, or of none", () => {
  const { chunk } = makeChunk();
  const rung: string[] = [];
  const at = performance.now();
  chunk.setAlarm(at, () => rung.push("first"));
  chunk.setAlarm(at, () => rung.push("second"));
  ringDueAlarms();
  assertEquals(rung, ["second"]);
  chunk.setAlarm(at + 60_000, () => rung.push("never"));
  assert(msToNextAlarm() < Infinity);
  chunk.setAlarm(Infinity, () => rung.push("never"));
  assertEquals([msToNextAlarm(), rung], [Infinity, ["second"]]);
  chunk.level!.end();
});
