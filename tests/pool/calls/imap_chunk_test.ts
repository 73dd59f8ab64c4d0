import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CorruptMessageError, DataCloneError, Pool, task } from "@sauropod/multiprocessing";
import { Decoder } from "../../../lib/codec/decoder.ts";
import { callSite } from "../../../lib/pool/calls/call_site.ts";
import { type ChunkCall, ImapChunk } from "../../../lib/pool/calls/imap_chunk.ts";
import type { TaskPolicy } from "../../../lib/pool/calls/task_policy.ts";
import { CallMode } from "../../../lib/pool/chunks/chunk.ts";
import { submitterOf } from "../../../lib/pool/pool.ts";
import { test } from "../../fixtures/guarded.ts";
import { square } from "../../fixtures/pool_tasks.ts";
import { FakeEngine } from "./fake_engine.ts";

export const call = task(import.meta, (fn: (x: number) => unknown, x: number) => fn(x));
export const rejectNumber = task(import.meta, function rejectNumber(x: number): never {
  throw new RangeError(`${x} is no item`);
});

test("the error of a chunk of several functions names the function of the item", async () => {
  await using pool = new Pool(1);
  const submitter = submitterOf(pool as unknown as Pool);
  for (const at of [0, 1, 3]) {
    const functions = Array.from({ length: 4 }, (_, index) => index === at ? rejectNumber : square);
    const chunk = submitter.sendChunk({
      target: submitter.engine.targetOf(call),
      mode: CallMode.BATCH,
      items: functions.map((fn, index) => [fn, index]),
      functions,
      first: 10,
      noun: "call",
      site: callSite(),
    });
    const error = await assertRejects(() => chunk.outcomes, RangeError, `${at} is no item`);
    assertMatch(
      error.stack!,
      new RegExp(`--- in task rejectNumber, call 1${at}, run by PoolWorker`),
    );
  }
});

// What a chunk does with what comes back

/** Sends a chunk of four items, the first of which is number 10 of its call. */
function sendChunk(options: Partial<ChunkCall> = {}, engine = new FakeEngine()) {
  const chunk = new ImapChunk(engine, {
    target: "fn",
    mode: CallMode.MAP_ALL,
    items: ["a", "b", "c", "d"],
    first: 10,
    noun: "item",
    site: {},
    ...options,
  }, () => new RangeError("cancelled"));
  return { chunk, engine, sent: engine.takeSent() };
}

/** Lets what has come back be dealt with. */
async function dealtWith(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await null;
}

Deno.test("a chunk sends its items, and its outcomes are what comes back", async () => {
  const { chunk, sent } = sendChunk();
  assertEquals([sent.mode, sent.items, sent.name], [
    CallMode.MAP_ALL,
    ["a", "b", "c", "d"],
    "items",
  ]);
  assertEquals([sent.job.target, sent.job.cancellable], ["fn", true]);
  const outcomes = { results: [1, 2, 3, 4], failures: [], ms: 5 };
  sent.job.onChunkDone(0, outcomes);
  assertStrictEquals(await chunk.outcomes, outcomes);
});

Deno.test("a chunk reads as many results as it has items", () => {
  const { sent } = sendChunk();
  const read = (value: unknown) => {
    const decoder = Object.assign(new Decoder(), { value: () => value });
    return sent.job.readResult(0, decoder);
  };
  const outcomes = { results: [1, 2, 3, 4], failures: [] };
  assertEquals(read(outcomes), outcomes);
  assertThrows(() => read({ results: [1], failures: [] }), CorruptMessageError, "too few results");
});

Deno.test("errors of items take the places of their results", async () => {
  const { chunk, sent, engine } = sendChunk();
  const failures = [{ error: "why", index: 1 }, { error: "too", index: 3 }];
  sent.job.onChunkDone(0, { results: [1, undefined, 3, undefined], failures });
  assertEquals(await chunk.outcomes, { results: [1, undefined, 3, undefined], failures });
  assertEquals(engine.sent, []);
});

