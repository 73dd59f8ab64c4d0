import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { MemoryError, Queue } from "@sauropod/multiprocessing";
import { push, receive } from "../../../../lib/channels/channel.ts";
import { Channel } from "../../../../lib/channels/channel_handle.ts";
import { RECEIVERS, SENDERS } from "../../../../lib/channels/channel_state.ts";
import { borrowEncoder, returnEncoder } from "../../../../lib/codec/encoder.ts";
import { type Allocate, allocate, allocateUrgent } from "../../../../lib/heap/allocator.ts";
import { installHooks, resetHooks } from "../../../../lib/heap/hooks.ts";
import { ensureIsolate, isolateWord, thisIsolate } from "../../../../lib/heap/isolate_record.ts";
import { i32 } from "../../../../lib/heap/views.ts";
import {
  acquireNode,
  NodeState,
  nodeWord,
  returnNode,
  WaiterFlag,
} from "../../../../lib/parking/waiter_node.ts";
import { ChunkStatus } from "../../../../lib/pool/chunks/chunk.ts";
import type { ResultStatus } from "../../../../lib/pool/engines/isolates/protocol.ts";
import { pushResult, storeResult } from "../../../../lib/pool/engines/isolates/result_room.ts";
import { test } from "../../../fixtures/guarded.ts";
import { leaveRoom } from "../../../fixtures/heap.ts";

/** How long a worker waits while there are no results to take. */
const PATIENCE_MS = 2000;
/** How long it waits while its caller blocks, and not for results. */
const BLOCKED_ELSEWHERE_MS = 60_000;

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

test("a result waits while the caller blocks for it, or does not block, and not long if it blocks elsewhere", () => {
  ensureIsolate();
  const results = new Channel();
  put(results);
  const parent = thisIsolate + isolateWord.PARENT;
  const node = acquireNode();
  i32[parent] = thisIsolate; // the caller, which blocks by this node
  const patience = (queue: number, state: number, flags: number) => {
    i32[node + nodeWord.QUEUE] = queue;
    i32[node + nodeWord.STATE] = state;
    i32[node + nodeWord.FLAGS] = flags;
    const { outcome, takes, ms } = store(100, (take, ms) => {
      return take === allocateUrgent || ms > 2 * BLOCKED_ELSEWHERE_MS;
    }, { results });
    assertEquals([outcome, takes.at(-1) === allocateUrgent], [7, ms < 2 * BLOCKED_ELSEWHERE_MS]);
    return ms > 2 * BLOCKED_ELSEWHERE_MS
      ? "any time"
      : ms > BLOCKED_ELSEWHERE_MS
      ? "long"
      : "short";
  };
  const { QUEUED, UNUSED } = NodeState;
  const elsewhere = results.at + SENDERS;
  try {
    assertEquals(patience(elsewhere, QUEUED, 0), "long");
    assertEquals(patience(results.at + RECEIVERS, QUEUED, 0), "any time");
    assertEquals(patience(elsewhere, QUEUED, WaiterFlag.ASYNC), "any time");
    assertEquals(patience(elsewhere, UNUSED, 0), "any time");
  } finally {
    i32[parent] = 0;
    returnNode(node);
    receive(results.at);
  }
});

test("a result that waits for room asks the main isolate once to make some, and sleeps meanwhile", () => {
  ensureIsolate();
  let asked = 0;
  installHooks({ serveRequests: () => asked++ });
  let attempts = 0;
  const end = performance.now() + 100;
  try {
    storeResult(new Channel().at, 100, () => {
      attempts++;
      if (performance.now() < end) throw new MemoryError("full");
      return 7;
    }, () => false);
  } finally {
    resetHooks();
  }
  assertEquals(asked, 1);
  assert(attempts > 1 && attempts < 20, `${attempts} attempts in 100 ms`);
});

test("pushResult() puts what was written into the channel", () => {
  for (const status of [ChunkStatus.DONE, ChunkStatus.FAILED]) {
    const [results, queue] = [new Channel(), new Queue()];
    const encoder = borrowEncoder();
    encoder.value([status, queue, Math.sqrt], "result");
    pushResult(results.at, encoder, status);
    returnEncoder(encoder);
    assertEquals(receive(results.at), { kind: "value", value: [status, queue, Math.sqrt] });
  }
});

test("the end of a chunk that failed uses the headroom at once, a result does not", () => {
  ensureIsolate();
  const results = new Channel();
  const text = "a text that does not lie in a cell of the channel".repeat(20);
  const pushed = (status: ResultStatus) => {
    const encoder = borrowEncoder();
    encoder.value(text, "result");
    try {
      pushResult(results.at, encoder, status, { isUnwanted: () => true });
      return receive(results.at);
    } finally {
      returnEncoder(encoder);
    }
  };
  pushed(ChunkStatus.DONE);
  using _ = leaveRoom(0);
  assertEquals(pushed(ChunkStatus.FAILED), { kind: "value", value: text });
  assertThrows(() => pushed(ChunkStatus.DONE), MemoryError, "Cannot send back result");
});

test("a result that does not fit throws what encodes it throws", () => {
  assertThrows(() => {
    storeResult(new Channel().at, 1, () => {
      throw new SyntaxError("why");
    }, () => true);
  }, SyntaxError);
});
