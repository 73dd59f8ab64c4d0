import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import ops from "ndarray-ops";
import createNdarray from "ndarray";
import { Pool, Queue } from "@sauropod/multiprocessing";
import { parallelFor, parallelForSync } from "@sauropod/multiprocessing/loops";
import {
  arange,
  asShared,
  fromArray,
  type NdArray,
  split,
  tolist,
  zeros,
} from "@sauropod/multiprocessing/ndarray";
import { inspect, sumThere } from "../fixtures/ndarray_tasks.ts";
import { test } from "../fixtures/guarded.ts";
import { loopTest } from "../loops/loops.ts";

function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (indices, length) =>
      indices.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}

test("any view crosses by reference: worker and caller access the same elements", async () => {
  const whole = fromArray(Int32Array.from({ length: 60 }, (_, at) => at + 1), [3, 4, 5]);
  const step = fc.constantFrom(-2, -1, 1, 2);
  const views = fc.record({
    low: fc.tuple(fc.nat(2), fc.nat(3), fc.nat(4)),
    steps: fc.tuple(step, step, step),
    axes: fc.constantFrom([0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]),
    picks: fc.constantFrom([null, null, null], [0, null, null], [null, 0, 0], [0, 0, 0]),
  });
  await using pool = new Pool(1);
  await fc.assert(
    fc.asyncProperty(views, async ({ low, steps, axes, picks }) => {
      whole.data.forEach((_, at) => whole.data[at] = at + 1);
      const view = whole.lo(...low).step(...steps).transpose(...axes).pick(...picks);
      const indices = indicesOf(view.shape);
      const elements = indices.map((index) => view.get(...index));
      const seen = await pool.apply(inspect, [view, indices]);
      const { shape, stride, offset, dtype, size, dimension } = view;
      assertEquals(seen, {
        ...{ shape: [...shape], stride: [...stride], offset, dtype, size, dimension },
        elements,
      });
      assertEquals(indices.map((index) => view.get(...index)), elements.map((it) => it * 2));
      const changed = whole.data.filter((element, at) => element !== at + 1).length;
      assertEquals(changed, size); // no other element was written to
    }),
    { numRuns: 60 },
  );
});

test("arrays without axes, empty, clamped and 64-bit arrays cross by reference", async () => {
  await using pool = new Pool(1);
  const point = fromArray([5], []);
  await pool.apply((point: NdArray) => point.set(6), [point]);
  assertEquals(point.get(), 6);

  const empties = [zeros([0]), zeros([2, 0, 3]), arange(4).hi(0).step(-1), arange(4).lo(4)];
  for (const empty of empties) {
    const shapes = await pool.apply((array: NdArray) => [array.size, array.shape], [empty]);
    assertEquals(shapes, [0, empty.shape]);
  }

  const clamped = fromArray([1, 2], [2], "uint8_clamped");
  await pool.apply((array: NdArray) => array.set(0, 999), [clamped]);
  assertEquals(clamped.get(0), 255);

  const bigs = fromArray([1n, 2n, 3n]);
  const type = await pool.apply((array: NdArray<BigInt64Array>) => {
    array.set(0, array.get(1) + 2n ** 60n);
    return array.dtype;
  }, [bigs.step(-1)]);
  assertEquals([type, bigs.get(2)], ["bigint64", 2n + 2n ** 60n]);
  assertEquals(fromArray([1n], [1], "biguint64").dtype, "biguint64");

  const halves = fromArray([1.5], [1], "float16");
  await pool.apply((array: NdArray) => array.set(0, 0.1), [halves]);
  assertEquals(halves.get(0), Math.f16round(0.1));
});

test("parts of an array cross as arguments, results and queue items", async () => {
  const whole = arange(10);
  const queue = new Queue<{ part: NdArray }>();
  await using pool = new Pool(2);
  await pool.map((part: NdArray, _extra?: unknown) => {
    for (let at = 0; at < part.size; at++) part.set(at, -part.get(at));
  }, split(whole, 5));
  assertEquals(tolist(whole), [-0, -1, -2, -3, -4, -5, -6, -7, -8, -9]);
  queue.putSync({ part: whole.hi(3) });
  const { part } = queue.getSync();
  part.set(2, 22);
  assertEquals(whole.get(2), 22);
  assertEquals(await pool.apply(sumThere, [split(whole, [1, 4])[1]]), -1 + 22 - 3);
});

loopTest(
  "parallelFor() takes ndarrays on shared memory, and views of them, in its context",
  async () => {
    const matrix = zeros([3, 4]);
    for (const run of [parallelFor, parallelForSync]) {
      await run(3, (row, { flipped }) => {
        for (let column = 0; column < 4; column++) {
          flipped.set(column, row, flipped.get(column, row) + 10 * row + column);
        }
      }, { context: { flipped: matrix.transpose(1, 0) }, numThreads: 2 });
    }
    assertEquals(tolist(matrix), [[0, 2, 4, 6], [20, 22, 24, 26], [40, 42, 44, 46]]);
  },
);

loopTest("parallelFor() rejects ndarrays that are not on shared memory", async () => {
  const expected = "context.matrix is an ndarray that is not on shared memory, so what the body " +
    "writes to it would be lost. Make it with zeros() or asShared()";
  const typed = createNdarray(new Float64Array(4), [2, 2]) as unknown as NdArray;
  const lists = createNdarray([1, 2, 3]) as unknown as NdArray;
  for (const matrix of [typed, lists, typed.pick(0, null)]) {
    const options = { context: { matrix }, numThreads: 2 };
    assertThrows(() => parallelForSync(2, () => {}, options), TypeError, expected);
  }
  assertThrows(
    () => parallelForSync(2, () => {}, { context: { data: new Float64Array(1) } }),
    TypeError,
    "context.data is not on shared memory, so what the body writes to it would be lost. Make it " +
      "with sharedArray()",
  );
  const shared = asShared(typed);
  await parallelFor(2, (i, { matrix, typed }) => {
    matrix.set(i, i, 1 + typed.get(i, i));
  }, { context: { matrix: shared }, constants: { typed }, numThreads: 2 });
  assertEquals(tolist(shared), [[1, 0], [0, 1]]);
});

test("npm:ndarray-ops works on arrays that a worker writes to", async () => {
  const a = fromArray([1, 2, 3, 4], [2, 2]);
  const b = zeros([2, 2]);
  ops.adds(b, a.transpose(1, 0), 10);
  assertEquals(tolist(b), [[11, 13], [12, 14]]);
  ops.muleq(b, a);
  assertEquals(tolist(b), [[11, 26], [36, 56]]);
  assertEquals([ops.sum(a), ops.sup(a), ops.inf(a.step(-1, 2))], [10, 4, 1]);
  assertEquals(ops.argmax(a.step(-1, 1)), [0, 1]);
  ops.assigns(a.pick(0, null), 9);
  assertEquals(tolist(a), [[9, 9], [3, 4]]);
  await using pool = new Pool(1);
  await pool.apply((array: NdArray) => array.set(0, 0, 100), [b]);
  assertEquals(ops.sum(b), 100 + 26 + 36 + 56);
});
