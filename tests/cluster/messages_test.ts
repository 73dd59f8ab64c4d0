/**
 * Messages that wait in the shared heap until they were sent.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { takeValue } from "../../lib/codec/message.ts";
import { type KeptMessage, pack, packKept, unpack } from "../../lib/cluster/messages.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { joined } from "../../lib/wire/frames.ts";
import { settledUse, usedBytes } from "../fixtures/heap.ts";
import { test } from "../fixtures/guarded.ts";

/** Packs a value. */
function packed(value: unknown): KeptMessage {
  const encoder = encode(value, "value", "machine");
  try {
    return packKept(encoder, new Set(), () => undefined);
  } finally {
    returnEncoder(encoder);
  }
}

/** Returns what the message says. */
const read = ({ streamBytes, definitions, parts }: KeptMessage): unknown =>
  takeValue(unpack(streamBytes, definitions, parts));

test("packKept() leaves a message of a MiB in the shared heap until it is freed, and no shorter one", async () => {
  ensureIsolate();
  const before = await settledUse();
  for (const bytes of [10, 1000, 1 << 19]) {
    const value = new Uint8Array(bytes).fill(7);
    const message = packed(value);
    assertEquals(usedBytes(), before);
    assertEquals(read(message), value);
    message.free();
  }
  const value = new Uint8Array(1 << 21).fill(7);
  const message = packed(value);
  assertEquals(usedBytes() - before >= 1 << 21, true);
  assertEquals(read(message), value);
  message.free();
  assertEquals(await settledUse(), before);
});

test("packKept() leaves no more than 256 MiB in the shared heap", async () => {
  ensureIsolate();
  const before = await settledUse();
  const value = new Uint8Array(100 << 20);
  const messages = [packed(value), packed(value)];
  const both = usedBytes();
  assertEquals(both - before >= 200 << 20, true);
  const third = packed(value); // is copied
  assertEquals(usedBytes(), both);
  third.free();
  messages[0].free();
  const fourth = packed(value);
  assertEquals(usedBytes() >= both, true);
  for (const message of [messages[1], fourth]) message.free();
  assertEquals(await settledUse(), before);
});

test("pack() copies the message out of the shared heap, which may have others then", () => {
  ensureIsolate();
  const encoder = encode(new Uint8Array(1 << 20).fill(7), "value", "machine");
  const { parts } = pack(encoder);
  returnEncoder(encoder);
  packed(new Uint8Array(1 << 20).fill(9)).free(); // where it was
  assertEquals(joined(parts).includes(9), false);
});

test("packKept() frees a message that cannot be copied", async () => {
  ensureIsolate();
  const before = await settledUse();
  const encoder = encode([Math.sqrt], "value", "machine");
  const named = new Set<string>();
  named.add = () => {
    throw new RangeError("no");
  };
  assertThrows(() => packKept(encoder, named, () => undefined), RangeError, "no");
  returnEncoder(encoder);
  assertEquals(await settledUse(), before);
});
