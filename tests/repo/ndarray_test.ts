import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe } from "../../lib/arguments/describe.ts";
import { Pool, Process, Queue } from "@sauropod/multiprocessing";
import { type DataType, fromArray, type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
import createNdarray from "ndarray";
import { GUARD_MS, test } from "../fixtures/guarded.ts";

const guard = { timeoutMs: GUARD_MS };
const types: DataType[] = [
  ...["int8", "uint8", "uint8_clamped", "int16", "uint16", "int32", "uint32", "float32"] as const,
  "float64",
];

Deno.test("zeros() makes shared zeros of every type and shape", () => {
  for (const dtype of types) {
    const array = zeros([2, 3], dtype);
    assertEquals([array.dtype, array.size, array.dimension], [dtype, 6, 2]);
    assertEquals([array.shape, array.stride, array.offset], [[2, 3], [3, 1], 0]);
    assertInstanceOf(array.data.buffer, SharedArrayBuffer);
    assertEquals([...array.data], [0, 0, 0, 0, 0, 0]);
  }
  assertEquals(zeros([2]).dtype, "float64");
  assertEquals([zeros([]).size, zeros([3, 0, 2]).size], [1, 0]);
});

Deno.test("zeros() copies the shape", () => {
  const shape = [2, 3];
  const array = zeros(shape);
  shape[0] = 9;
  assertEquals(array.shape, [2, 3]);
});

Deno.test("zeros() rejects invalid shapes and types", () => {
  for (const length of [-1, 1.5, NaN, Infinity, "2"]) {
    assertThrows(
      () => zeros([2, length as number]),
      typeof length === "number" ? RangeError : TypeError,
      `at least 0, not ${describe(length)}`,
    );
  }
  const positional = () => zeros(3 as unknown as number[], 4 as unknown as DataType);
  assertThrows(
    positional,
    TypeError,
    "shape must be an array of integers, not 3. Write zeros([3, 4])",
  );
  for (const dtype of ["complex64", "toString", "", 8]) {
    assertThrows(() => zeros([2], dtype as DataType), TypeError, `not ${describe(dtype)}`);
  }
});

Deno.test("fromArray() copies the elements in C order", () => {
  const data = Int16Array.of(1, 2, 3, 4, 5, 6);
  const array = fromArray(data, [2, 3]);
  assertEquals(array.dtype, "int16");
  assertEquals([array.get(0, 0), array.get(0, 2), array.get(1, 0), array.get(1, 2)], [1, 3, 4, 6]);
  data[0] = 9;
  assertEquals(array.get(0, 0), 1);
  assertEquals(fromArray([1.5, 2]).shape, [2]);
  assertEquals(fromArray([1.5, 2]).dtype, "float64");
  assertEquals(fromArray([300, -1], [2], "uint8_clamped").get(0), 255);
});

Deno.test("fromArray() rejects a shape of another size", () => {
  assertThrows(() => fromArray([1, 2, 3], [2, 2]), RangeError, "[2,2] has 4 elements and data 3");
});

test("an ndarray of any type on shared memory crosses by reference", async () => {
  await using pool = new Pool(1);
  for (const dtype of types) {
    const array = zeros([2, 3], dtype);
    await pool.apply((array: NdArray) => array.set(1, 2, 7), [array]);
    assertEquals([...array.data], [0, 0, 0, 0, 0, 7], dtype);
    pool.applySync((array: NdArray) => array.set(0, 1, 8), [array]);
    assertEquals([...array.data], [0, 8, 0, 0, 0, 7], dtype);
  }
});

test("views of a shared ndarray cross by reference", async () => {
  const volume = fromArray(Float64Array.from({ length: 24 }, (_, at) => at), [2, 3, 4]);
  const views: Record<string, NdArray> = {
    pick: volume.pick(1, null, 2),
    lo: volume.lo(1, 1, 1),
    hi: volume.hi(2, 2, 2),
    step: volume.step(1, -2, 3),
    transpose: volume.transpose(2, 0, 1),
    all: volume.lo(0, 1, 0).hi(2, 2, 4).step(1, 1, 2).transpose(1, 0, 2).pick(1, null, null),
  };
  await using pool = new Pool(1);
  for (const [name, view] of Object.entries(views)) {
    const index = view.shape.map((length) => length - 1);
    const seen = await pool.apply((view: NdArray, index: number[]) => {
      const value = view.get(...index);
      view.set(...index, -value);
      return { value, shape: view.shape, stride: view.stride, offset: view.offset };
    }, [view, index]);
    const { shape, stride, offset } = view;
    assertEquals(seen, { value: -view.get(...index), shape, stride, offset }, name);
    view.set(...index, seen.value);
  }
});

test("views of one array share it after they were sent in one message", async () => {
  await using pool = new Pool(1);
  const volume = zeros([2, 2]);
  const rows = [volume.pick(0, null), volume.pick(1, null), volume] as const;
  const sum = await pool.apply((a: NdArray, b: NdArray, all: NdArray) => {
    a.set(0, 1);
    b.set(1, 2);
    return all.get(0, 0) + all.get(1, 1);
  }, [...rows]);
  assertEquals(sum, 3);
  assertEquals([...volume.data], [1, 0, 0, 2]);
});

test("an ndarray that a worker makes is shared with the main isolate, also while that blocks", async () => {
  await using pool = new Pool(1);
  const make = (value: number) => {
    const data = new Float32Array(new SharedArrayBuffer(16));
    data.fill(value);
    return data;
  };
  for (const data of [await pool.apply(make, [3]), pool.applySync(make, [3])]) {
    const array = createNdarray(data, [2, 2]) as unknown as NdArray;
    await pool.apply((array: NdArray) => array.set(1, 1, 5), [array]);
    assertEquals([...data], [3, 3, 3, 5]);
  }
});

test("an ndarray on other memory crosses as a copy", async () => {
  await using pool = new Pool(1);
  const array = createNdarray(Float64Array.of(1, 2, 3, 4), [2, 2]);
  const back = await pool.apply((array: NdArray) => {
    array.set(0, 0, 9);
    return array;
  }, [array as unknown as NdArray]);
  assertEquals(array.get(0, 0), 1);
  assertEquals([back.get(0, 0), back.get(1, 1)], [9, 4]);
  assertEquals([back.shape, back.transpose(1, 0).get(0, 1)], [[2, 2], 3]);
});

test("an ndarray crosses in queues and process arguments, nested anywhere", async () => {
  const image = zeros([2, 2], "uint8");
  const queue = new Queue<{ images: NdArray[] }>();
  const process = new Process({
    target: (queue: Queue<{ images: NdArray[] }>, job: { images: NdArray[] }) => {
      job.images[0].set(0, 1, 11);
      queue.putSync(job);
    },
    args: [queue, { images: [image, image.pick(1, null)] }],
  });
  process.start();
  const { images: [whole, row] } = await queue.get(guard);
  assert(await process.join(guard));
  assertEquals(image.get(0, 1), 11);
  row.set(0, 12);
  assertEquals([whole.get(1, 0), image.get(1, 0)], [12, 12]);
});

test("an ndarray on a plain array crosses as a copy, and an error names what cannot be sent", async () => {
  await using pool = new Pool(1);
  const array = createNdarray([1, 2, 3]) as unknown as NdArray;
  assertEquals(await pool.apply((array: NdArray) => array.get(1), [array]), 2);
  const odd = createNdarray([Symbol("s")] as unknown as number[]) as unknown as NdArray;
  await assertRejects(() => pool.apply((array: NdArray) => array.get(0), [odd]), Error, "args[0]");
});

test("workers fill slices of one array", async () => {
  const volume = zeros([8, 4, 4], "float32");
  await using pool = new Pool(2);
  await pool.map((slice: NdArray) => {
    for (let y = 0; y < slice.shape[0]; y++) {
      for (let x = 0; x < slice.shape[1]; x++) slice.set(y, x, slice.offset + y + x);
    }
  }, Array.from({ length: 8 }, (_, z) => volume.pick(z, null, null)));
  for (let z = 0; z < 8; z++) assertEquals(volume.get(z, 3, 3), z * 16 + 6);
});
