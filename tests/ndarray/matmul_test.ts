import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  arange,
  type DataType,
  dot,
  dotSync,
  fromArray,
  full,
  matmul,
  matmulSync,
  type NdArray,
  sumSync,
  tolist,
  zeros,
} from "@sauropod/multiprocessing/ndarray";
import { test } from "../fixtures/guarded.ts";
import { loopTest } from "../loops/loops.ts";
import { DTYPES, elementsOf, type LayoutName, LAYOUTS, makeArray } from "./layouts.ts";

/** Compiles only if both are the same type. */
function same<A, B>(..._: [A] extends [B] ? [B] extends [A] ? [] : [never] : [never]): void {}

const fractions = (index: number) => (Math.imul(index + 1, 0x9e3779b1) >>> 0) / 2 ** 31 - 1;

/** Returns the product of two matrices, computed by a plain loop. */
function product(a: NdArray, b: NdArray): number[] {
  const [left, right] = [elementsOf(a), elementsOf(b)];
  const [rows, depth] = a.shape;
  const columns = b.shape[1];
  const elements: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += left[i * depth + k] * right[k * columns + j];
      elements.push(sum);
    }
  }
  return elements;
}

function assertSameBits(array: NdArray, expected: readonly number[]): void {
  const rounded = new (array.data.constructor as Float64ArrayConstructor)(expected);
  const elements = elementsOf(array);
  assertEquals(elements.length, rounded.length);
  elements.forEach((element, at) => {
    if (!Object.is(element, rounded[at])) assertEquals(element, rounded[at], `element ${at}`);
  });
}

const anyLayout = fc.constantFrom<LayoutName>(...LAYOUTS);
const anyType = fc.constantFrom<DataType>(...DTYPES);

test("matmul() of any types and layouts has the bits of a plain loop", () => {
  const length = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 80 }));
  const sides = fc.tuple(anyType, anyLayout);
  fc.assert(fc.property(
    fc.tuple(length, length, length),
    sides,
    sides,
    ([rows, depth, columns], [leftType, leftLayout], [rightType, rightLayout]) => {
      const scale = (dtype: DataType) => (index: number) =>
        fractions(index) * (dtype.startsWith("float") ? 3 : 1000);
      const a = makeArray([rows, depth], leftType, leftLayout, scale(leftType));
      const b = makeArray([depth, columns], rightType, rightLayout, scale(rightType));
      const result = matmulSync(a, b);
      assertEquals(result.shape, [rows, columns]);
      assertSameBits(result, product(a, b));
    },
  ));
});

loopTest(
  "matmul() has the bits of a plain loop on any isolates, also with several tiles",
  async () => {
    const shapes = [[130, 70, 20], [5, 600, 1030], [259, 257, 65]];
    for (const [rows, depth, columns] of shapes) {
      const a = makeArray([rows, depth], "float32", "without gaps", fractions);
      const b = makeArray([depth, columns], "float64", "transposed", fractions);
      const expected = product(a, b);
      for (const numThreads of [1, 2, 3]) {
        assertSameBits(matmulSync(a, b, { numThreads }), expected);
        assertSameBits(await matmul(a, b, { numThreads }), expected);
      }
      const plain = makeArray([rows, depth], "float32", "plain", fractions);
      assertSameBits(await matmul(plain, b, { numThreads: 2 }), expected);
    }
  },
);

test("matmul() of a matrix and a vector has the bits of a plain loop", () => {
  const length = fc.integer({ min: 1, max: 150 });
  fc.assert(
    fc.property(
      length,
      length,
      anyType,
      anyLayout,
      anyLayout,
      (lines, depth, dtype, matrixLayout, layout) => {
        const scale = (index: number) => fractions(index) * (dtype.startsWith("float") ? 3 : 1000);
        const matrix = makeArray([lines, depth], dtype, matrixLayout, scale);
        const vector = makeArray([depth, 1], "float64", layout, fractions);
        const expected = product(matrix, vector);
        assertSameBits(matmulSync(matrix, vector), expected);
        const turned = [vector.transpose(1, 0), matrix.transpose(1, 0)] as const;
        assertSameBits(matmulSync(...turned), expected);
      },
    ),
    { numRuns: 300 },
  );
  const wide = makeArray([5000, 3], "float64", "without gaps", fractions);
  const vector = makeArray([1, 5000], "float64", "without gaps", fractions);
  assertSameBits(matmulSync(vector, wide), product(vector, wide));
  const three = makeArray([3, 1], "float64", "without gaps", fractions);
  assertSameBits(matmulSync(wide, three), product(wide, three));
});

