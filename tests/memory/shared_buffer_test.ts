import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  Event,
  Pool,
  Process,
  Queue,
  RawArray,
  SharedArray,
  SharedMemory,
} from "@sauropod/multiprocessing";
import {
  arange,
  asShared,
  copy,
  fromArray,
  fromIter,
  full,
  ones,
  randomSync,
  zeros,
} from "@sauropod/multiprocessing/ndarray";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import createNdarray from "ndarray";
import { memoryOf } from "../../lib/codec/buffers.ts";
import { test } from "../fixtures/guarded.ts";
import { collectGarbage } from "../fixtures/heap.ts";
import { sent } from "../fixtures/messages.ts";
import { ended } from "../fixtures/workers.ts";
import { collect, doubleInPlace, doubleNext, look, makeArray, touch } from "./memory_tasks.ts";

const PAGE_BYTES = 1 << 16;

type Shared = Float64Array<SharedArrayBuffer>;

test("each array that the package makes lies in a memory of its own, from its beginning", () => {
  const plain = createNdarray(new Float64Array(3)) as unknown as Parameters<typeof asShared>[0];
  const arrays = [
    ...[sharedArray("float64", 3), sharedArray("int8", [1, 2]), sharedArray("int64", 1)],
    ...[
      zeros([2]),
      ones([2]),
      full([2], 7),
      fromArray([1]),
      fromIter([1]),
      arange(3),
      randomSync([2]),
    ]
      .map(({ data }) => data),
    ...[copy(arange(3)).data, asShared(plain).data],
    ...[new RawArray("d", 1e4).data, new SharedArray("d", 1e4).data],
  ] as Shared[];
  const memories = new Set<WebAssembly.Memory>();
  for (const { buffer, byteOffset, byteLength } of arrays) {
    const memory = memoryOf(buffer)!;
    memories.add(memory);
    new Uint8Array(buffer)[0] = 5;
    assertEquals(new Uint8Array(memory.buffer)[0], 5);
    const bytes = Math.ceil(byteLength / PAGE_BYTES) * PAGE_BYTES;
    assertEquals([byteOffset, buffer.byteLength, memory.buffer.byteLength], [0, bytes, bytes]);
    assert(!buffer.growable);
    assertThrows(() => memory.grow(1), RangeError);
  }
  assertEquals(memories.size, arrays.length);
});

test("an array without elements has a page, and one of whole pages no other", () => {
  for (const [length, pages] of [[0, 1], [PAGE_BYTES, 1], [PAGE_BYTES + 1, 2]]) {
    const array = sharedArray("uint8", length);
    assertEquals([array.length, array.buffer.byteLength], [length, pages * PAGE_BYTES]);
  }
});

test("small arrays with checks, named blocks and buffers of the user have just their bytes", () => {
  const small = [new RawArray("d", 3), new SharedArray("d", 3)].map(({ data }) => data.buffer);
  using memory = new SharedMemory({ create: true, size: 24 });
  memory.unlink();
  for (const buffer of [...small, memory.buffer, new SharedArrayBuffer(24)]) {
    assertEquals([memoryOf(buffer), buffer.byteLength], [undefined, 24]);
  }
});

test("an array of more than 4 GiB has just its bytes, and no memory", () => {
  const { buffer, length } = sharedArray("uint8", 2 ** 32 + 1);
  assertEquals([length, buffer.byteLength, memoryOf(buffer)], [length, 2 ** 32 + 1, undefined]);
});

test("an array that gets no memory has just its bytes", () => {
  using _ = stub(WebAssembly, "Memory", () => {
    throw new RangeError("could not allocate memory");
  });
  const array = sharedArray("float64", [1, 2, 3]);
  assertEquals([[...array], array.buffer.byteLength], [[1, 2, 3], 24]);
  assertEquals(memoryOf(array.buffer), undefined);
  assertThrows(
    () => sharedArray("float64", 2 ** 40),
    RangeError,
    "Cannot make array: its 8796093022208 bytes of memory could not be allocated. Make it smaller",
  );
});

