import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { Pool } from "@sauropod/multiprocessing";
import {
  type ArrayExpression,
  lazy,
  type NumberTypedArray,
  parallelFor,
  prange,
  prefixSum,
  prefixSumSync,
} from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { compileLoop } from "../../lib/loops/expression_code.ts";
import type { Node, TypedNode } from "../../lib/loops/expression_tree.ts";
import { hypotenuse } from "../fixtures/loop_tasks.ts";
import { loopTest, shared } from "./loops.ts";

/** More than one piece; the last piece is not full. */
const MANY = 10_001;
const numberTypes = [
  ...["int8", "uint8", "int16", "uint16", "int32", "uint32"] as const,
  ...["float16", "float32", "float64"] as const,
];

/** Types that `astype` converts to. */
const castTypes = [...numberTypes, "d"] as const;

function filled(length: number, value: (i: number) => number): Float64Array<SharedArrayBuffer> {
  const array = shared(length);
  for (let i = 0; i < length; i++) array[i] = value(i);
  return array;
}

/** Asserts that arrays are equal; faster than assertEquals, which takes minutes to diff long arrays. */
function assertSame(actual: NumberTypedArray, expected: NumberTypedArray, message?: string): void {
  assertEquals(actual.length, expected.length, message);
  const at = actual.findIndex((value, at) => !Object.is(value, expected[at]));
  if (at >= 0) assertEquals([at, actual[at]], [at, expected[at]], message);
}

/** An operation on expressions, and the same operation on one element. */
interface Step {
  name: string;
  apply(x: ArrayExpression, y: NumberTypedArray): ArrayExpression;
  one(x: number, y: number): number;
}

const steps: Step[] = [
  { name: "add", apply: (x, y) => x.add(y), one: (x, y) => x + y },
  { name: "sub 0.5", apply: (x) => x.sub(0.5), one: (x) => x - 0.5 },
  { name: "mul", apply: (x, y) => x.mul(lazy(y)), one: (x, y) => x * y },
  { name: "div", apply: (x, y) => x.div(y), one: (x, y) => x / y },
  { name: "pow 2", apply: (x) => x.pow(2), one: (x) => x * x },
  { name: "pow 3", apply: (x) => x.pow(3), one: (x) => x * x * x },
  { name: "pow 0.5", apply: (x) => x.pow(0.5), one: (x) => x ** 0.5 },
  { name: "pow", apply: (x, y) => x.pow(y), one: (x, y) => x ** y },
  { name: "itself", apply: (x) => x.sub(x.mul(2)), one: (x) => x - x * 2 },
  { name: "minimum", apply: (x, y) => x.minimum(y), one: (x, y) => Math.min(x, y) },
  { name: "maximum 0", apply: (x) => x.maximum(0), one: (x) => Math.max(x, 0) },
  { name: "neg", apply: (x) => x.neg(), one: (x) => -x },
  { name: "abs", apply: (x) => x.abs(), one: Math.abs },
  { name: "sqrt", apply: (x) => x.sqrt(), one: Math.sqrt },
  { name: "exp", apply: (x) => x.exp(), one: Math.exp },
  { name: "log", apply: (x) => x.log(), one: Math.log },
  { name: "sin", apply: (x) => x.sin(), one: Math.sin },
  { name: "cos", apply: (x) => x.cos(), one: Math.cos },
  { name: "map", apply: (x) => x.map((x) => x > 1 ? x : -x), one: (x) => x > 1 ? x : -x },
  { name: "floor", apply: (x) => x.map(Math.floor), one: Math.floor },
  { name: "zip", apply: (x, y) => x.zip(y, (x, y) => x * 2 + y), one: (x, y) => x * 2 + y },
  { name: "hypot", apply: (x, y) => x.zip(y, hypotenuse), one: Math.hypot },
  { name: "tanh", apply: (x) => x.tanh(), one: Math.tanh },
  { name: "floor()", apply: (x) => x.floor(), one: Math.floor },
  { name: "ceil()", apply: (x) => x.ceil(), one: Math.ceil },
  { name: "trunc()", apply: (x) => x.trunc(), one: Math.trunc },
  { name: "round()", apply: (x) => x.round(), one: Math.round },
  { name: "lt", apply: (x, y) => x.lt(y), one: (x, y) => Number(x < y) },
  { name: "le", apply: (x, y) => x.le(y), one: (x, y) => Number(x <= y) },
  { name: "gt", apply: (x) => x.gt(0.5), one: (x) => Number(x > 0.5) },
  { name: "ge", apply: (x, y) => x.ge(lazy(y).neg()), one: (x, y) => Number(x >= -y) },
  { name: "eq", apply: (x, y) => x.eq(y), one: (x, y) => Number(x === y) },
  { name: "ne", apply: (x) => x.ne(x), one: (x) => Number(x !== x) },
  { name: "where", apply: (x, y) => x.lt(y).where(x, y), one: (x, y) => x < y ? x : y },
  { name: "where not 0", apply: (x, y) => x.where(7, y), one: (x, y) => x !== 0 ? 7 : y },
  ...castTypes.map((type) => ({
    name: `astype ${type}`,
    apply: (x: ArrayExpression) => x.astype(type),
    one: (x: number) => Number(sharedArray(type, 1).fill(x as never)[0]),
  })),
  { name: "range", apply: (x) => x.add(prange(0, x.length)), one: (x) => x }, // see below
];