test("matmul() takes NaN, infinities and zeros as a plain loop does", () => {
  const specials = [NaN, Infinity, -Infinity, 0, -0, 1, -1];
  const element = (seed: number) => (index: number) => specials[(index * seed) % specials.length];
  for (const [rows, depth, columns] of [[1, 1, 1], [3, 1, 5], [6, 5, 7], [9, 4, 3]]) {
    const a = makeArray([rows, depth], "float64", "without gaps", element(3));
    const b = makeArray([depth, columns], "float64", "without gaps", element(5));
    assertSameBits(matmulSync(a, b), product(a, b));
  }
});

test("matmul() takes vectors, stacks and arrays without elements as NumPy does", () => {
  const a = arange(6).data;
  const matrix = fromArray(a, [2, 3]);
  assertEquals(tolist(matmulSync(matrix, fromArray([1, 0, 2]))), [4, 13]);
  assertEquals(tolist(matmulSync(fromArray([1, 2]), matrix)), [6, 9, 12]);
  assertEquals(tolist(matmulSync(fromArray([1, 2]), fromArray([3, 4]))), 11);
  const stack = fromArray(arange(12).data, [2, 2, 3]);
  const column = fromArray([1, 1, 1], [3, 1]);
  assertEquals(tolist(matmulSync(stack, column)), [[[3], [12]], [[21], [30]]]);
  assertEquals(tolist(matmulSync(stack, fromArray([1, 1, 1]))), [[3, 12], [21, 30]]);
  const stacks = matmulSync(
    fromArray(arange(12).data, [2, 1, 2, 3]),
    fromArray(arange(18).data, [3, 3, 2]),
  );
  assertEquals(stacks.shape, [2, 3, 2, 2]);
  assertEquals(tolist(stacks.pick(1, 2, null, null)), [[298, 319], [424, 454]]);
  assertEquals(tolist(matmulSync(zeros([2, 0]), zeros([0, 3]))), [[0, 0, 0], [0, 0, 0]]);
  assertEquals(matmulSync(zeros([0, 2]), zeros([2, 3])).shape, [0, 3]);
  assertEquals(matmulSync(zeros([0, 2, 2]), zeros([2, 3])).shape, [0, 2, 3]);
});

test("matmul() returns float64 unless both arrays have smaller floating-point types", () => {
  const types = [
    ["float16", "float16", "float16"],
    ["float16", "float32", "float32"],
    ["float32", "float32", "float32"],
    ["float32", "float64", "float64"],
    ["int8", "float32", "float64"],
    ["uint8", "uint8", "float64"],
  ] as const;
  for (const [left, right, expected] of types) {
    assertEquals(matmulSync(zeros([1, 1], left), zeros([1, 1], right)).dtype, expected);
  }
  const single = matmulSync(zeros([1, 1], "float32"), zeros([1, 1], "float16"));
  same<typeof single, NdArray<Float32Array>>();
  const double = matmulSync(zeros([1, 1], "float32"), zeros([1, 1], "int8"));
  same<typeof double, NdArray<Float64Array>>();
  assertEquals(tolist(matmulSync(full([1, 2], 200, "uint8"), full([2, 1], 200, "uint8"))), [[
    80_000,
  ]]);
});

test("dot() of any types and layouts has the bits of the sum of products", () => {
  const length = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 9000 }));
  const sides = fc.tuple(anyType, anyLayout);
  fc.assert(
    fc.property(length, sides, sides, (size, [leftType, leftLayout], [rightType, rightLayout]) => {
      const a = makeArray([size], leftType, leftLayout, (at) => fractions(at) * 100);
      const b = makeArray([size], rightType, rightLayout, (at) => fractions(at + 1) * 100);
      const right = elementsOf(b);
      const products = fromArray(Float64Array.from(elementsOf(a), (x, at) => x * right[at]));
      assert(Object.is(dotSync(a, b), sumSync(products)));
    }),
  );
});

