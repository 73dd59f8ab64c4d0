import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type DataType,
  fromArray,
  full,
  type NdArray,
  vectorize,
  vectorizeSync,
  zeros,
} from "@sauropod/multiprocessing/ndarray";
import { vectorizeKernel } from "../../lib/ndarray/vectorize_kernel.ts";
import { test } from "../fixtures/guarded.ts";
import { loopTest } from "../loops/loops.ts";
import { DTYPES, elementsOf, type LayoutName, LAYOUTS, makeArray } from "./layouts.ts";

type Element = (...elements: number[]) => number;

const functions: Element[] = [
  (x, y) => x * y - x,
  (x, y) => Math.sqrt(Math.abs(x)) + Math.floor(y / 3),
  (x, y) => {
    if (x > y) return x - y;
    return Math.exp(-Math.abs(x)) * 1e3;
  },
  (x, y) => (x | 0) % 7 + (y & 3),
  (x, y) => {
    let sum = 0;
    for (let n = 0; n < 5; n++) sum += x / (n + 1) - y;
    return sum;
  },
];

const SIZE = 5000;
const numbers = (index: number) => (Math.imul(index, 0x9e3779b1) >>> 0) / 2 ** 25 - 64;

test("kernels of vectorized functions return what the functions return, for any types and layouts", () => {
  const anyType = fc.constantFrom<DataType>(...DTYPES);
  const anyLayout = fc.constantFrom<LayoutName>(...LAYOUTS);
  const anyFunction = fc.constantFrom(...functions);
  fc.assert(
    fc.property(
      anyFunction,
      anyType,
      anyLayout,
      anyType,
      fc.boolean(),
      (fn, from, layout, dtype, isNumber) => {
        const left = makeArray([SIZE / 50, 50], from, layout, numbers);
        const right = isNumber
          ? 2.5
          : makeArray([SIZE / 50, 50], from, "without gaps", (at) => numbers(at + 1));
        const result = vectorizeSync(fn, { dtype, numThreads: 1 })(left, right);
        const others = typeof right === "number"
          ? Array<number>(SIZE).fill(right)
          : elementsOf(right);
        const expected = new (result.data.constructor as Float64ArrayConstructor)(SIZE);
        elementsOf(left).forEach((x, at) => expected[at] = fn(x, others[at]));
        elementsOf(result).forEach((value, at) => {
          if (!Object.is(value, expected[at])) assertEquals(value, expected[at], `element ${at}`);
        });
      },
    ),
  );
});

test("kernels of vectorized functions read parts of arrays, and numbers without axes", () => {
  const array = zeros([3 * SIZE]);
  array.data.forEach((_, at) => array.data[at] = at);
  const part = array.lo(SIZE).hi(SIZE);
  const number = array.pick(7);
  const result = vectorizeSync((x: number, y: number) => x + 2 * y, { numThreads: 1 })(
    part,
    number,
  );
  assertEquals([result.get(0), result.get(SIZE - 1)], [SIZE + 14, 2 * SIZE + 13]);
});

test("functions of numbers have kernels over large arrays without gaps", () => {
  const array = zeros([SIZE]);
  const number = fromArray([2], []);
  for (const fn of functions) {
    assert(vectorizeKernel(fn, [array, array], zeros([SIZE])) !== undefined, String(fn));
    assert(vectorizeKernel(fn, [array, number], zeros([SIZE], "uint8")) !== undefined, String(fn));
  }
  const [fn] = functions;
  assert(vectorizeKernel(fn, [array.hi(4096), array.hi(4096)], zeros([4096])) !== undefined);
  const outside = 3;
  const obstacles: [Element, NdArray[], NdArray][] = [
    [fn, [array.step(-1), array], zeros([SIZE])],
    [fn, [zeros([SIZE], "float16"), array], zeros([SIZE])],
    [fn, [array, array], zeros([SIZE], "float16")],
    [fn, [zeros([10]), zeros([10])], zeros([10])],
    [(x) => x * outside, [array], zeros([SIZE])],
    [Math.sqrt, [array], zeros([SIZE])],
    [fn, [array, array], zeros([SIZE]).step(-1)],
    [fn, [array, array], zeros([2 * SIZE]).step(2)],
    [fn, [array, full([], 2n) as never], zeros([SIZE])],
    [fn, [array.hi(4095), array.hi(4095)], zeros([4095])],
    [
      (x) => {
        for (let n = 0; n < 5; n++) if (x > n) return n;
        return x;
      },
      [array],
      zeros([SIZE]),
    ],
  ];
  for (const [fn, inputs, out] of obstacles) {
    assertEquals(vectorizeKernel(fn, inputs, out), undefined, String(fn));
  }
});

test("a function that does not return a number throws over large arrays too", () => {
  const array = zeros([SIZE]);
  for (const fn of [(x: number) => x > 1, (x: number) => x > 1 ? x : undefined]) {
    const call = vectorizeSync(fn as Element, { numThreads: 1 });
    let error: unknown;
    try {
      call(array);
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof TypeError && error.message.includes("fn must return a number"));
  }
});

loopTest("kernels of vectorized functions run on any isolates", async () => {
  const array = makeArray([300_000], "float32", "without gaps", numbers);
  const plain = makeArray([300_000], "float32", "plain", numbers);
  const expected = Float64Array.from(elementsOf(array), (x) => x * x - 2);
  const fn = (x: number, y: number) => x * x - y;
  for (const numThreads of [1, 2, 3]) {
    const call = vectorize(fn, { numThreads });
    for (const input of [array, plain]) {
      assertEquals(
        Object.is((await call(input, 2)).data.findIndex((x, at) => x !== expected[at]), -1),
        true,
      );
    }
  }
});
