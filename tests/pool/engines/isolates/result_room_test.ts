import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { MemoryError } from "@sauropod/multiprocessing";
import { push, receive } from "../../../../lib/channels/channel.ts";
import { Channel } from "../../../../lib/channels/channel_handle.ts";
import { borrowEncoder, returnEncoder } from "../../../../lib/codec/encoder.ts";
import { type Allocate, allocate, allocateUrgent } from "../../../../lib/heap/allocator.ts";
import { ensureIsolate } from "../../../../lib/heap/isolate_record.ts";
import { ChunkStatus } from "../../../../lib/pool/chunks/chunk.ts";
import { pushResult, storeResult } from "../../../../lib/pool/engines/isolates/result_room.ts";
import { test } from "../../../fixtures/guarded.ts";

/** How long a worker waits while there are no results to take. */
const PATIENCE_MS = 2000;

/** How the attempts to store a result went. */
interface Attempts {
  /** What was returned or thrown. */
  outcome: unknown;
  /** How each attempt was to allocate. */
  takes: Allocate[];
  /** How long it took, on a clock that advances with each look at it. */
  ms: number;
}

/** Stores a result of so many bytes, for which there is room when `attempt` returns true. */
function store(
  bytes: number,
  attempt: (take: Allocate, ms: number) => boolean,
  { results = new Channel(), isUnwanted = false } = {},
): Attempts {
  ensureIsolate();
  let ms = 0;
  using _ = stub(performance, "now", () => ms += 60);
  const takes: Allocate[] = [];
  const noRoom = new MemoryError("full");
  try {
    const outcome = storeResult(results.at, bytes, (take) => {
      takes.push(take);
      if (!attempt(take, ms)) throw noRoom;
      return 7;
    }, () => isUnwanted);
    return { outcome, takes, ms };
  } catch (error) {
    if (error instanceof MemoryError) assertStrictEquals(error.cause, noRoom);
    return { outcome: error, takes, ms };
  }
}

/** Puts a result into the channel. */
function put(results: Channel): void {
  const encoder = borrowEncoder();
  encoder.value("a result", "result");
  encoder.finish();
  push(results.at, encoder);
  returnEncoder(encoder);
}

test("a result for which there is room is stored at once", () => {
  assertEquals(store(100, () => true), { outcome: 7, takes: [allocate], ms: 0 });
});

test("a result waits for room, and is stored when there is some", () => {
  const { outcome, takes } = store(1 << 20, (_, ms) => ms > PATIENCE_MS / 2);
  assertEquals([outcome, takes.includes(allocateUrgent)], [7, false]);
  assert(takes.length > 2);
});

test("a small result takes the headroom when no room was made for a while, a large one fails", () => {
  const small = store(4096, (take) => take === allocateUrgent);
  assertEquals([small.outcome, small.takes.at(-1)], [7, allocateUrgent]);
  assertEquals(small.takes.indexOf(allocateUrgent), small.takes.length - 1);
  assert(small.ms > PATIENCE_MS && small.ms < PATIENCE_MS + 1000, `${small.ms} ms`);
  const large = store(4097, (take) => take === allocateUrgent);
  assert(large.outcome instanceof MemoryError);
  assert(large.outcome.message.includes("has no room for its 4097 bytes"));
  assert(large.ms > PATIENCE_MS && large.ms < PATIENCE_MS + 1000, `${large.ms} ms`);
});

test("a small result for which the headroom has no room either fails", () => {
  const { outcome, takes } = store(100, () => false);
  assert(outcome instanceof MemoryError);
  assertEquals(takes.filter((take) => take === allocateUrgent).length, 1);
});

test("a result that nobody wants, or that no heap has room for, fails at once", () => {
  for (const [bytes, isUnwanted] of [[100, true], [2 ** 40, false]] as const) {
    const { outcome, takes } = store(bytes, () => false, { isUnwanted });
    assert(outcome instanceof MemoryError);
    assertEquals(takes, [allocate]);
  }
});

test("an error that is not about room is thrown at once", () => {
  const { outcome, takes } = store(100, () => {
    throw new RangeError("another");
  });
  assert(outcome instanceof RangeError);
  assertEquals(takes, [allocate]);
});

test("a result waits as long as there are others to be taken", () => {
  const results = new Channel();
  put(results);
  const { outcome, takes } = store(100, (_, ms) => ms > 10 * PATIENCE_MS, { results });
  assertEquals([outcome, takes.includes(allocateUrgent)], [7, false]);
  receive(results.at);
});

test("a result waits again when another one has been taken", () => {
  const results = new Channel();
  put(results);
  const { outcome, takes, ms } = store(100, (take, ms) => {
    if (ms > PATIENCE_MS - 500) receive(results.at);
    return take === allocateUrgent;
  }, { results });
  assertEquals([outcome, takes.at(-1)], [7, allocateUrgent]);
  assert(ms > 2 * PATIENCE_MS - 500 && ms < 2 * PATIENCE_MS + 1000, `${ms} ms`);
});

test("pushResult() puts what was written into the channel", () => {
  for (const status of [ChunkStatus.DONE, ChunkStatus.FAILED]) {
    const results = new Channel();
    const encoder = borrowEncoder();
    encoder.value(`status ${status}`, "result");
    pushResult(results.at, encoder, status);
    returnEncoder(encoder);
    assertEquals(receive(results.at), { kind: "value", value: `status ${status}` });
  }
});

test("a result that does not fit throws what encodes it throws", () => {
  assertThrows(() => {
    storeResult(new Channel().at, 1, () => {
      throw new SyntaxError("why");
    }, () => true);
  }, SyntaxError);
});
