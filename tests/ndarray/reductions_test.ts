import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  arange,
  argmax,
  argmaxSync,
  argmin,
  argminSync,
  type DataType,
  fromArray,
  max,
  maxSync,
  mean,
  meanSync,
  min,
  minSync,
  type NdArray,
  prod,
  prodSync,
  sum,
  sumSync,
  tolist,
  zeros,
} from "@sauropod/multiprocessing/ndarray";
import createNdarray from "ndarray";
import { loopTest } from "../loops/loops.ts";

/** Compiles only if both are the same type. */
function same<A, B>(..._: [A] extends [B] ? [B] extends [A] ? [] : [never] : [never]): void {}

const cube = fromArray(Int32Array.from({ length: 24 }, (_, at) => at), [2, 3, 4]);

// The expected values are those of NumPy.
Deno.test("reductions along an axis match NumPy, also for negative axes", () => {
  const sums = [
    [[12, 14, 16, 18], [20, 22, 24, 26], [28, 30, 32, 34]],
    [[12, 15, 18, 21], [48, 51, 54, 57]],
    [[6, 22, 38], [54, 70, 86]],
  ];
  for (const [axis, expected] of sums.entries()) {
    assertEquals(tolist(sumSync(cube, { axis })), expected);
    assertEquals(tolist(sumSync(cube, { axis: axis - 3 })), expected);
  }
  assertEquals(tolist(argmaxSync(cube, { axis: 1 })), [[2, 2, 2, 2], [2, 2, 2, 2]]);
  assertEquals(tolist(argminSync(cube.step(1, -1, 1), { axis: 1 })), [[2, 2, 2, 2], [2, 2, 2, 2]]);
  assertEquals(tolist(meanSync(cube, { axis: 2 })), [[1.5, 5.5, 9.5], [13.5, 17.5, 21.5]]);
  assertEquals(tolist(prodSync(cube, { axis: -1 })), [[0, 840, 7920], [32760, 93024, 212520]]);
  assertEquals(tolist(maxSync(cube, { axis: 0 })), [[12, 13, 14, 15], [16, 17, 18, 19], [
    20,
    21,
    22,
    23,
  ]]);
  assertEquals(tolist(minSync(fromArray([3, 1, 2]), { axis: 0 })), 1); // a result without axes
});

Deno.test("reductions of all elements take any view in C order", () => {
  const steps = fc.tuple(...[2, 3, 4].map(() => fc.constantFrom(-2, -1, 1, 2)));
  const orders = fc.constantFrom([0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]);
  fc.assert(fc.property(steps, orders, (step, order) => {
    const view = cube.step(...step).transpose(...order);
    const elements = [tolist(view)].flat(3) as number[];
    assertEquals(sumSync(view), elements.reduce((a, b) => a + b));
    assertEquals(maxSync(view), Math.max(...elements));
    assertEquals(minSync(view), Math.min(...elements));
    assertEquals(argmaxSync(view), elements.indexOf(Math.max(...elements)));
    assertEquals(argminSync(view), elements.indexOf(Math.min(...elements)));
  }));
});

Deno.test("reductions keep floating-point types, add integers as float64, and wrap bigints", () => {
  const types = {
    int8: "float64",
    uint32: "float64",
    uint8_clamped: "float64",
    float16: "float16",
    float32: "float32",
    float64: "float64",
  };
  for (const [dtype, expected] of Object.entries(types)) {
    const array: NdArray = zeros([2, 2], dtype as DataType);
    assertEquals(sumSync(array, { axis: 0 }).dtype, expected);
    assertEquals(prodSync(array, { axis: 0 }).dtype, expected);
    assertEquals(meanSync(array, { axis: 0 }).dtype, expected);
    assertEquals(maxSync(array, { axis: 0 }).dtype, dtype);
    assertEquals(argmaxSync(array, { axis: 0 }).dtype, "uint32");
  }
  assertEquals(sumSync(fromArray(new Uint8Array(1000).fill(255))), 255_000);
  const bigs = fromArray([2n ** 62n, 2n ** 62n, 5n], undefined, "bigint64");
  assertEquals(sumSync(bigs), -(2n ** 63n) + 5n);
  assertEquals(prodSync(fromArray([3n, -5n, 7n])), -105n);
  assertEquals(minSync(fromArray([3n, -5n, 7n])), -5n);
  assertEquals(maxSync(bigs), 2n ** 62n);
  assertEquals(argminSync(bigs), 2);
  assertEquals(meanSync(fromArray([1n, 2n])), 1.5);
  assertEquals(tolist(sumSync(fromArray([1n, 2n, 3n, 4n], [2, 2]), { axis: 1 })), [3n, 7n]);
  const total = sumSync(bigs);
  same<typeof total, bigint>();
  const rows = sumSync(zeros([2, 2], "int8"), { axis: 0 });
  same<typeof rows, NdArray<Float64Array>>();
  const places = argmaxSync(bigs, { axis: 0 });
  same<typeof places, NdArray<Uint32Array>>();
});

Deno.test("min(), max(), argmin() and argmax() return NaN, or the index of the first NaN", () => {
  const array = fromArray([3, NaN, 1, NaN]);
  for (const reduce of [sumSync, prodSync, minSync, maxSync, meanSync]) {
    assertEquals(reduce(array), NaN);
  }
  assertEquals([argminSync(array), argmaxSync(array)], [1, 1]);
  assertEquals([argminSync(fromArray([NaN, 1])), argmaxSync(fromArray([2, 5, 5]))], [0, 1]);
});

