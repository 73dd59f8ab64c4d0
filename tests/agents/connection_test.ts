/**
 * Frames between an agent and its process, over sockets in memory.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { CorruptMessageError } from "@sauropod/multiprocessing";
import {
  type Arrived,
  Connection,
  descriptorIn,
  FrameType,
  storeChunk,
} from "../../lib/agents/connection.ts";
import { functionAddress } from "../../lib/codec/functions.ts";
import { discardMessage, LINK, storeValue, takeValue } from "../../lib/codec/message.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { makeHeader } from "../../lib/wire/frames.ts";
import { test } from "../fixtures/guarded.ts";
import { MemorySocket, socketPair, trusting } from "./loopback.ts";
import { square } from "./process_tasks.ts";

ensureIsolate();

const noObjects = { numberOf: () => undefined, addressOf: () => undefined };

/** Two connections, and what has arrived at the second. */
function connected(trust = trusting()) {
  const [here, there] = socketPair();
  const [sender, receiver] = [
    new Connection(here, noObjects, trusting()),
    new Connection(there, noObjects, trust),
  ];
  const frames: Arrived[] = [];
  const received = receiver.receive((frame) => frames.push(frame));
  received.catch(() => {});
  return { here, there, sender, receiver, frames, received };
}

/** Sends a value. */
function send(connection: Connection, value: unknown, number = 1): Promise<void> | undefined {
  const message = storeValue(value, "value");
  try {
    return connection.send(FrameType.RESULT, number, message);
  } finally {
    discardMessage(message);
  }
}

/** Waits until what was sent has arrived. */
async function arrival({ sender, received }: ReturnType<typeof connected>): Promise<void> {
  await sender.close();
  await received;
}

test("frames arrive in order, with their numbers, details and messages", async () => {
  const both = connected();
  const { sender, receiver, frames } = both;
  sender.send(FrameType.READY);
  sender.tell(FrameType.SIGNAL, -1, 7);
  sender.tellBuffer(3, { pid: 4, fd: 5, id: 6 });
  for (const value of ["a value", new Uint8Array(200_000).fill(9), [square, square]]) {
    send(sender, value, 8);
  }
  await arrival(both);
  assertEquals(
    frames.slice(0, 2).map(({ type, number, detail, message }) => [type, number, detail, message]),
    [[FrameType.READY, 0, 0, undefined], [FrameType.SIGNAL, -1, 7, undefined]],
  );
  assertEquals(descriptorIn(frames[2]), { pid: 4, fd: 5, id: 6 });
  const values = frames.slice(3).map(({ message }) => takeValue(receiver.store(message!)));
  assertEquals(values, ["a value", new Uint8Array(200_000).fill(9), [square, square]]);
  assertEquals(frames.slice(3).map(({ number }) => number), [8, 8, 8]);
  assertEquals(receiver.refused, undefined);
});

test("small frames are one write each, those of a batch one together, and large ones are not copied", async () => {
  const both = connected();
  const { here, sender, frames } = both;
  sender.tell(FrameType.READY, 1, 0);
  const frame = here.written[0];
  sender.batch(() => {
    assertEquals(sender.tell(FrameType.READY, 2, 0), undefined);
    sender.tell(FrameType.READY, 3, 0);
    assertEquals(here.written.length, 1);
  });
  sender.batch(() => {});
  assertEquals(here.written, [frame, 2 * frame]);
  assertThrows(() =>
    sender.batch(() => {
      sender.tell(FrameType.READY, 4, 0);
      throw new RangeError("no");
    }), RangeError);
  assertEquals(here.written, [frame, 2 * frame, frame]);
  // Contents of up to 64 KiB together with their header are joined.
  const pieces = (length: number) => {
    const before = here.written.length;
    send(sender, new Uint8Array(length));
    return here.written.length - before;
  };
  let joined = 0;
  const lengthOfSmall = (() => {
    pieces(8);
    return here.written.at(-1)! - 8;
  })();
  joined = (1 << 16) - lengthOfSmall;
  assertEquals(pieces(joined), 1);
  assert(pieces(joined + 8) > 1);
  await arrival(both);
  assertEquals(frames.slice(0, 4).map(({ number }) => number), [1, 2, 3, 4]);
});

test("what is sent while the socket is busy waits, and its promise resolves when it was taken", async () => {
  const both = connected();
  const { here, sender, frames } = both;
  const { promise, resolve } = Promise.withResolvers<void>();
  here.hold = promise;
  const sent: string[] = [];
  const numbers = [...Array(20).keys()];
  const waits = numbers.map((number) =>
    send(sender, new Uint8Array(30_000), number)!.then(() => sent.push("taken"))
  );
  assert(here.written.length < 20);
  assertInstanceOf(sender.writing, Promise);
  await Promise.resolve();
  assertEquals(sent, []);
  here.hold = undefined;
  resolve();
  await Promise.all(waits);
  assertEquals(sender.writing, undefined);
  await arrival(both);
  assertEquals(frames.map(({ number }) => number), numbers);
});

test("nothing is written to a socket that is closed, and nobody waits for it", async () => {
  const { here, sender } = connected();
  here.destroy();
  assertEquals(sender.tell(FrameType.READY, 1, 0), undefined);
  assertEquals(here.written, []);
  await sender.close();
});

