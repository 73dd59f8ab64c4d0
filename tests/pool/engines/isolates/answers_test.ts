import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  DataCloneError,
  MaybeEncodingError,
  MemoryError,
  TerminatedError,
} from "@sauropod/multiprocessing";
import { endReceive, receiveInto } from "../../../../lib/channels/channel.ts";
import { Channel } from "../../../../lib/channels/channel_handle.ts";
import { Decoder } from "../../../../lib/codec/decoder.ts";
import type { Encoder } from "../../../../lib/codec/encoder.ts";
import { freeMessage, readMessage, storeMessage } from "../../../../lib/codec/message.ts";
import { Thrown } from "../../../../lib/codec/thrown.ts";
import { Control, isolateWord, thisIsolate } from "../../../../lib/heap/isolate_record.ts";
import { i32 } from "../../../../lib/heap/views.ts";
import { CallMode, ChunkStatus } from "../../../../lib/pool/chunks/chunk.ts";
import { answer, sendInitializerError } from "../../../../lib/pool/engines/isolates/answers.ts";
import { ResultStatus } from "../../../../lib/pool/engines/isolates/protocol.ts";
import { test } from "../../../fixtures/guarded.ts";

const { DONE, FAILED } = ChunkStatus;

/** What a worker has sent: with which status in front of it, and what that is taken for. */
interface Sent {
  status: number;
  header: number;
  // deno-lint-ignore no-explicit-any
  payload: any;
}

/** Answers a chunk. Returns what was sent; `take` throws what the system does not let through. */
function answered(
  mode: CallMode,
  status: ResultStatus,
  payload: unknown,
  take: (status: ResultStatus) => void = () => {},
): Sent {
  const sent: Sent[] = [];
  answer(
    {
      destination: "heap",
      begin: (encoder, status) => encoder.number(status),
      take(encoder: Encoder, status) {
        take(status);
        encoder.finish();
        const message = storeMessage(encoder);
        const decoder = new Decoder();
        readMessage(decoder, message);
        sent.push({ status, header: decoder.number(), payload: decoder.value() });
        decoder.finish();
        freeMessage(message);
      },
    },
    status,
    payload,
    { mode, failure: (error, index) => ({ error: new Thrown(error), index }) },
  );
  assertEquals(sent.length, 1);
  assertEquals(sent[0].header, sent[0].status);
  return sent[0];
}

const odd = Symbol("odd");

test("a result is sent as it is", () => {
  const payload = { results: [1, 2], failures: [] };
  for (const mode of Object.values(CallMode)) {
    const sent = answered(mode, DONE, payload);
    assertEquals([sent.status, sent.payload], [DONE, payload]);
  }
});

test("an error is sent in place of results that cannot cross, for the first that cannot", () => {
  const cases: [mode: CallMode, payload: unknown, index: number][] = [
    [CallMode.APPLY, odd, 0],
    [CallMode.APPLY, [1, odd], 0],
    [CallMode.MAP, [1, 2, odd, odd], 2],
    [CallMode.STARMAP, [odd], 0],
    [CallMode.BATCH, { results: [1, odd], failures: [], ms: 3 }, 1],
  ];
  for (const [mode, payload, index] of cases) {
    const { status, payload: failure } = answered(mode, DONE, payload);
    assertEquals([status, failure.index], [FAILED, index]);
    assertInstanceOf(failure.error, MaybeEncodingError);
    assert(/^Cannot send back result(\[1\])?: a symbol/.test(failure.error.message));
    assertInstanceOf(failure.error.cause, DataCloneError);
  }
});