loopTest("ArrayExpression computes the same as a plain loop, bit for bit", async () => {
  const numbers = fc.array(fc.double(), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      numbers,
      numbers,
      fc.array(fc.nat(steps.length - 2), { maxLength: 6 }),
      fc.integer({ min: 1, max: 3 }),
      async (first, second, chosen, numThreads) => {
        const length = Math.min(first.length, second.length);
        const x = sharedArray("float64", first.slice(0, length));
        const y = sharedArray("float64", second.slice(0, length));
        const chain = chosen.map((at) => steps[at]);
        const expression = chain.reduce((made, step) => step.apply(made, y), lazy(x));
        const expected = Array.from(
          x,
          (value, i) => chain.reduce((made, step) => step.one(made, y[i]), value),
        );
        assertEquals([...await expression.toArray("float64", { numThreads })], expected);
        assertEquals([...expression.toArraySync("float64", { numThreads })], expected);
      },
    ),
    { numRuns: 60 },
  );
});

loopTest("ArrayExpression computes every operation on several workers", async () => {
  const x = filled(MANY, (i) => Math.sin(i) * 3);
  const y = filled(MANY, (i) => Math.cos(i * 2) * 2);
  for (const { name, apply, one } of steps) {
    if (name === "range") continue;
    const got = await apply(lazy(x), y).toArray("float64", { numThreads: 2 });
    assertSame(got, filled(MANY, (i) => one(x[i], y[i])), name);
  }
  const ranged = await lazy(prange(5, 5 - MANY, -1)).add(x).toArray();
  assertSame(ranged, filled(MANY, (i) => 5 - i + x[i]));
});

loopTest("ArrayExpression reads and writes arrays of every type", async () => {
  for (const dtype of numberTypes) {
    const x = sharedArray(dtype, Array.from({ length: MANY }, (_, i) => i % 100));
    const got = await lazy(x).mul(3).sub(7).toArray(dtype, { numThreads: 2 });
    const expected = sharedArray(dtype, Array.from(x, (value) => value * 3 - 7));
    assertSame(got, expected, dtype);
    assertEquals(await lazy(x).sum({ numThreads: 2 }), [...x].reduce((a, b) => a + b), dtype);
    const clamped = new Uint8ClampedArray(new SharedArrayBuffer(MANY));
    await lazy(x).mul(3).sub(7).into(clamped);
    const bounded = Array.from(x, (value) => Math.max(0, Math.min(255, value * 3 - 7)));
    assertSame(clamped, Uint8ClampedArray.from(bounded), dtype);
  }
});

loopTest("ArrayExpression computes with bigints", async () => {
  for (const dtype of ["int64", "uint64"] as const) {
    const x = sharedArray(dtype, Array.from({ length: MANY }, (_, i) => BigInt(i + 1)));
    const sum = BigInt(MANY * (MANY + 1) / 2);
    const options = { numThreads: 2 };
    assertEquals(await lazy(x).sum(options), sum);
    assertEquals(lazy(x).mul(2n).add(x).sumSync(options), sum * 3n);
    assertEquals([await lazy(x).min(options), await lazy(x).max(options)], [1n, BigInt(MANY)]);
    assertEquals(await lazy(x).pow(2n).maximum(50n).minimum(x).div(2n).max(options), 5000n);
    assertEquals((await lazy(x).map((it) => it % 3n).toArray(dtype, options))[4], 2n);
    assertEquals((await prefixSum(x, options))[MANY - 1], sum);
    assertEquals(await lazy(x).toNumbers().mul(0.5).sum(options), Number(sum) / 2);
    assertEquals(await lazy(x).reduce((a, b) => a > b ? a : b, 0n, options), BigInt(MANY));
    assertEquals(lazy(sharedArray(dtype, 0)).sumSync(), 0n);
  }
  const signed = sharedArray("int64", [-3n, 2n]);
  assertEquals([...await lazy(signed).abs().toArray()], [3n, 2n]);
  assertEquals(await lazy(signed).neg().prod(), -6n);
});

