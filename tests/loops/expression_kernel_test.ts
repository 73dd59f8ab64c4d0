import { assert, assertEquals } from "@std/assert";
import { lazy, type NumberTypedArray } from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { kernelLoop } from "../../lib/kernels/kernel.ts";
import { compileLoop, type Goal } from "../../lib/loops/expression_code.ts";
import { expressionKernel } from "../../lib/loops/expression_kernel.ts";
import type { Binary, Node, TypedNode, Unary } from "../../lib/loops/expression_tree.ts";
import { test } from "../fixtures/guarded.ts";
import { loopTest } from "./loops.ts";

const UNARY: Unary[] = [
  ...["neg", "abs", "sqrt", "exp", "log", "sin", "cos", "tanh"] as const,
  ...["floor", "ceil", "trunc", "round", "square", "cube"] as const,
  ...["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32"] as const,
];
const BINARY: Binary[] = [
  ...["add", "sub", "mul", "div", "pow", "minimum", "maximum"] as const,
  ...["lt", "le", "gt", "ge", "eq", "ne"] as const,
];
const TYPES = [
  ...["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"] as const,
];
const FOLDS = ["sum", "prod", "min", "max"] as const;
/** Numbers that are easily computed wrong. */
const SPECIAL = [0, -0, 0.5, -0.5, 2.5, NaN, Infinity, -Infinity, 1e10, -129.5, 2 ** 31, 1e300];
const LENGTH = 45;
/** Elements that are computed: the first, and how many. */
const PARTS = [
  ...[0, 1, 2, 3, 7, 8, 9, 15, 16, 17, LENGTH].map((count) => [0, count] as const),
  ...[[5, 40], [1, 16], [3, 7], [LENGTH, 0]] as const,
];

/** Returns elements of a type, in a memory of WebAssembly or outside of one. */
function elements(type: typeof TYPES[number], isForeign = false, length = LENGTH) {
  const all = sharedArray(type, isForeign ? length + 3 : 70_000) as NumberTypedArray;
  const array = all.subarray(3, 3 + length) as NumberTypedArray;
  for (let at = 0; at < length; at++) array[at] = SPECIAL[(at * 5) % SPECIAL.length] + at;
  return array;
}

const leaf = (data: NumberTypedArray): Node => ({ op: "array", data });
const number = (root: Node): TypedNode => ({ root, kind: "number" });

/** Runs the kernel of an expression and its loop, for some elements; returns the results. */
function runBoth(root: Node, makeGoal: () => Goal, first: number, count: number): unknown[] {
  const goals = [makeGoal(), makeGoal()];
  const found = expressionKernel(number(root), goals[0]);
  assert("kernel" in found, JSON.stringify(found));
  const value = kernelLoop(found.kernel)(first, count);
  const { loop, context } = compileLoop(number(root), goals[1], true);
  const expected = loop(first, count, 1, context, undefined, () => {});
  const outs = goals.map((goal) => goal.kind === "store" ? Array.from(goal.out as Int8Array) : []);
  assertEquals(outs[0], outs[1], JSON.stringify(root));
  return [value, expected];
}

/** Compares what an expression stores, and its folds, with what its JavaScript computes, bit for bit. */
function compare(root: Node, out: typeof TYPES[number], isForeign = false): void {
  for (const [first, count] of PARTS) {
    runBoth(root, () => ({ kind: "store", out: elements(out, isForeign) }), first, count);
    for (const fold of FOLDS) {
      const [value, expected] = runBoth(root, () => ({ kind: "fold", fold }), first, count);
      assertEquals(value, expected, `${fold} ${JSON.stringify(root)}`);
    }
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
  for (const fold of FOLDS) {
    for (const first of [0, 1, 6]) {
      const goal = (): Goal => ({ kind: "fold", fold });
      const [value, expected] = runBoth(root, goal, first, length - first);
      assertEquals(value, expected, fold);
    }
  }
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