test("a worker and the program have the memory of an array that either has made", async () => {
  await using pool = new Pool(1);
  const array = sharedArray("float64", [1, 2, 3]);
  assertStrictEquals((await pool.apply(doubleInPlace, [array])).buffer, array.buffer);
  assertEquals([...array], [2, 4, 6]);
  await pool.apply(doubleInPlace, [array.subarray(1, 2)]); // has a byteOffset
  assertEquals([...array], [2, 8, 6]);
  assertEquals([...doubleInPlace(array)], [4, 16, 12]);

  const made = await pool.apply(makeArray, [[5, 6]]);
  assertEquals([...doubleInPlace(made)], [10, 12]);
  assertStrictEquals((await pool.apply(doubleInPlace, [made])).buffer, made.buffer);
  assertEquals([...made], [20, 24]);
  await using others = new Pool(1); // whose worker starts after the arrays were sent
  await others.starmap(doubleInPlace, [[array], [made]]);
  assertEquals([...array, ...made], [8, 32, 24, 40, 48]);
});

test("a blocked worker receives an array with its memory", async () => {
  const [arrays, ready] = [new Queue<Shared>(), new Event()];
  const process = new Process({ target: doubleNext, args: [arrays, ready] });
  process.start();
  await ready.wait();
  const array = sharedArray("float64", [1, 2]);
  await arrays.put(array);
  await ended(process);
  assertEquals([...array], [2, 4]);
});

test("arrays on one buffer, and the buffer, keep their identity", async () => {
  const array = sharedArray("float64", 4);
  const views = [array, array.subarray(2), array.buffer] as const;
  const here = sent(views);
  assertStrictEquals(here[0].buffer, array.buffer);
  assertStrictEquals(here[1].buffer, array.buffer);
  assertStrictEquals(here[2], array.buffer);
  await using pool = new Pool(1);
  const back = await pool.apply((views: readonly [Shared, Shared, SharedArrayBuffer]) => {
    if (views[0].buffer !== views[2] || views[1].buffer !== views[2]) throw new Error("differ");
    return views;
  }, [views]);
  assertStrictEquals(back[2], array.buffer);
  assertEquals([back[1].byteOffset, back[1].length], [16, 2]);
});

test("a worker does not know the memory of other buffers, and a memory crosses as one", async () => {
  await using pool = new Pool(1);
  assertEquals(await pool.apply(look, [{ buffer: new SharedArrayBuffer(24) }]), [false, 24]);
  assertEquals(await pool.apply(look, [new RawArray("d", 3).data]), [false, 24]);
  assertEquals(await pool.apply(look, [sharedArray("float64", 3)]), [true, PAGE_BYTES]);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const ofUser = { buffer: memory.buffer as unknown as SharedArrayBuffer };
  assertEquals(await pool.apply(look, [ofUser]), [false, PAGE_BYTES]);
  assertStrictEquals(await pool.apply((it: WebAssembly.Memory) => it, [memory]), memory);
});

test("the memory of an array that was sent is collected with it", async () => {
  await using pool = new Pool(1);
  const memories = await sendArrays(pool, 20);
  for (let round = 0; round < 20 && memories.some((it) => it.deref() !== undefined); round++) {
    await collectGarbage();
    await pool.apply(collect);
    await pool.apply(touch, [sharedArray("float64", 1)]); // drops those that nothing reaches
  }
  assertEquals(memories.filter((it) => it.deref() !== undefined).length, 0);
});

test("arrays that are made, sent and dropped do not take memory without bound", async () => {
  await using pool = new Pool(1);
  const [arrays, bytes] = [20_000, PAGE_BYTES]; // 1.2 GiB
  const before = Deno.memoryUsage().rss;
  let most = 0;
  for (let count = 0; count < arrays; count++) {
    await pool.apply(touch, [sharedArray("uint8", bytes).fill(1) as unknown as Shared]);
    most = Math.max(most, Deno.memoryUsage().rss - before);
  }
  assert(most < arrays * bytes * 2 / 3, `${most / 2 ** 20} MiB`);
});

/** Sends arrays to a worker. Returns their memories. */
async function sendArrays(pool: Pool, count: number): Promise<WeakRef<WebAssembly.Memory>[]> {
  const memories: WeakRef<WebAssembly.Memory>[] = [];
  for (let time = 0; time < count; time++) {
    const array = sharedArray("float64", 10);
    await pool.apply(touch, [array]);
    memories.push(new WeakRef(memoryOf(array.buffer)!));
  }
  return memories;
}
