import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DataCloneError } from "@sauropod/multiprocessing";
import {
  announceBuffer,
  bufferAddress,
  bufferOn,
  confirmPosted,
  dropUnreachable,
  keepBuffer,
  keptBuffer,
  keptBuffers,
  memoryOf,
} from "../../lib/codec/buffers.ts";
import { hooks } from "../../lib/heap/hooks.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import {
  addRef,
  createObject,
  dropRef,
  handleFor,
  objectWord,
  release,
  typeOf,
} from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { collectGarbage } from "../fixtures/heap.ts";
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

/** Makes the object of a buffer that was announced and that no isolate has. */
function objectOfBuffer(): number {
  return createObject(bufferType ??= typeOf(bufferAddress(new SharedArrayBuffer(1))), 8);
}
let bufferType: number | undefined;

test("a buffer is asked for once, after it was announced, and waited for until it is here", () => {
  ensureIsolate();
  const address = objectOfBuffer();
  addRef(address);
  const events: string[] = [];
  const { requestBuffer, receiveBuffers } = hooks;
  let received = 0;
  Object.assign(hooks, {
    receiveBuffers() {
      events.push("receive");
      if (++received === 4) keepBuffer(address, new SharedArrayBuffer(5));
      else confirmPosted(address); // so that the next wait ends at once
    },
    requestBuffer: (requested: number) => events.push(`request ${requested === address}`),
  });
  try {
    assertEquals((handleFor(address) as SharedArrayBuffer).byteLength, 5);
  } finally {
    Object.assign(hooks, { requestBuffer, receiveBuffers });
    dropRef(address);
  }
  assertEquals(events, ["receive", "receive", "request true", "receive", "receive"]);
});

test("buffers are announced to the isolates that there are, and kept until nothing reaches them", async () => {
  ensureIsolate();
  await collectGarbage(); // buffers of other tests
  dropUnreachable();
  const [alone, among] = [objectOfBuffer(), objectOfBuffer()];
  for (const address of [alone, among]) addRef(address);
  const announced: number[] = [];
  const { announceBuffer: before } = hooks;
  Object.assign(hooks, { announceBuffer: undefined });
  announceBuffer(alone, new SharedArrayBuffer(1));
  Object.assign(hooks, { announceBuffer: (address: number) => announced.push(address) });
  const buffer = new SharedArrayBuffer(2);
  announceBuffer(among, buffer);
  Object.assign(hooks, { announceBuffer: before });
  assertEquals(announced, [among]);
  const posts = [alone, among].map((address) => i32[address + objectWord.FIRST]);
  assertEquals(posts, [1, 0]); // the other isolates confirm it
  assertStrictEquals(keptBuffer(among), buffer);
  assert(keptBuffers().some(([address, kept]) => address === among && kept === buffer));
  dropRef(among);
  dropUnreachable();
  assertEquals([keptBuffer(among), keptBuffer(alone) !== undefined], [undefined, true]);
  dropRef(alone);
  keepBuffer(among, buffer); // few are swept whenever one is added
  assertEquals(keptBuffer(alone), undefined);
  dropUnreachable();
  assertEquals(keptBuffer(among), undefined);
});

test("many buffers are swept when their number has grown by a tenth", () => {
  ensureIsolate();
  dropUnreachable();
  const live = Array.from({ length: 200 }, objectOfBuffer);
  for (const address of live) {
    addRef(address);
    keepBuffer(address, new SharedArrayBuffer(1));
  }
  dropUnreachable();
  const count = keptBuffers().length;
  assert(count >= 200);
  const gone = objectOfBuffer(); // nothing refers to it
  keepBuffer(gone, new SharedArrayBuffer(1));
  const more: number[] = [];
  while (keptBuffer(gone) !== undefined) {
    const address = objectOfBuffer();
    addRef(address);
    more.push(address);
    keepBuffer(address, new SharedArrayBuffer(1));
  }
  assertEquals(more.length, Math.floor(count * 1.1) + 1 - count);
  for (const address of [...live, ...more]) dropRef(address);
  dropUnreachable();
  for (const address of [...live, ...more]) assertEquals(keptBuffer(address), undefined);
});

test("a buffer on a memory tells it, other buffers and other objects on the memory do not", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const [first, second] = [bufferOn(memory), bufferOn(memory)];
  assert(first !== second && first !== memory.buffer as unknown);
  assertEquals([memoryOf(first), memoryOf(second)], [memory, memory]);
  assertEquals(memoryOf(memory.buffer as unknown as SharedArrayBuffer), undefined);
  new Uint8Array(first)[0] = 5;
  assertEquals([new Uint8Array(second)[0], new Uint8Array(memory.buffer)[0]], [5, 5]);
  assertEquals(bufferAddress(first), bufferAddress(first));
  assert(bufferAddress(first) !== bufferAddress(second));
  assert(typeOf(bufferAddress(first)) !== typeOf(bufferAddress(new SharedArrayBuffer(1))));
});

test("views in a Set or a Map cost the same, however many there are", () => {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  const length = Object.getOwnPropertyDescriptor(typedArray, "length")!;
  const arrays = Array.from({ length: 500 }, (_, at) => new Uint8Array(1).fill(at));
  const values = [arrays, new Set(arrays), new Map(arrays.map((array) => [array, array[0]]))];
  const copies: unknown[] = [];
  const counts = values.map((value) => {
    let count = 0;
    Object.defineProperty(typedArray, "length", {
      ...length,
      get() {
        count++;
        return length.get!.call(this);
      },
    });
    try {
      copies.push(sent(value));
    } finally {
      Object.defineProperty(typedArray, "length", length);
    }
    return count;
  });
  assertEquals(copies, values);
  for (const count of counts) assert(count < 500 * 100, `${count} lengths are read`);
});
