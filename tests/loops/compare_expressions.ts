/**
 * Compares the kernels of array expressions with the JavaScript that the expressions become without them.
 *
 * @module
 */

import type { NumberTypedArray } from "@sauropod/multiprocessing/loops";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { kernelLoop } from "../../lib/kernels/kernel.ts";
import { compileLoop, type Goal } from "../../lib/loops/expression_code.ts";
import { expressionKernel } from "../../lib/loops/expression_kernel.ts";
import type { Binary, Node, Unary } from "../../lib/loops/expression_tree.ts";

/** The operations that have kernels. */
export const UNARY: readonly Unary[] = [
  ...["neg", "abs", "sqrt", "exp", "log", "sin", "cos", "tanh"] as const,
  ...["floor", "ceil", "trunc", "round", "square", "cube"] as const,
  ...["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32"] as const,
];
export const BINARY: readonly Binary[] = [
  ...["add", "sub", "mul", "div", "pow", "minimum", "maximum"] as const,
  ...["lt", "le", "gt", "ge", "eq", "ne"] as const,
];
export const TYPES = [
  ...["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"] as const,
];
export type ElementTypecode = typeof TYPES[number];
export const FOLDS = ["sum", "prod", "min", "max"] as const;
/** Numbers that are easily computed wrong. */
export const SPECIAL = [
  ...[0, -0, 0.5, -0.5, 2.5, NaN, Infinity, -Infinity, 1e10, -129.5, 2 ** 31, 1e300],
];
/** Number of elements. */
export const LENGTH = 45;

/** Returns elements of a type, in a memory of WebAssembly or outside of one. */
export function elements(
  type: ElementTypecode,
  isForeign = false,
  length = LENGTH,
): NumberTypedArray {
  const all = sharedArray(type, isForeign ? length + 3 : 70_000) as NumberTypedArray;
  const array = all.subarray(3, 3 + length) as NumberTypedArray;
  for (let at = 0; at < length; at++) array[at] = SPECIAL[(at * 5) % SPECIAL.length] + at;
  return array;
}

/**
 * Compares the elements and the folds of an expression, for `count` elements from `first` on.
 *
 * @param makeOut makes an array to store elements in
 * @throws {Error} if they are not the same, bit for bit, or the expression has no kernel
 */
export function compareExpression(
  root: Node,
  makeOut: () => NumberTypedArray,
  first: number,
  count: number,
): void {
  const run = (goal: Goal, other: Goal): unknown[] => {
    const found = expressionKernel({ root, kind: "number" }, goal);
    if (!("kernel" in found)) {
      throw new Error(`${describeNode(root)} has no kernel: ${found.reason}`);
    }
    const value = kernelLoop(found.kernel)(first, count);
    const { loop, context } = compileLoop({ root, kind: "number" }, other, true);
    return [value, loop(first, count, 1, context, undefined, () => {})];
  };
  const [actual, expected] = [makeOut(), makeOut()];
  run({ kind: "store", out: actual }, { kind: "store", out: expected });
  const at = expected.findIndex((element, at) => !Object.is(element, actual[at]));
  if (at >= 0) {
    throw new Error(`${describeNode(root)} stores ${actual[at]}, not ${expected[at]}, at ${at}`);
  }
  for (const fold of FOLDS) {
    const [value, other] = run({ kind: "fold", fold }, { kind: "fold", fold });
    if (Object.is(value, other)) continue;
    throw new Error(`the ${fold} of ${describeNode(root)} is ${value}, not ${other}`);
  }
}

/** Writes an expression. */
export function describeNode(node: Node): string {
  switch (node.op) {
    case "array":
      return node.data.constructor.name;
    case "constant":
      return Object.is(node.value, -0) ? "-0" : `${node.value}`;
    case "range":
      return `prange(${node.start}, …, ${node.step})`;
    default:
      return `${node.op}(${node.args.map(describeNode).join(", ")})`;
  }
}