loopTest("ArrayExpression folds to the same values as a plain loop", async () => {
  const integers = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(integers, fc.integer({ min: 1, max: 3 }), async (values, numThreads) => {
      const options = { numThreads };
      // Pieces of an expression with a function have one element each.
      for (const x of [lazy(sharedArray("int16", values))].flatMap((x) => [x, x.map(Number)])) {
        assertEquals(await x.sum(options), values.reduce((a, b) => a + b, 0));
        assertEquals(x.meanSync(options), values.reduce((a, b) => a + b, 0) / values.length);
        assertEquals(await x.prod(options) === values.reduce((a, b) => a * b, 1), true);
        assertEquals([await x.min(options), x.maxSync(options)], [
          Math.min(...values),
          Math.max(...values),
        ]);
        const last = (_left: number, right: number) => right;
        assertEquals(await x.reduce(last, 0, options), values.at(-1));
        assertEquals(x.reduceSync((a, b) => a + b, 100, options), 100 + x.sumSync());
      }
    }),
    { numRuns: 30 },
  );
});

loopTest(
  "ArrayExpression.sum() and cumsum() return the same, bit for bit, for any numThreads",
  async () => {
    const x = filled(50_000, (i) => Math.sin(i) * 10 ** (i % 17));
    const expressions = [lazy(x), lazy(x).map((x) => x), lazy(x).pow(2).sub(x)];
    for (const expression of expressions) {
      const one = await expression.sum({ numThreads: 1 });
      const prefix = await expression.cumsum({ numThreads: 1 });
      for (const numThreads of [2, 3]) {
        assertEquals(await expression.sum({ numThreads }), one);
        assertEquals(expression.sumSync({ numThreads }), one);
        assertSame(await expression.cumsum({ numThreads }), prefix);
        assertSame(expression.cumsumSync({ numThreads }), prefix);
      }
    }
  },
);

loopTest("ArrayExpression treats NaN and -0 as Math.min does, at any position", async () => {
  for (const at of [0, 3, 5000, MANY - 1]) {
    const x = filled(MANY, (i) => i === at ? NaN : 1);
    assertEquals([await lazy(x).min(), await lazy(x).max(), await lazy(x).sum()], [NaN, NaN, NaN]);
    x[at] = -0;
    assertEquals(await lazy(x).minimum(0).min(), -0);
    assertEquals(await lazy(x).map(Number).min(), -0);
    assertEquals(await lazy(x).mul(0).max(), 0);
  }
});

loopTest("ArrayExpression computes zero elements, and one", async () => {
  const none = lazy(shared(0));
  assertEquals([await none.sum(), none.prodSync(), await none.mean()], [0, 1, NaN]);
  assertEquals(await none.reduce((a, b) => a + b, 7), 7);
  assertEquals([...await none.toArray()], []);
  assertEquals([...none.cumsumSync()], []);
  assertEquals(await none.map(Math.sqrt).sum({ numThreads: 3 }), 0);
  await assertRejects(() => none.min(), RangeError, "Cannot take min: there are no elements");
  assertThrows(() => none.maxSync(), RangeError, "Cannot take max: there are no elements");
  const one = lazy(sharedArray("float32", [4])).sqrt();
  assertEquals([await one.sum(), one.prodSync(), await one.min(), await one.mean()], [2, 2, 2, 2]);
  assertEquals([...await one.cumsum()], [2]);
});