Deno.test("a task that is lost loses the items before it, and those behind it are sent again", async () => {
  const { chunk, sent, engine } = sendChunk();
  assertEquals([sent.job.itemIndex(0, 1), sent.job.describeItem(0, 1)], [11, ", item 11"]);
  sent.job.lose(0, 1, "lost");
  await dealtWith();
  const again = engine.takeSent();
  assertEquals([again.items, again.job.attemptsBefore(0)], [["c", "d"], 0]);
  assertEquals([again.job.itemIndex(0, 1), again.job.describeItem(0, 0)], [13, ", item 12"]);
  again.job.onChunkDone(0, { results: [3, undefined], failures: [{ error: "why", index: 1 }] });
  assertEquals(await chunk.outcomes, {
    results: Object.assign(new Array(4), { 2: 3, 3: undefined }),
    failures: [
      { error: "lost", index: 0 },
      { error: "lost", index: 1 },
      { error: "why", index: 3 },
    ],
  });
  assertEquals(engine.sent, []);
});

Deno.test("each of several tasks that are lost loses what was sent with it", async () => {
  for (const last of [3, 99]) { // 99: a process has told of an item that there is not
    const { chunk, sent, engine } = sendChunk();
    sent.job.lose(0, 0, "first");
    await dealtWith();
    engine.takeSent().job.lose(0, last, "last");
    const lost = [["first", 0], ["last", 1], ["last", 2], ["last", 3]];
    assertEquals(await chunk.outcomes, {
      results: new Array(4),
      failures: lost.map(([error, index]) => ({ error, index: index as number })),
    });
    assertEquals(engine.sent, []);
  }
});

Deno.test("a chunk that ends at its first error fails as a whole if its task is lost", async () => {
  for (const mode of [CallMode.MAP, CallMode.BATCH]) {
    const { chunk, sent } = sendChunk({ mode });
    sent.job.lose(0, 1, new SyntaxError("lost"));
    await assertRejects(() => chunk.outcomes, SyntaxError, "lost");
  }
});

Deno.test("a chunk whose job fails fails as a whole", async () => {
  const { chunk, sent } = sendChunk();
  sent.job.fail(new SyntaxError("terminated"));
  await assertRejects(() => chunk.outcomes, SyntaxError, "terminated");
});

Deno.test("a chunk is withdrawn if it has not begun, and cancelled in any case", async () => {
  const engine = new FakeEngine();
  const { chunk, sent } = sendChunk({}, engine);
  engine.isWaiting = false;
  chunk.withdraw();
  assertEquals(sent.job.settled, false);
  engine.isWaiting = true;
  chunk.withdraw();
  await assertRejects(() => chunk.outcomes, RangeError, "cancelled");
  const other = sendChunk();
  other.chunk.cancel();
  await assertRejects(() => other.chunk.outcomes, RangeError, "cancelled");
});

// Items that are run again

/** Retries of errors that are strings. */
const policy: TaskPolicy = {
  timeoutMs: Infinity,
  retries: 2,
  retryOn: (error) => typeof error === "string",
};
const failedAt = (index: number, error: unknown = "why") => ({
  results: [1, 2, 3, 4],
  failures: [{ error, index }],
});

Deno.test("an item that failed is run again alone, and its result takes its place", async () => {
  const { chunk, sent, engine } = sendChunk({ policy });
  sent.job.onChunkDone(0, failedAt(2));
  await dealtWith();
  const again = engine.takeSent();
  assertEquals([again.items, again.job.attemptsBefore(0), again.job.itemIndex(0, 0)], [
    ["c"],
    1,
    12,
  ]);
  again.job.keepSource({ mode: CallMode.MAP_ALL, payload: ["c"], name: "items", chunkSize: 1 });
  assertEquals(again.job.takeRetry(0, "its worker died", true), true);
  assertEquals(again.job.attemptsBefore(0), 2); // the engine counts its own
  again.job.onChunkDone(0, { results: ["third"], failures: [] });
  assertEquals(await chunk.outcomes, { results: [1, 2, "third", 4], failures: [] });
});