loopTest("dot() returns the same, bit for bit, on any isolates", async () => {
  const a = makeArray([200_003], "float64", "without gaps", fractions);
  const b = makeArray([200_003], "float32", "gaps", fractions);
  const right = elementsOf(b);
  const products = fromArray(Float64Array.from(elementsOf(a), (x, at) => x * right[at]));
  for (const numThreads of [1, 2, 3]) {
    assertEquals(dotSync(a, b, { numThreads }), sumSync(products));
    assertEquals(await dot(a, b, { numThreads }), sumSync(products));
  }
  assertEquals(dotSync(zeros([0]), zeros([0])), 0);
});

loopTest("matmul() and dot() end with the reason of their signal", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  for (const numThreads of [1, 2]) {
    const options = { numThreads, signal };
    assertEquals(await assertRejects(() => matmul(zeros([2, 2]), zeros([2, 2]), options)), reason);
    assertEquals(await assertRejects(() => dot(arange(2), arange(2), options)), reason);
  }
  const controller = new AbortController();
  const large = full([1500, 1500], 1);
  const running = matmul(large, large, { numThreads: 2, signal: controller.signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => running), reason);
});

test("dot() of an array that is not on shared memory runs in the caller", async () => {
  const plain = makeArray([3], "float64", "plain", (at) => at);
  const options = { numThreads: 2 };
  for (const [a, b] of [[plain, arange(3)], [arange(3), plain], [plain, plain]]) {
    assertEquals(dotSync(a, b, options), 5);
    assertEquals(await dot(a, b, options), 5);
  }
});

test("matmul() and dot() reject unknown options", async () => {
  const options = { threads: 2 } as object;
  for (const multiply of [matmul, dot]) {
    await assertRejects(() => multiply(arange(2), arange(2), options), TypeError, "option threads");
  }
  for (const multiply of [matmulSync, dotSync]) {
    assertThrows(() => multiply(arange(2), arange(2), options), TypeError, "option threads");
  }
});

test("matmul() and dot() reject arrays that do not match", () => {
  const matrix = zeros([2, 3]);
  const throws = (call: () => unknown, message: string) =>
    assertThrows(call, RangeError, `Cannot multiply arrays: ${message}`);
  throws(
    () => matmulSync(matrix, matrix),
    "shapes [2,3] and [2,3] do not match: a must have as many columns",
  );
  throws(
    () => matmulSync(matrix, arange(2)),
    "shapes [2,3] and [2] do not match: a must have as many elements as b",
  );
  throws(() => matmulSync(arange(2), arange(3)), "shapes [2] and [3] do not match");
  throws(() => matmulSync(matrix, fromArray([1], [])), "b must have at least one axis");
  throws(() => dotSync(arange(3), matrix), "b must have one axis, not 2");
  throws(() => matmulSync(zeros([2, 1, 1]), zeros([3, 1, 1])), "shapes [2] and [3] do not match");
  throws(() => matmulSync(fromArray([1], []), matrix), "a must have at least one axis");
  throws(
    () => dotSync(matrix, arange(3)),
    "a must have one axis, not 2. For matrices use matmul()",
  );
  throws(() => dotSync(arange(2), arange(3)), "shapes [2] and [3] do not match");
  const bigs = fromArray([1n, 2n]) as never;
  for (const multiply of [dotSync, matmulSync]) {
    assertThrows(() => multiply(arange(2), bigs), TypeError, "b must be an ndarray of numbers");
    assertThrows(() => multiply(bigs, arange(2)), TypeError, "a must be an ndarray of numbers");
    assertThrows(() => multiply(arange(2), [1] as never), TypeError, "b must be an ndarray");
    assertThrows(() => multiply([1] as never, arange(2)), TypeError, "a must be an ndarray");
    assertThrows(() => multiply(arange(2), arange(2), { numThreads: 0 }), RangeError, "numThreads");
    const options = { signal: AbortSignal.abort() } as object;
    assertThrows(() => multiply(arange(2), arange(2), options), TypeError, "no option signal");
  }
});