loopTest("prefixSum() returns the running sums, in place too", async () => {
  const values = fc.array(fc.integer({ min: -99, max: 99 }), { maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(values, fc.integer({ min: 1, max: 3 }), async (values, numThreads) => {
      let sum = 0;
      const expected = values.map((value) => sum += value);
      const x = sharedArray("int32", values);
      assertEquals([...await prefixSum(x, { numThreads })], expected);
      const mapped = lazy(x).map((x) => x); // pieces of one element
      assertEquals([...await mapped.cumsum({ numThreads })], expected);
      assertEquals(prefixSumSync(x, { into: x, numThreads }), x);
      assertEquals([...x], expected);
    }),
    { numRuns: 30 },
  );
  const x = filled(MANY, (i) => i);
  await prefixSum(x, { into: x, numThreads: 2 });
  assertSame(x, filled(MANY, (i) => i * (i + 1) / 2));
});

loopTest("ArrayExpression.into() writes to an array that the expression reads", async () => {
  const x = filled(MANY, (i) => i);
  assert(await lazy(x).mul(2).into(x, { numThreads: 2 }) === x);
  assertSame(x, filled(MANY, (i) => 2 * i));
  const [left, right] = [x.subarray(0, 5000), x.subarray(5000)];
  await lazy(left).add(1).into(right.subarray(0, 5000)); // adjacent, not overlapping
  assertEquals(right[10], 21);
  await assertRejects(
    () => lazy(left).into(x.subarray(1, 5001)),
    RangeError,
    "it overlaps an array of the expression at another offset",
  );
});

loopTest("ArrayExpression runs again with the present elements", async () => {
  const x = filled(MANY, () => 1);
  const doubled = lazy(x).mul(2);
  assertEquals(await doubled.sum(), 2 * MANY);
  x.fill(3);
  assertEquals([await doubled.sum(), doubled.sumSync()], [6 * MANY, 6 * MANY]);
  for (let k = 0; k < 5; k++) assertEquals(await lazy(x).mul(k).sum(), 3 * k * MANY);
});

loopTest("ArrayExpression crosses to a worker and runs there, blocking and async", async () => {
  const x = filled(MANY, (i) => i);
  const expected = MANY * (MANY - 1);
  await using pool = new Pool(1);
  const expression = lazy(x).map((x) => x * 2);
  const sumThere = async (it: ArrayExpression) => [it.sumSync({ numThreads: 2 }), await it.sum()];
  assertEquals(await pool.apply(sumThere, [expression]), [expected, expected]);
});

loopTest("ArrayExpression in a loop runs in the isolate that calls it", async () => {
  const x = filled(MANY, (i) => i);
  const sums = shared(4);
  await parallelFor(4, (i, { sums, e }) => {
    sums[i] = e.sumSync({ numThreads: 2 }) + e.cumsumSync({ numThreads: 2 })[MANY_LAST(e)];
    function MANY_LAST(e: { length: number }) {
      return e.length - 1;
    }
  }, { context: { sums, e: lazy(x) }, numThreads: 2 });
  assertEquals([...sums], Array(4).fill(MANY * (MANY - 1)));
});

loopTest("ArrayExpression rejects arrays that are not on shared memory", async () => {
  const plain = new Float64Array(3);
  const x = lazy(shared(3));
  const message = "a typed array on shared memory, not an object of class Float64Array. " +
    `Make one with sharedArray("float64", array)`;
  assertThrows(() => lazy(plain), TypeError, `source must be a range or ${message}`);
  const others = "a number, a range, an expression or ";
  assertThrows(() => x.add(plain), TypeError, `other must be ${others}${message}`);
  await assertRejects(() => x.into(plain), TypeError, `target must be ${message}`);
  await assertRejects(() => prefixSum(plain), TypeError, message);
  assertThrows(
    () => lazy([1, 2] as never),
    TypeError,
    `Make one with sharedArray("float64", array)`,
  );
  assertThrows(() => lazy(5 as never), TypeError, "Cannot make expression: source must be");
  assertThrows(() => x.add("0; Deno.exit()" as never), TypeError, `not "0; Deno.exit()"`);
});

loopTest("ArrayExpression and prefixSum() reject unknown options", async () => {
  const source = sharedArray("float64", [1, 2]);
  const it = lazy(source);
  const options = { num_threads: 1 } as object;
  const add = (a: number, b: number) => a + b;
  const text =
    /^Cannot .*: there is no option num_threads\. There .*numThreads.*\. Write numThreads$/;
  const fails = async (run: () => unknown) => {
    assertMatch((await assertRejects(async () => await run(), TypeError)).message, text);
  };
  for (const name of ["sum", "prod", "min", "max", "mean"] as const) {
    await fails(() => it[name](options));
    await fails(() => it[`${name}Sync`](options));
  }
  await fails(() => it.reduce(add, 0, options));
  await fails(() => it.reduceSync(add, 0, options));
  await fails(() => it.into(source, options));
  await fails(() => it.intoSync(source, options));
  await fails(() => it.toArray("float64", options));
  await fails(() => it.toArraySync("float64", options));
  await fails(() => it.cumsum(options));
  await fails(() => prefixSumSync(source, options));
  const all = { numThreads: 1, signal: new AbortController().signal };
  assertEquals(await it.sum(all), 3);
  assertEquals([...await it.toArray("float64", all)], [1, 2]);
  assertEquals([...await prefixSum(source, { ...all, into: source })], [1, 3]);
  assertEquals([...prefixSumSync(source, { numThreads: 1, into: source })], [1, 4]);
});

loopTest("ArrayExpression rejects operands of another length or type", async () => {
  const x = lazy(shared(3));
  const message = "one has 3 elements and another 4. All must have the same length";
  assertThrows(() => x.sub(shared(4)), RangeError, `Cannot sub arrays: ${message}`);
  assertThrows(() => x.zip(shared(4), Math.max), RangeError, `Cannot zip arrays: ${message}`);
  assertThrows(() => x.add(prange(4)), RangeError, `Cannot add arrays: ${message}`);
  await assertRejects(
    () => x.into(shared(4)),
    RangeError,
    "Cannot write to array: it has 4 elements, the expression 3",
  );
  const big = lazy(sharedArray("int64", 3));
  assertThrows(() => big.add(1 as never), TypeError, "Cannot add bigints and numbers");
  assertThrows(() => x.add(big as never), TypeError, "Cannot add numbers and bigints");
  assertThrows(
    () => (big as never as ArrayExpression).sqrt(),
    TypeError,
    "Cannot take sqrt of bigints: use toNumbers() first",
  );
  await assertRejects(
    () => big.into(shared(3) as never),
    TypeError,
    "Cannot write to array: its elements are numbers, those of the expression bigints",
  );
  await assertRejects(() => big.div(0n).sum(), RangeError, "Division by zero");
  await assertRejects(
    () => x.sum({ numThreads: 0 }),
    RangeError,
    "numThreads must be an integer from",
  );
  assertThrows(() => x.sumSync({ numThreads: 1.5 }), RangeError, "numThreads must be an integer");
  assertThrows(() => x.pow(2n as never), TypeError, "Cannot pow numbers and bigints");
});

loopTest(
  "ArrayExpression.map() throws if a function is not self-contained or returns another type",
  async () => {
    const factor = 2;
    for (const length of [3, MANY]) {
      const x = lazy(filled(length, (i) => i));
      for (const numThreads of [1, 2]) {
        const error = await assertRejects(
          () => x.map((x) => x * factor).sum({ numThreads }),
          ReferenceError,
          "factor is not defined. A function of an array expression cannot see variables outside itself",
        );
        assert(!error.message.includes("into context"));
      }
      await assertRejects(
        () => x.map((() => Promise.resolve(1)) as never).sum(),
        TypeError,
        "its function must return a number, not a promise",
      );
      await assertRejects(
        () => x.zip(1, (() => "1") as never).toArray(),
        TypeError,
        "its function must return a number, not string",
      );
      await assertRejects(
        () => x.reduce((() => undefined) as never, 1),
        TypeError,
        "the function must return a number, not undefined",
      );
    }
    const x = lazy(shared(3));
    assertThrows(() => x.map(3 as never), TypeError, "fn must be a function, not 3");
    await assertRejects(
      () => x.reduce(Math.max, "" as never),
      TypeError,
      `initial must be a number, not ""`,
    );
  },
);

loopTest("ArrayExpression reports the index at which a function failed", async () => {
  const x = lazy(filled(3 * MANY, (i) => i)).map((x) => {
    if (x === 25_000) throw new Error("no");
    return x;
  });
  for (const run of [() => x.sum({ numThreads: 2 }), () => x.toArray("int8", { numThreads: 2 })]) {
    const error = await assertRejects(run, Error, "no");
    assert(error.stack!.includes("in task array expression, index 25000"), error.stack);
  }
});

loopTest("ArrayExpression.sum() rejects with the reason of its signal", async () => {
  const x = lazy(filled(MANY, (i) => i)).map((x) => {
    for (const end = performance.now() + 1; performance.now() < end;);
    return x;
  });
  const aborter = new AbortController();
  const sum = x.sum({ numThreads: 2, signal: aborter.signal });
  setTimeout(() => aborter.abort(new Error("enough")), 20);
  await assertRejects(() => sum, Error, "enough");
  assertAlmostEquals(await lazy(filled(3, () => 1)).sum(), 3);
});

/** Numbers that conversions treat in different ways. */
const conversions = [
  ...[0, -0, NaN, Infinity, -Infinity, 0.5, -0.5, 1.5, 2.5, -2.5, 127.5, 255.5, -129, 65535.9],
  ...[2 ** 31, -(2 ** 31) - 1, 2 ** 32 + 5, 2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 70 + 2 ** 20, 1e300],
];

loopTest("ArrayExpression rounds, compares and converts as JavaScript does", async () => {
  const x = sharedArray("float64", conversions);
  const y = sharedArray("float64", conversions.toReversed());
  for (const { name, apply, one } of steps) {
    if (name === "range") continue;
    const expected = Array.from(x, (value, i) => one(value, y[i]));
    assertEquals([...await apply(lazy(x), y).toArray()], expected, name);
  }
});

loopTest("ArrayExpression.dot() sums up products", async () => {
  const x = filled(MANY, (i) => i % 7);
  const y = filled(MANY, (i) => i % 5);
  const expected = x.reduce((sum, value, i) => sum + value * y[i], 0);
  assertEquals(await lazy(x).dot(y), expected);
  assertEquals(lazy(x).dotSync(lazy(y).add(0)), expected);
  const big = sharedArray("int64", [1n, 2n, 3n]);
  assertEquals(await lazy(big).dot(big), 14n);
  assertEquals([...await lazy(big).ge(2n).toArray()], [0, 1, 1]);
});

loopTest("ArrayExpression.explain() says what stands in the way", () => {
  const x = lazy(filled(MANY, (i) => i));
  assert(x.pow(2).sub(x).explain().isVectorized);
  assert(x.map((x) => x > 2 ? x * 2 : -x).explain().isVectorized);
  assertMatch(String(x.exp().explain()), /Math\.exp: computed one by one/);
  const reasons: [ArrayExpression<number> | ArrayExpression<bigint>, RegExp][] = [
    [x.map(Math.floor), /JavaScript: the body is native or bound, so it has no text/],
    [x.zip(x, hypotenuse), /JavaScript: the body uses `offset`, which is outside/],
    [x.astype("float16"), /JavaScript: numbers are rounded to 16 bits/],
    [lazy(sharedArray("int64", 3)), /JavaScript: the elements are bigints/],
    [
      x.map((x) => {
        for (let k = 0; k < 3; k++) if (k > x) return k;
        return x;
      }),
      /JavaScript: a function returns from within a loop/,
    ],
  ];
  for (const [expression, reason] of reasons) {
    const explanation = expression.explain();
    assertMatch(String(explanation), reason);
    assertEquals(explanation.isVectorized, false);
  }
});

/** Counts how often a constructor of a namespace is called meanwhile. */
async function countNew<Name extends string>(
  namespace: Record<Name, new (...args: never[]) => object>,
  name: Name,
  run: () => Promise<void>,
): Promise<number> {
  const original = namespace[name];
  let calls = 0;
  namespace[name] = new Proxy(original, {
    construct(target, args) {
      calls++;
      return Reflect.construct(target, args);
    },
  });
  try {
    await run();
  } finally {
    namespace[name] = original;
  }
  return calls;
}

loopTest("ArrayExpression compiles expressions of one structure once", async () => {
  const x = lazy(filled(MANY, (i) => i));
  const repeat = (expression: (k: number) => typeof x) => async () => {
    for (let k = 0; k < 4; k++) await expression(k + 0.25).sum({ numThreads: 1 });
  };
  const kernel = repeat((k) => x.mul(k).add(k * 1.5).sub(7));
  assertEquals(await countNew(WebAssembly as never, "Module", kernel), 1);
  // Without a kernel: a function of the outside.
  const loop = repeat((k) => x.map(Math.hypot).mul(k).add(k * 1.5));
  assertEquals(await countNew(globalThis as never, "Function", loop), 1);
});

loopTest("ArrayExpression computes indices beyond 32 bits", () => {
  const start = 2 ** 31 + 5;
  const range: Node = { op: "range", start: 7, step: 2, length: 2 ** 32 };
  const typed: TypedNode = { root: range, kind: "number" };
  const { loop, context } = compileLoop(typed, { kind: "fold", fold: "sum" }, false);
  assertEquals(loop(start, 3, 1, context, undefined, () => {}), 3 * 7 + 2 * (3 * start + 3));
});