Deno.test("an item is run again as often as the policy says, also after its task was lost", async () => {
  const { chunk, sent, engine } = sendChunk({ policy });
  sent.job.onChunkDone(0, failedAt(1));
  await dealtWith();
  engine.takeSent().job.lose(0, 0, "lost");
  await dealtWith();
  const last = engine.takeSent();
  assertEquals([last.items, last.job.attemptsBefore(0)], [["b"], 2]);
  last.job.onChunkDone(0, { results: [undefined], failures: [{ error: "last", index: 0 }] });
  assertEquals((await chunk.outcomes).failures, [{ error: "last", index: 1 }]);
  assertEquals(engine.sent, []);
});

Deno.test("an item is not run again after an error for which there are no retries", async () => {
  const without = [undefined, { ...policy, retries: 0 }, { ...policy, retryOn: undefined }];
  for (const [given, error] of [[policy, 7], ...without.map((it) => [it, "why"])] as const) {
    const { chunk, sent, engine } = sendChunk({ policy: given as TaskPolicy });
    sent.job.onChunkDone(0, failedAt(1, error));
    assertEquals((await chunk.outcomes).failures, [{ error, index: 1 }]);
    assertEquals(engine.sent, []);
  }
  const { chunk, sent, engine } = sendChunk({ policy });
  sent.job.onChunkDone(0, failedAt(1));
  await dealtWith();
  engine.takeSent().job.onChunkDone(0, {
    results: [undefined],
    failures: [{ error: 7, index: 0 }],
  });
  assertEquals((await chunk.outcomes).failures, [{ error: 7, index: 1 }]);
});

Deno.test("a chunk fails if the pool is terminated while an item is run again", async () => {
  const { chunk, sent, engine } = sendChunk({ policy });
  sent.job.onChunkDone(0, failedAt(1));
  await dealtWith();
  engine.takeSent().job.fail("terminated");
  assertEquals(await chunk.outcomes.catch((error) => error), "terminated");
});

// What cannot be sent

Deno.test("the error of an item that cannot be sent names its index in the call", () => {
  const engine = new FakeEngine();
  engine.errors.send = new DataCloneError("Cannot send items[2].x: a symbol");
  const error = assertThrows(() => sendChunk({}, engine), DataCloneError);
  assertEquals(error.message, "Cannot send items[12].x: a symbol");
  engine.errors.send = new RangeError("about items[2]");
  assertThrows(() => sendChunk({}, engine), RangeError, "about items[2]");
  engine.errors.checkUsable = new SyntaxError("terminated");
  assertThrows(() => sendChunk({}, engine), SyntaxError, "terminated");
});

Deno.test("the error of an item that cannot be sent again names its index in the call, too", async () => {
  const { chunk, sent, engine } = sendChunk();
  engine.errors.send = new DataCloneError("Cannot send items[1]: a symbol");
  sent.job.lose(0, 1, "lost");
  await assertRejects(() => chunk.outcomes, DataCloneError, "Cannot send items[13]: a symbol");
});

Deno.test("the task of an item of several functions is named after its own", () => {
  const { sent: { job } } = sendChunk({ functions: [Math.abs, Math.sqrt], noun: "call" });
  assertEquals([job.taskName(0), job.taskName(1)], ["abs", "sqrt"]);
  assertEquals(sendChunk().sent.job.taskName(0), undefined);
  const error = new RangeError("why");
  const by = { task: "call", worker: "PoolWorker-1" };
  assertStrictEquals(job.explain(0, { error, index: 1, by }), error);
  assertInstanceOf(error, RangeError);
  assertMatch(error.stack!, /--- in task sqrt, call 11, run by PoolWorker-1/);
  const here = new RangeError("here");
  job.explain(0, { error: here, index: 1 });
  assert(!here.stack!.includes("--- in task"));
});

Deno.test("the error of an item of several functions explains what its function cannot use", () => {
  const fn = (x: number) => x;
  const { sent: { job } } = sendChunk({ functions: [fn, fn] });
  const error = new ReferenceError("y is not defined");
  job.explain(0, { error, index: 1, by: { task: "call", worker: "PoolWorker-1" } });
  assertMatch(error.message, /^y is not defined\W+\w/);
});