test("an iteration gets errors in place of the results that cannot cross, and the other results", () => {
  const failures = [{ error: new Thrown(new RangeError("failed")), index: 0 }];
  const payload = { results: [undefined, 1, odd, 3, odd], failures };
  for (const mode of [CallMode.MAP_ALL, CallMode.STARMAP_ALL]) {
    const { status, payload: outcomes } = answered(mode, DONE, payload);
    assertEquals([status, outcomes.results], [DONE, [undefined, 1, undefined, 3, undefined]]);
    const errors = outcomes.failures.map((
      { index, error }: { index: number; error: Error },
    ) => [index, error.constructor]);
    assertEquals(errors, [[0, RangeError], [2, MaybeEncodingError], [4, MaybeEncodingError]]);
  }
});

test("an iteration fails if what is left of its outcomes cannot cross", () => {
  const payload = { results: [1, odd], failures: [{ error: odd, index: 0 }] };
  const { status, payload: failure } = answered(CallMode.MAP_ALL, DONE, payload);
  assertEquals([status, failure.index], [FAILED, 1]);
  assertInstanceOf(failure.error, MaybeEncodingError);
});

test("an error is sent in place of a failure that cannot cross", () => {
  for (const mode of [CallMode.APPLY, CallMode.MAP_ALL]) {
    const { status, payload: failure } = answered(mode, FAILED, { error: odd, index: 3 });
    assertEquals([status, failure.index], [FAILED, 0]);
    assertInstanceOf(failure.error, MaybeEncodingError);
  }
});

test("an error is sent in place of a result for which there is no room", () => {
  const noRoomFor = (refused: ResultStatus) => {
    let isFirst = true;
    return (status: ResultStatus) => {
      if (!isFirst) return;
      isFirst = false;
      assertEquals(status, refused);
      throw new MemoryError("no room");
    };
  };
  for (const mode of [CallMode.APPLY, CallMode.MAP_ALL]) {
    const { status, payload } = answered(mode, DONE, [1], noRoomFor(DONE));
    assertEquals([status, payload.error.constructor, payload.error.message], [
      FAILED,
      MemoryError,
      "no room",
    ]);
    const failure = { error: new Thrown(new RangeError("why")), index: 1 };
    const failed = answered(mode, FAILED, failure, noRoomFor(FAILED)).payload;
    assertEquals([failed.error.constructor, failed.index], [MemoryError, 0]);
    assert(failed.error.message.includes("why"), failed.error.message);
  }
});

test("a result that cannot be sent for another reason is replaced by that, unless the worker is to end", () => {
  const refuses = (status: ResultStatus) => {
    if (status === DONE) throw new TerminatedError("told to end");
  };
  const { payload } = answered(CallMode.APPLY, DONE, 1, refuses);
  assertInstanceOf(payload.error, MaybeEncodingError);
  assert(payload.error.message.includes("result: TerminatedError: told to end"));
  const control = thisIsolate + isolateWord.CONTROL;
  const throwsWhenTold = (take: () => void, why: new (message: string) => Error) => {
    i32[control] |= Control.STOP;
    try {
      assertThrows(() => answered(CallMode.APPLY, DONE, 1, take), why);
    } finally {
      i32[control] &= ~Control.STOP;
    }
  };
  throwsWhenTold(() => refuses(DONE), TerminatedError);
});

test("an event that cannot be sent throws", () => {
  const begin = () => {};
  const take = () => {
    throw new MemoryError("no room");
  };
  const outlet = { destination: "heap", begin, take } as const;
  assertThrows(() => answer(outlet, ResultStatus.BEGINS, undefined), MemoryError, "no room");
});

test("the error of an initializer is sent with the worker that it is of", () => {
  const results = new Channel();
  sendInitializerError(results, new RangeError("no model"));
  const decoder = new Decoder();
  const block = receiveInto(results.at, decoder)!;
  const header = [1, 2, 3, 4].map(() => decoder.number());
  const error = decoder.value() as Error;
  endReceive(decoder, block);
  assertEquals(header, [thisIsolate, 0, 0, ResultStatus.INITIALIZER_FAILED]);
  assertEquals([error.constructor, error.message], [RangeError, "no model"]);
});
