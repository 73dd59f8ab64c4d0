/**
 * How values are written: the number of bytes that they take, and what equal values have in common.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataCloneError, Lock } from "@sauropod/multiprocessing";
import { borrowEncoder, encode, returnEncoder } from "../../lib/codec/encoder.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { functionAddress } from "../../lib/codec/functions.ts";
import { freeMessage, readMessage, storeMessage, takeValue } from "../../lib/codec/message.ts";
import { Tag } from "../../lib/codec/tags.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { bytesOf } from "../fixtures/messages.ts";

ensureIsolate();

/** Returns the bytes of the message of a value. */
function messageOf(value: unknown): Uint8Array {
  const encoder = encode(value);
  const bytes = bytesOf(encoder);
  returnEncoder(encoder);
  return bytes;
}

/** Returns how many bytes a value takes in the stream of a message. */
function sizeOf(value: unknown): number {
  const encoder = encode(value);
  const { streamBytes } = encoder;
  returnEncoder(encoder);
  return streamBytes;
}

test("a number takes two bytes, five or nine", () => {
  for (const value of [0, 1, -1, 127, -128]) assertEquals(sizeOf(value), 2, `${value}`);
  for (const value of [128, -129, 2 ** 31 - 1, -(2 ** 31)]) assertEquals(sizeOf(value), 5);
  for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, -0, NaN, Infinity]) {
    assertEquals(sizeOf(value), 9, `${value}`);
  }
  for (const value of [undefined, null, true, false]) assertEquals(sizeOf(value), 1);
});

test("equal numbers have equal bytes, alone and in arrays", () => {
  const [other] = new Float64Array(new BigUint64Array([0xfff8dead00000001n]).buffer);
  assertEquals(messageOf(other), messageOf(NaN));
  messageOf(Array(100).fill("what was written before"));
  const before = messageOf([1, 2]);
  messageOf(Array(100).fill(0.1));
  assertEquals(messageOf([1, 2]), before); // the bytes between are 0
});

test("integers in an array take four bytes each, other numbers eight", () => {
  for (let length = 1; length < 5; length++) {
    assertEquals(sizeOf(Array(length).fill(5)), 8 + 4 * length);
    for (const value of [0.5, -0, 2 ** 31, NaN]) {
      assertEquals(sizeOf(Array(length).fill(value)), 8 + 8 * length);
    }
  }
  assertEquals(sizeOf([1, -(2 ** 31), 2 ** 31 - 1]), 8 + 12);
  assertEquals(sizeOf([1, "a"]), 5 + 2 + 3); // element by element
});

/** Bytes of a text behind the values: where it begins. */
const FOOTER = 4;

test("a short string, and the first few of medium length, are written where they are", () => {
  for (const length of [0, 1, 12, 13, 255]) assertEquals(sizeOf("x".repeat(length)), 2 + length);
  assertEquals(sizeOf("x".repeat(256)), 1 + 4 + 4 + 256 + FOOTER);
  assertEquals(sizeOf("\xff".repeat(5)), 2 + 5);
  assertEquals(sizeOf("語"), 1 + 4 + 3);
  assertEquals(sizeOf("語".repeat(100)), 1 + 4 + 300);
  assertEquals(sizeOf("\ud800"), 1 + 4 + 4 + 2 + FOOTER + 1); // at an even byte
  const strings = (count: number, text: string) => sizeOf([null, ...Array(count).fill(text)]);
  const [array, medium, short] = [5 + 1, "x".repeat(13), "x".repeat(12)];
  assertEquals(strings(8, medium), array + 8 * 15);
  assertEquals(strings(9, medium), array + 8 * 15 + (1 + 4 + 4) + 13 + FOOTER);
  assertEquals(strings(10, medium), array + 8 * 15 + (1 + 4 + 4) + (1 + 4) + 26 + FOOTER);
  assertEquals(strings(12, short), array + 12 * 14);
  assertEquals(strings(8, "語"), array + 8 * 8);
  assert(strings(9, "語") > array + 8 * 8 + 9); // in the text from now on
});

test("sixteen strings in an array are written together", () => {
  const withStrings = (length: number) => messageOf(Array(length).fill("ab"));
  assertEquals([withStrings(15)[0], withStrings(16)[0]], [Tag.ARRAY, Tag.STRINGS]);
  assertEquals(withStrings(15).length, Math.ceil((5 + 15 * 4) / 8) * 8);
  const pieces = (texts: string[]) => new DataView(messageOf(texts).buffer).getUint32(5, true);
  assertEquals(pieces(Array(16).fill("")), 0);
  assertEquals(pieces(Array(16).fill("x".repeat(511))), 1);
  assertEquals(pieces(Array(17).fill("x".repeat(512))), 2); // a piece is full with 2^13 units
  assertEquals(pieces(["a", ...Array(15).fill("x".repeat(1 << 13))]), 16);
  assertEquals(pieces(["a", ...Array(15).fill("x".repeat((1 << 13) - 1))]), 15 / 2 + 0.5);
});

