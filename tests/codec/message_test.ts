import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { CorruptMessageError, Lock, MemoryError, Pipe } from "@sauropod/multiprocessing";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import {
  discardMessage,
  messageStart,
  replaceFirstNumber,
  sendStored,
  sharedObjectsIn,
  storeBytes,
  storeMessage,
  storeStream,
  storeThrown,
  storeValue,
  streamBytesOf,
  takeThrown,
  takeValue,
  totalBytesOf,
} from "../../lib/codec/message.ts";
import { allocate } from "../../lib/heap/allocator.ts";
import { hooks } from "../../lib/heap/hooks.ts";
import { i32, u8 } from "../../lib/heap/views.ts";
import { addressOf, isUnreachable, objectWord } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { usedBytes, useUpHeadroom, useUpHeap } from "../fixtures/heap.ts";

const references = (handle: object) => i32[addressOf(handle)! + objectWord.REFERENCES];
const full = (): never => {
  throw new MemoryError("full");
};

/** Installs what makes room when the heap is full, until it is disposed of. */
function makingRoom(makeRoom: () => boolean): Disposable {
  const before = hooks.makeRoom;
  Object.assign(hooks, { makeRoom });
  return { [Symbol.dispose]: () => Object.assign(hooks, { makeRoom: before }) };
}

/** Encodes a value for as long as it is used. */
function withEncoder<T>(value: unknown, use: (encoder: ReturnType<typeof encode>) => T): T {
  const encoder = encode(value);
  try {
    return use(encoder);
  } finally {
    returnEncoder(encoder);
  }
}

test("a message is stored again while room can be made, and else dropped", () => {
  const lock = new Lock();
  const before = usedBytes();
  let [rooms, tries] = [2, 0];
  const take = (bytes: number) => {
    tries++;
    return rooms > 0 ? full() : allocate(bytes);
  };
  {
    using _ = makingRoom(() => rooms-- > 0);
    const message = withEncoder([lock], (encoder) => storeMessage(encoder, take));
    assertEquals([tries, references(lock)], [3, 2]);
    assertEquals(takeValue(message), [lock]);
    assertThrows(() => storeValue([lock], "value", full), MemoryError);
    assertEquals(references(lock), 1);
    rooms = 2;
    const broken = () => {
      throw new RangeError("another error");
    };
    assertThrows(() => storeValue([lock], "value", broken), RangeError);
    assertEquals([rooms, references(lock)], [2, 1]); // no room was made
  }
  assertEquals(usedBytes(), before);
});

test("a message that is not sent is freed, with its references only if the sender throws", () => {
  const lock = new Lock();
  const before = usedBytes();
  const sent: number[] = [];
  withEncoder([lock], (encoder) => {
    assertEquals(sendStored(encoder, () => false), false);
    assertEquals([references(lock), usedBytes()], [2, before]); // it may be sent again
    assertEquals(sendStored(encoder, (block) => sent.push(block) > 0), true);
  });
  assertEquals(references(lock), 2);
  assertEquals(takeValue(sent[0]), [lock]);
  const error = new RangeError("no");
  const fail = () => {
    throw error;
  };
  const failing = () => withEncoder([lock], (encoder) => sendStored(encoder, fail));
  assertStrictEquals(assertThrows(failing), error);
  assertEquals([references(lock), usedBytes()], [1, before]);
});

test("messages are stored from their words, or from parts of their bytes", () => {
  const value = { list: [1, "text"], bytes: new Uint8Array(100_000).fill(5) };
  const message = storeValue(value, "value");
  const [start, total] = [messageStart(message), totalBytesOf(message)];
  const bytes = u8.slice(start, start + total);
  const parts = [bytes.subarray(0, 5), bytes.subarray(5, 5), bytes.subarray(5)];
  const copy = storeBytes(parts, total, streamBytesOf(message));
  assertEquals([totalBytesOf(copy), streamBytesOf(copy)], [total, streamBytesOf(message)]);
  assertEquals([takeValue(copy), takeValue(message)], [value, value]);

  const small = storeValue([1, 2], "value");
  const stream = streamBytesOf(small);
  const words = i32.slice(messageStart(small) / 4, messageStart(small) / 4 + Math.ceil(stream / 4));
  const again = storeStream(words, stream);
  assertEquals([totalBytesOf(again), takeValue(again), takeValue(small)], [stream, [1, 2], [1, 2]]);
});

test("replaceFirstNumber() replaces the number that a message begins with", () => {
  const message = withEncoder(70_000, (encoder) => storeMessage(encoder));
  replaceFirstNumber(message, -80_000);
  assertEquals(takeValue(message), -80_000);
  const other = storeValue("text", "value");
  assertThrows(() => replaceFirstNumber(other, 5), CorruptMessageError, "begin with a number");
  assertEquals(takeValue(other), "text");
});

test("what was thrown is sent also when the heap is full, or described, or lost without any room", () => {
  const error = new RangeError("too far", { cause: "x".repeat(10_000) });
  {
    using _ = useUpHeap(32);
    const back = takeThrown(storeThrown(error)) as Error; // there is headroom
    assertInstanceOf(back, RangeError);
  }
  {
    using _ = useUpHeadroom(4096);
    const back = takeThrown(storeThrown(error)) as Error;
    assertInstanceOf(back, MemoryError);
    assertEquals(
      back.message,
      "Cannot send back an error: the shared heap has no room for it. It was RangeError: too far",
    );
  }
  using _ = useUpHeadroom(32);
  assertEquals(storeThrown(error), 0);
});

test("sharedObjectsIn() reads a message that stays, and discardMessage() drops what it has", () => {
  const before = usedBytes();
  const lock = new Lock();
  const [here, there] = Pipe<string>();
  const objects = [lock, there].map((it) => addressOf(it)!);
  for (const lentHandles of ["reclaim", "drop"] as const) {
    const message = storeValue({ lock, there, again: lock }, "value");
    assertEquals(new Set(sharedObjectsIn(message)), new Set(objects));
    assertEquals([references(lock) > 1, isUnreachable(there)], [true, true]);
    discardMessage(message, lentHandles);
    assertEquals([references(lock), isUnreachable(there)], [1, lentHandles === "drop"]);
  }
  here.close();
  assertEquals(usedBytes() > before, true); // the lock and the pipe
});
