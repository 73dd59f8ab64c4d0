import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DataCloneError } from "@sauropod/multiprocessing";
import { bufferAddress, confirmPosted, keepBuffer } from "../../lib/codec/buffers.ts";
import { hooks } from "../../lib/heap/hooks.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import {
  addRef,
  createObject,
  handleFor,
  release,
  typeOf,
} from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { assertCloned, sent } from "../fixtures/messages.ts";

const viewClasses = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array],
];

for (const viewClass of viewClasses) {
  test(`${viewClass.name} comes back`, () => {
    for (const length of [0, 1, 3, 1000]) {
      const view = new viewClass(length);
      new Uint8Array(view.buffer).forEach((_, at, bytes) => bytes[at] = at % 100);
      assertEquals(sent(view as Uint8Array), view as Uint8Array);
    }
    assertEquals(sent([new viewClass(2), new viewClass(3)]).length, 2);
  });
}

test("DataView comes back with its position in the buffer", () => {
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const view = sent(new DataView(buffer, 2, 4));
  assertEquals([view.byteOffset, view.byteLength, view.getUint8(0)], [2, 4, 3]);
  assertEquals(view.buffer.byteLength, 8);
});

test("the only typed array on a buffer sends only its part of it", () => {
  const large = new Float64Array(1_000_000).fill(1);
  const part = sent(large.subarray(10, 13));
  assertEquals(part, new Float64Array([1, 1, 1]));
  assertEquals(part.buffer.byteLength, 24);
});

test("typed arrays that share a buffer share the copy", () => {
  const buffer = new ArrayBuffer(16);
  const value = { bytes: new Uint8Array(buffer, 4, 8), words: new Int32Array(buffer), buffer };
  for (const keys of [["bytes", "words"], ["buffer", "bytes"], ["bytes", "buffer"]]) {
    const actual = sent(Object.fromEntries(keys.map((key) => [key, Reflect.get(value, key)])));
    const [first, second] = Object.values(actual).map((it) =>
      ArrayBuffer.isView(it) ? it.buffer : it
    );
    assertStrictEquals(first, second);
    assertEquals(first.byteLength, 16);
  }
  const actual = sent(value);
  actual.words.fill(-1);
  assert(actual.bytes.every((byte) => byte === 255));
});

test("typed arrays share the copy of a buffer that occurs earlier in the message", () => {
  const buffer = new ArrayBuffer(8);
  const nested = [[{ a: new Uint8Array(buffer) }], "x", new Map([[1, new Uint16Array(buffer)]])];
  const actual = sent(nested) as [[{ a: Uint8Array }], string, Map<number, Uint16Array>];
  assertStrictEquals(actual[0][0].a.buffer, actual[2].get(1)!.buffer);
});

test("ArrayBuffer comes back, and stays resizable", () => {
  assertCloned(new Uint8Array([1, 2, 3]).buffer);
  assertCloned(new ArrayBuffer(0));
  const resizable = new ArrayBuffer(5, { maxByteLength: 100 });
  new Uint8Array(resizable).set([1, 2, 3, 4, 5]);
  const actual = sent(resizable);
  assert(actual.resizable);
  assertEquals([actual.byteLength, actual.maxByteLength], [5, 100]);
  assertEquals(new Uint8Array(actual), new Uint8Array([1, 2, 3, 4, 5]));
  const view = sent(new Uint8Array(resizable, 1, 2));
  assertEquals([...view], [2, 3]);
});

test("a detached ArrayBuffer is rejected", () => {
  const buffer = new ArrayBuffer(8);
  buffer.transfer();
  const message = "Cannot send value.buffer: its contents have been transferred";
  assertThrows(() => sent({ buffer }), DataCloneError, message);
});

test("a typed array on a detached ArrayBuffer is rejected", () => {
  const view = new Uint8Array(8);
  view.buffer.transfer();
  const message = "its contents have been transferred";
  assertThrows(() => sent({ view }), DataCloneError, message);
});

test("SharedArrayBuffer is shared, and the same object in an isolate that has it", () => {
  const shared = new SharedArrayBuffer(16);
  assertStrictEquals(sent(shared), shared);
  const [first, second] = sent([new Int32Array(shared), new Uint8Array(shared, 4, 8)]);
  assertStrictEquals(first.buffer, shared as ArrayBufferLike);
  assertStrictEquals(second.buffer, shared as ArrayBufferLike);
  assertEquals([second.byteOffset, second.length], [4, 8]);
  first[1] = 7;
  assertEquals(second[0], 7);
});

test("a SharedArrayBuffer costs the same, however many were sent before", () => {
  const buffers = Array.from({ length: 5000 }, () => new SharedArrayBuffer(1));
  const { load } = Atomics;
  let loads = 0;
  try {
    Atomics.load = ((array: Int32Array, at: number) => {
      loads++;
      return load(array, at);
    }) as typeof load;
    assertEquals(sent(buffers), buffers);
  } finally {
    Atomics.load = load;
  }
  assert(loads < 5000 * 100, `${loads} loads`); // 12 million if each looks at all
});

test("an isolate that blocks asks again for a buffer whose announcement is out of its reach", () => {
  ensureIsolate();
  const address = createObject(typeOf(bufferAddress(new SharedArrayBuffer(1))), 8);
  addRef(address);
  confirmPosted(address); // it was announced, but is not here
  const requests: number[] = [];
  const { requestBuffer } = hooks;
  Object.assign(hooks, {
    requestBuffer(requested: number) {
      requests.push(requested);
      keepBuffer(requested, new SharedArrayBuffer(5));
      confirmPosted(requested);
    },
  });
  try {
    assertEquals((handleFor(address) as SharedArrayBuffer).byteLength, 5);
  } finally {
    Object.assign(hooks, { requestBuffer });
    release(address);
  }
  assertEquals(requests, [address]);
});