Deno.test("reductions of no elements: sum is 0, product is 1, min() throws", () => {
  const nothing = zeros([0]);
  assertEquals([sumSync(nothing), prodSync(nothing), meanSync(nothing)], [0, 1, NaN]);
  assertEquals(sumSync(zeros([0], "bigint64")), 0n);
  assertEquals(tolist(prodSync(zeros([2, 0]), { axis: 1 })), [1, 1]);
  assertEquals(tolist(sumSync(zeros([2, 0]), { axis: 0 })), []);
  assertEquals(tolist(minSync(zeros([2, 0]), { axis: 0 })), []);
  for (const reduce of [minSync, maxSync, argminSync, argmaxSync]) {
    assertThrows(() => reduce(nothing), RangeError, "the array is empty");
    assertThrows(() => reduce(zeros([2, 0]), { axis: 1 }), RangeError, "axis 1 is empty");
  }
  assertEquals([sumSync(fromArray([5], [])), argmaxSync(fromArray([5], []))], [5, 0]);
});

Deno.test("reductions throw errors that name the invalid argument", async () => {
  assertThrows(() => sumSync(cube, { axis: 3 }), RangeError, "axis 3 is out of range for an array");
  assertThrows(() => sumSync(cube, { axis: -4 }), RangeError, "axis -4 is out of range");
  assertThrows(() => sumSync(cube, { axis: 0.5 }), RangeError, "axis must be an integer");
  assertThrows(() => sumSync([1, 2] as never), TypeError, "Cannot sum array: array must be an");
  assertThrows(() => maxSync(cube, { numThreads: 0 }), RangeError, "numThreads");
  await assertRejects(() => sum(cube, { axis: 3 }), RangeError, "axis 3 is out of range");
});

loopTest("reductions return the same, bit for bit, for any numThreads", async () => {
  const size = 200_003;
  const numbers = fromArray(Float64Array.from({ length: size }, (_, at) => Math.sin(at) * 1e3));
  const pairs = fromArray(numbers.data.subarray(3), [2, (size - 3) / 2]).transpose(1, 0);
  const bigs = fromArray(BigInt64Array.from({ length: size }, (_, at) => BigInt(at) << 40n));
  for (const numThreads of [2, 3]) {
    for (const view of [numbers, numbers.step(-3), pairs]) {
      assertEquals(sumSync(view, { numThreads }), sumSync(view, { numThreads: 1 }));
      assertEquals(await mean(view, { numThreads }), meanSync(view));
      assertEquals(await min(view, { numThreads }), minSync(view));
      assertEquals(await max(view, { numThreads }), maxSync(view));
      assertEquals(await argmin(view, { numThreads }), argminSync(view));
      assertEquals(await argmax(view, { numThreads }), argmaxSync(view));
    }
    assertEquals(await prod(numbers.hi(100), { numThreads }), prodSync(numbers.hi(100)));
    assertEquals(await sum(bigs, { numThreads }), sumSync(bigs));
    for (const axis of [0, 1]) {
      const [a, b] = [await sum(pairs, { axis, numThreads }), sumSync(pairs, { axis })];
      assertEquals([...a.data], [...b.data]);
    }
  }
});

Deno.test("reductions of many parts match plain loops", () => {
  const elements = Int32Array.from({ length: 210_000 }, (_, at) => (at * 7919) % 1009);
  const [least, greatest] = [100_000, 170_000];
  [elements[least], elements[greatest]] = [-5, 5000];
  const array = fromArray(elements, [70_000, 3]);
  assertEquals([argminSync(array), argmaxSync(array)], [least, greatest]);
  assertEquals([minSync(array), maxSync(array)], [-5, 5000]);
  assertEquals(sumSync(array), elements.reduce((a, b) => a + b));
  const flipped = array.transpose(1, 0); // many runs in a part
  const [row, column] = [Math.floor(greatest / 3), greatest % 3];
  assertEquals(argmaxSync(flipped), column * 70_000 + row);
  const rows = sumSync(array, { axis: 1 }); // many parts
  for (const view of [rows, sumSync(flipped, { axis: 0 })]) {
    assertEquals(view.size, 70_000);
    for (let i = 0; i < 70_000; i++) {
      const expected = elements[3 * i] + elements[3 * i + 1] + elements[3 * i + 2];
      if (view.get(i) !== expected) assertEquals(view.get(i), expected, `row ${i}`);
    }
  }
});

Deno.test("sum() has the small error of pairwise addition", () => {
  const tenths = fromArray(new Float64Array(1e6).fill(0.1));
  const error = Math.abs(sumSync(tenths) - 1e5);
  const naive = Math.abs(tenths.data.reduce((a, b) => a + b) - 1e5);
  assert(error < 1e-10 && naive > 1e-7, `${error}, ${naive}`);
});

Deno.test("reductions of arrays that are not on shared memory run in the caller", () => {
  const plain = createNdarray(Float64Array.of(1, 2, 3), [3]) as unknown as NdArray;
  assertEquals(sumSync(plain, { numThreads: 2 }), 6); // a worker would be reported as a leak
  assertEquals(sumSync(arange(0)), 0);
});