test("nobody waits for a socket that is closed while it is busy", async () => {
  const { here, sender } = connected();
  const listeners = here.listenerCount("close");
  const { promise, resolve } = Promise.withResolvers<void>();
  here.hold = promise;
  const sent = send(sender, new Uint8Array(100_000))!;
  here.destroy();
  await sent;
  assertEquals([sender.writing, here.listenerCount("close")], [undefined, listeners]);
  resolve();
});

test("a socket has no more listeners when what it was given is written", async () => {
  const both = connected();
  const { here, sender } = both;
  const listeners = here.listenerCount("close");
  for (let times = 0; times < 3; times++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    here.hold = promise;
    const sent = send(sender, new Uint8Array(100_000))!;
    resolve();
    await sent;
    assertEquals(here.listenerCount("close"), listeners);
  }
  here.hold = undefined;
  await arrival(both);
});

test("reading ends with an error of the socket", async () => {
  const { there, received, frames } = connected();
  there.destroy(new RangeError("reset by peer"));
  await received;
  assertEquals(frames, []);
});

test("storeChunk() notes the number of the chunk in its block", async () => {
  const both = connected();
  send(both.sender, "a chunk", 5);
  await arrival(both);
  const block = storeChunk(both.receiver, both.frames[0].message!, 7);
  assertEquals(i32[block + LINK], 7);
  i32[block + LINK] = 0;
  assertEquals(takeValue(block), "a chunk");
});

/** Returns a frame. */
function frame(type: number, ...contents: Uint8Array[]): Uint8Array[] {
  return [makeHeader(type, contents.reduce((sum, { length }) => sum + length, 0)), ...contents];
}

const text = (value: string) => new TextEncoder().encode(value);
const damaged: [string, Uint8Array[], string][] = [
  ["a definition that is not JSON", frame(FrameType.DEFINE, text("{")), "it is not JSON"],
  [
    "a definition that is not UTF-8",
    frame(FrameType.DEFINE, new Uint8Array([34, 255, 34])),
    "it is not JSON",
  ],
  ["a definition without a kind", frame(FrameType.DEFINE, text("{}")), "it has no kind"],
  ["a frame of 7 bytes", frame(FrameType.READY, new Uint8Array(7)), "7 bytes are too few"],
  ["a type that there is not", frame(200, new Uint8Array(8)), "Cannot read frame"],
];
for (const [name, parts, why] of damaged) {
  test(`Connection.receive() rejects ${name}, and reads no more`, async () => {
    const { here, sender, received, frames } = connected();
    for (const part of parts) here.write(part);
    sender.tell(FrameType.READY, 1, 0);
    await assertRejects(() => received, CorruptMessageError, why);
    assertEquals(frames, []);
    await sender.close();
  });
}

test("Connection.receive() rejects with the error of its handler", async () => {
  const [here, there] = socketPair();
  const sender = new Connection(here, noObjects, trusting());
  const received = new Connection(there, noObjects, trusting()).receive(() => {
    throw new RangeError("no");
  });
  sender.tell(FrameType.READY, 1, 0);
  await assertRejects(() => received, RangeError, "no");
  await sender.close();
});

test("a frame is read although its parts arrive byte by byte, and one that is cut off is not", async () => {
  const { there, frames, received } = connected();
  const [header, contents] = frame(FrameType.SIGNAL, new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0]));
  for (const byte of [...header, ...contents, ...header, 1]) there.push(new Uint8Array([byte]));
  there.push(null);
  await received;
  assertEquals(frames.map(({ number, detail }) => [number, detail]), [[1, 2]]);
});

test("a side that is not trusted may name what it was sent, and nothing else", async () => {
  const named = new Set<string>();
  const both = connected({ anyFunction: false, named });
  const { sender, receiver, frames } = both;
  functionAddress(square);
  send(sender, [square]);
  await arrival(both);
  assertEquals(receiver.isTrusted, false);
  assertThrows(() => receiver.store(frames[0].message!), CorruptMessageError);
  assertEquals(typeof receiver.refused, "string");

  const again = connected({ anyFunction: false, named });
  send(again.receiver, [square]); // over any connection
  send(again.sender, [square]);
  await arrival(again);
  assertEquals(takeValue(again.receiver.store(again.frames[0].message!)), [square]);
  assertEquals(again.receiver.refused, undefined);
  await again.receiver.close();
});

test("a side that is not trusted may define 10,000 functions", async () => {
  const definition = { kind: "source", source: "() => 1", name: "" };
  for (
    const [anyFunction, count, isRefused] of [
      [false, 10_000, false],
      [false, 10_001, true],
      [true, 10_001, false],
    ] as const
  ) {
    const { here, sender, received } = connected({ anyFunction, named: new Set() });
    const json = text(JSON.stringify(definition));
    const parts = frame(FrameType.DEFINE, json);
    for (let at = 0; at < count; at++) for (const part of parts) here.write(part);
    const ended = received.then(() => undefined, (error: unknown) => error);
    await sender.close();
    const error = await ended;
    if (isRefused) assertInstanceOf(error, CorruptMessageError);
    else assertEquals(error, undefined);
  }
});

test("Connection.close() ends what the other side reads, once all was written", async () => {
  const both = connected();
  const { here, sender, frames } = both;
  const { promise, resolve } = Promise.withResolvers<void>();
  here.hold = promise;
  void send(sender, new Uint8Array(100_000));
  const closing = arrival(both);
  resolve();
  await closing;
  assertEquals(frames.length, 1);
  assertInstanceOf(here, MemorySocket);
});
