/**
 * Array expressions before they run: trees of operations, and what may stand in one.
 *
 * @module
 */

import { functionAddress, functionAt } from "../codec/functions.ts";
import { describe } from "../arguments/describe.ts";
import { Range } from "./range.ts";
import type { AccumulatorArray } from "./run_chunks.ts";

/** Typed arrays of numbers. */
export type NumberTypedArray = AccumulatorArray | Float16Array;
/** Typed arrays of bigints. */
export type BigintTypedArray = BigInt64Array | BigUint64Array;
/** Typed arrays whose elements are of type `T`. */
export type TypedArrayOf<T extends number | bigint> = T extends bigint ? BigintTypedArray
  : NumberTypedArray;

/** Any typed array, seen as one of them. */
export type AnyArray = NumberTypedArray | BigintTypedArray;

/** What the elements of an expression are. */
export type ElementKind = "number" | "bigint";

/** Operations with one operand. */
export type Unary =
  | "neg"
  | "abs"
  | "sqrt"
  | "exp"
  | "log"
  | "sin"
  | "cos"
  | "square"
  | "cube"
  | "numbers";
/** Operations with two. */
export type Binary = "add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum";

/** A part of an expression. Plain data: it crosses. */
export type Node =
  /** The elements of an array on shared memory. */
  | { op: "array"; data: AnyArray }
  /** Numbers that need no memory. */
  | { op: "range"; start: number; step: number; length: number }
  /** One value for all elements. */
  | { op: "constant"; value: number | bigint }
  | { op: Unary | Binary; args: Node[] }
  /** A function of the user's, and the address of its definition. */
  | { op: "call"; fn: ElementFunction; address: number; args: Node[] };

/** A function of the user's. */
export type ElementFunction = (...args: never[]) => unknown;

/** What the elements of a typed array are. */
export function elementKind(data: AnyArray): ElementKind {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? "bigint" : "number";
}

/**
 * What an operand stands for.
 *
 * @param verb what is done with it, for the error
 */
export function operandNode(value: unknown, verb: string): { node: Node; kind: ElementKind } {
  if (typeof value === "number" || typeof value === "bigint") {
    return { node: { op: "constant", value }, kind: typeof value as ElementKind };
  }
  if (value instanceof Range) {
    const { start, step, length } = value;
    return { node: { op: "range", start, step, length }, kind: "number" };
  }
  const data = checkSharedArray(value, verb);
  return { node: { op: "array", data }, kind: elementKind(data) };
}

/** A typed array on shared memory; anything else is refused. */
export function checkSharedArray(value: unknown, verb: string): AnyArray {
  if (!ArrayBuffer.isView(value) || value instanceof DataView) {
    throw new TypeError(
      `Cannot ${verb} ${describe(value)}: it must be a typed array on shared memory` +
        (Array.isArray(value)
          ? `. Make one with sharedArray("float64", array)`
          : ArrayBuffer.isView((value as { data?: unknown } | null)?.data)
          ? ", such as the data of an ndarray"
          : ""),
    );
  }
  if (!(value.buffer instanceof SharedArrayBuffer)) {
    throw new TypeError(
      `Cannot ${verb} array: it is not on shared memory, so other threads do not see it. ` +
        `Make it with sharedArray("float64", array)`,
    );
  }
  return value as AnyArray;
}

/** The function of a `map` or a `zip`, as every thread sees it. */
export function callNode(fn: unknown, verb: string, args: Node[]): Node {
  const address = addressOfFunction(fn, verb);
  // What stands for it elsewhere does so here: with more elements it would run elsewhere.
  const same = functionAt(address) ?? fn;
  return { op: "call", fn: same as ElementFunction, address, args };
}

/** The address of the definition of a function that was given to `verb`. */
export function addressOfFunction(fn: unknown, verb: string): number {
  if (typeof fn === "function") return functionAddress(fn as ElementFunction);
  throw new TypeError(
    `Cannot ${verb} expression: its argument must be a function, not ${describe(fn)}`,
  );
}

/**
 * Number of elements of an expression; `undefined` if it has constants only.
 *
 * @throws {RangeError} if its arrays do not have as many
 */
export function lengthOf(root: Node, verb: string): number | undefined {
  let length: number | undefined;
  for (const node of nodesOf(root)) {
    if (node.op !== "array" && node.op !== "range") continue;
    const own = node.op === "array" ? node.data.length : node.length;
    length ??= own;
    if (own === length) continue;
    throw new RangeError(
      `Cannot ${verb} arrays: one has ${length} elements and another ${own}. All must have as many`,
    );
  }
  return length;
}

/** The different parts of an expression, operands before what is made of them. */
export function nodesOf(root: Node): Set<Node> {
  const parts = new Set<Node>();
  const visit = (node: Node) => {
    if (parts.has(node)) return;
    if ("args" in node) node.args.forEach(visit);
    parts.add(node);
  };
  visit(root);
  return parts;
}
