import { assert, assertEquals } from "@std/assert";
import { lazy, type NumberTypedArray } from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import type { Goal } from "../../lib/loops/expression_code.ts";
import { expressionKernel } from "../../lib/loops/expression_kernel.ts";
import type { Node, TypedNode } from "../../lib/loops/expression_tree.ts";
import { test } from "../fixtures/guarded.ts";
import {
  BINARY,
  compareExpression,
  elements,
  type ElementTypecode,
  LENGTH,
  TYPES,
  UNARY,
} from "./compare_expressions.ts";
import { loopTest } from "./loops.ts";

/** Elements that are computed: the first, and how many. */
const PARTS = [
  ...[0, 1, 2, 3, 7, 8, 9, 15, 16, 17, LENGTH].map((count) => [0, count] as const),
  ...[[5, 40], [1, 16], [3, 7], [LENGTH, 0]] as const,
];

const leaf = (data: NumberTypedArray): Node => ({ op: "array", data });
const number = (root: Node): TypedNode => ({ root, kind: "number" });

/** Compares what an expression stores, and its folds, with what its JavaScript computes, bit for bit. */
function compare(root: Node, out: ElementTypecode, isForeign = false): void {
  for (const [first, count] of PARTS) {
    compareExpression(root, () => elements(out, isForeign), first, count);
  }
}

test("expressionKernel() computes each operation as JavaScript does, bit for bit", () => {
  const [x, y] = [leaf(elements("float64")), leaf(elements("float32"))];
  const range: Node = { op: "range", start: -3, step: 0.5, length: LENGTH };
  for (const op of UNARY) compare({ op, args: [x] }, "float64");
  for (const op of BINARY) {
    compare({ op, args: [x, y] }, "float64");
    compare({ op, args: [x, { op: "constant", value: -2.5 }] }, "float64");
    compare({ op, args: [range, x] }, "float64");
    compare({ op: "where", args: [{ op, args: [y, x] }, x, y] }, "float64");
  }
});

test("expressionKernel() reads and writes elements of each type, in any memory", () => {
  for (const type of TYPES) {
    for (const isForeign of [false, true]) {
      const x = leaf(elements(type, isForeign));
      const root: Node = { op: "mul", args: [x, { op: "constant", value: 1.5 }] };
      for (const out of TYPES) compare(root, out, isForeign);
    }
  }
});

test("expressionKernel() folds many elements as JavaScript does, bit for bit", () => {
  const length = 5003; // more than one call of the kernel
  const x: Node = { op: "range", start: 0.1, step: 0.3, length };
  const root: Node = { op: "mul", args: [{ op: "sin", args: [x] }, x] };
  for (const first of [0, 1, 6]) {
    compareExpression(root, () => new Float64Array(length), first, length - first);
  }
});

test("expressionKernel() computes ranges from any start in any steps", () => {
  const x = leaf(elements("float64"));
  for (const start of [0, 2, -3]) {
    for (const step of [1, 3, -0.5]) {
      const range: Node = { op: "range", start, step, length: LENGTH };
      compare({ op: "add", args: [range, x] }, "float64");
      compare(range, "float32");
    }
  }
});

test("expressionKernel() says why an expression has no kernel", () => {
  const out = elements("float64");
  const x = leaf(out);
  const store: Goal = { kind: "store", out };
  const float16 = leaf(new Float16Array(new SharedArrayBuffer(2 * LENGTH)));
  const order = "each element depends on the one before, or a function combines them";
  const table: [root: Node, goal: Goal, reason: string][] = [
    [float16, store, "an array has elements of another type"],
    [x, { kind: "store", out: new Float16Array(1) }, "an array has elements of another type"],
    [{ op: "float16", args: [x] }, store, "numbers are rounded to 16 bits"],
    [{ op: "numbers", args: [x] }, store, "the elements are bigints"],
    [x, { kind: "total" }, order],
    [x, { kind: "scan", out, offsets: [0], size: 1 }, order],
    [x, { kind: "fold", fold: { fn: Math.max, address: 0 } }, order],
    [
      { op: "range", start: 0, step: 1, length: 2 ** 31 },
      { kind: "fold", fold: "sum" },
      "the indices do not fit in 32 bits",
    ],
  ];
  for (const [root, goal, reason] of table) {
    const found = expressionKernel(number(root), goal);
    assertEquals("reason" in found ? found.reason : undefined, reason);
  }
  const bigints = expressionKernel({ root: x, kind: "bigint" }, store);
  assertEquals("reason" in bigints ? bigints.reason : undefined, "the elements are bigints");
});

test("expressionKernel() finds no kernel for numbers that are rounded to 16 bits", () => {
  const out = elements("float64");
  const goal: Goal = { kind: "store", out };
  const half: Node = { op: "float16", args: [leaf(out)] };
  assert(!("kernel" in expressionKernel(number(half), goal)));
  const float16 = new Float16Array(new SharedArrayBuffer(40));
  assert(!("kernel" in expressionKernel(number(leaf(float16)), goal)));
});

test("expressionKernel() finds an obstacle in a tree that is nested too deeply", () => {
  const out = elements("float64");
  let root = leaf(out);
  for (let depth = 0; depth < 50_000; depth++) root = { op: "neg", args: [root] };
  assert(!("kernel" in expressionKernel(number(root), { kind: "store", out })));
});

loopTest(
  "ArrayExpression.into() with a kernel writes to an operand, for any numThreads",
  async () => {
    for (const isForeign of [false, true]) {
      const x = elements("float64", isForeign, 30_011);
      const y = elements("int16", isForeign, 30_011);
      const expected = Array.from(x, (value, at) => Math.abs(value) * 0.5 + y[at]);
      for (const numThreads of [1, 2, 3]) {
        const target = x.slice();
        const own = sharedArray("float64", x.length);
        own.set(target);
        await lazy(own).abs().mul(0.5).add(y as Int16Array).into(own, { numThreads });
        const at = expected.findIndex((value, at) => !Object.is(value, own[at]));
        assertEquals(at, -1);
      }
    }
  },
);