test("keys are written once for objects of one shape, if it is among the last four", () => {
  const [one, other] = [{ a: 1, b: 2 }, { a: 3, b: 4 }];
  const keys = 4 + 3 + 3;
  const object = 1 + 4;
  const first = 1 + keys;
  assertEquals(sizeOf(one), first + 4);
  assertEquals(sizeOf([one, other]), 5 + first + 4 + object + 4);
  const shapes = (count: number) => Array.from({ length: count }, (_, at) => ({ [`${at}`]: 1 }));
  const between = (count: number) => sizeOf([one, ...shapes(count), other]);
  const alone = (count: number) => sizeOf([...shapes(count)]);
  assertEquals(between(3) - alone(3), first + 4 + object + 4);
  assertEquals(between(4) - alone(4), first + 4 + first + 4);
  for (const different of [{ b: 2, a: 1 }, { a: 1 }, { a: 1, b: 2, c: 3 }, { a: 1, c: 2 }, {}]) {
    assertEquals(sizeOf([one, different]) - sizeOf(one) - sizeOf(different), 5);
  }
});

test("an encoder keeps room for the next message, but not that of a very long one", () => {
  const capacity = (value: unknown) => {
    const encoder = borrowEncoder();
    encoder.value(value, "value");
    encoder.reset();
    const { length } = encoder.bytes;
    assertEquals(encoder.words.buffer, encoder.bytes.buffer);
    returnEncoder(encoder);
    return length;
  };
  const most = 1 << 22;
  const numbers = (most - 16) / 8; // behind a tag and a length
  assertEquals(capacity(Array(numbers).fill(0.5)), most);
  assertEquals(capacity(1), most);
  assertEquals(capacity(Array(numbers + 1).fill(0.5)), 4096);
  assertEquals(capacity(1), 4096);
});

test("a message is gathered once, and is the same as one that is copied", () => {
  const value = ["x".repeat(300), "語".repeat(300), { a: "x".repeat(20) }];
  const encoder = encode(value);
  const copied = bytesOf(encoder);
  assert(encoder.isStreamOnly && encoder.position < encoder.streamBytes);
  for (let times = 0; times < 2; times++) {
    encoder.gather();
    assertEquals(encoder.position, encoder.streamBytes);
    assertEquals(encoder.bytes.slice(0, encoder.position), copied.slice(0, encoder.position));
    assertEquals(bytesOf(encoder), copied);
  }
  assertEquals(takeValue(storeMessage(encoder)), value);
  returnEncoder(encoder);
});

test("items of an array are written as an array of their own, and refused by their index", () => {
  const array = ["a", 1, { b: 2 }, [3], 4.5, 5, 6];
  const texts = Array.from({ length: 40 }, (_, at) => `text ${at}`);
  const bytes = new Uint8Array(40).map((_, at) => at);
  const buffer = new ArrayBuffer(8);
  const views = [0, new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 4), 1];
  for (
    const [items, from, to] of [
      ...[[array, 0, 7], [array, 2, 7], [array, 5, 7], [array, 1, 3], [array, 3, 3]],
      ...[[texts, 0, 40], [texts, 2, 30], [texts, 2, 4], [bytes, 3, 9], [views, 1, 3]],
    ] as [unknown[], number, number][]
  ) {
    const encoder = borrowEncoder();
    encoder.items(items, from, to, "items");
    encoder.finish();
    const message = storeMessage(encoder);
    returnEncoder(encoder);
    assertEquals(takeValue(message), items.slice(from, to));
  }
  const refuse = (items: unknown[], from: number) => {
    const encoder = borrowEncoder();
    try {
      encoder.items(items, from, items.length, "items");
    } finally {
      returnEncoder(encoder);
    }
  };
  const bad = ["a", "b", { c: Symbol() }];
  for (const from of [0, 1, 2]) {
    assertThrows(() => refuse(bad, from), DataCloneError, "Cannot send items[2].c: a symbol");
  }
});

test("items of an array are read into another one", () => {
  for (const items of [[1, 2], [0.5, 2], Array(20).fill("text"), ["a", {}, [1]]]) {
    const encoder = borrowEncoder();
    encoder.items(items, 0, items.length, "items");
    encoder.finish();
    const message = storeMessage(encoder);
    returnEncoder(encoder);
    const decoder = new Decoder();
    readMessage(decoder, message);
    const target: unknown[] = ["before", , , "after"];
    decoder.itemsInto(target, 1, items.length);
    assertEquals(target.slice(0, items.length + 1), ["before", ...items]);
    takeValue(message);
  }
});

test("definitions are written between values, and shared objects are listed", () => {
  const address = functionAddress(Math.max);
  const lock = new Lock();
  const encoder = borrowEncoder();
  encoder.number(5);
  encoder.definition(address);
  encoder.value([lock, lock], "value");
  encoder.finish();
  assertEquals(encoder.sharedObjects, [addressOf(lock)!]);
  const references = () => i32[addressOf(lock)! + objectWord.REFERENCES];
  assertEquals(references(), 2);
  const message = storeMessage(encoder);
  returnEncoder(encoder);
  const decoder = new Decoder();
  readMessage(decoder, message);
  assertEquals([decoder.number(), decoder.definition(), decoder.value()], [5, address, [
    lock,
    lock,
  ]]);
  decoder.finish();
  freeMessage(message);
  assertEquals(references(), 1);
  const discarded = encode([lock]);
  discarded.discard();
  assertEquals(references(), 1);
  returnEncoder(discarded);
});
