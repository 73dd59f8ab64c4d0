/**
 * Array expressions as trees of operations, and the checks of their operands.
 *
 * @module
 */

import type { DefinitionAddress } from "../codec/definition.ts";
import { functionAddress, functionAt } from "../codec/functions.ts";
import { isOptionsObject } from "../arguments/options.ts";
import { checkFunction, isArray, isInstance, wrongType } from "../arguments/values.ts";
import { isTypedArray } from "../memory/sequence.ts";
import { Range } from "./range.ts";
import type { AccumulatorArray } from "./reduction.ts";

/** Typed arrays of numbers. */
export type NumberTypedArray = AccumulatorArray | Float16Array;
/** Typed arrays of bigints. */
export type BigintTypedArray = BigInt64Array | BigUint64Array;
/** Typed arrays with elements of type `T`. */
export type TypedArrayOf<T extends number | bigint> = T extends bigint ? BigintTypedArray
  : NumberTypedArray;

/** Any typed array. */
export type AnyArray = NumberTypedArray | BigintTypedArray;

/** The type of the elements of an expression. */
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
  | "tanh"
  | "floor"
  | "ceil"
  | "trunc"
  | "round"
  | "square"
  | "cube"
  | "numbers"
  | Cast;
/** Operations that convert a number as an assignment to an element of a type does. */
export type Cast =
  | ("int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32")
  | ("float16" | "float32");
/** Comparisons, which result in 1 or 0. */
export type Comparison = "lt" | "le" | "gt" | "ge" | "eq" | "ne";
/** Operations with two operands. */
export type Binary =
  | ("add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum")
  | Comparison;
/** Operations with three operands: `where` takes the second if the first is not 0, else the third. */
export type Ternary = "where";

/** A node of an expression. Plain data: it crosses. */
export type Node =
  /** The elements of an array on shared memory. */
  | { op: "array"; data: AnyArray }
  /** A range of numbers, which needs no memory. */
  | { op: "range"; start: number; step: number; length: number }
  /** One value for all elements. */
  | { op: "constant"; value: number | bigint }
  | { op: Unary | Binary | Ternary; args: Node[] }
  /** A function of the caller, and the address of its definition. */
  | { op: "call"; fn: ElementFunction; address: number; args: Node[] };

/** A function that the caller applies to elements. */
export type ElementFunction = (...args: never[]) => unknown;

/** An expression: the root of its tree, and the type of its elements. */
export interface TypedNode {
  readonly root: Node;
  readonly kind: ElementKind;
}

/** Returns the type of the elements of a typed array. */
export function elementKind(data: AnyArray): ElementKind {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? "bigint" : "number";
}

/**
 * Returns the node of an operand that is not an expression.
 *
 * @param verb begins the message of the error: "Cannot <verb>: …"
 * @param name the name of the argument, for the error
 * @param others what it may be instead of a typed array, for the error
 * @throws {TypeError} if the operand is not a number, a range or a typed array on shared memory
 */
export function operandNode(
  value: unknown,
  verb: string,
  name: string,
  others: string,
): TypedNode {
  if (typeof value === "number" || typeof value === "bigint") {
    return { root: { op: "constant", value }, kind: typeof value as ElementKind };
  }
  if (isInstance(value, Range)) {
    const { start, step, length } = value;
    return { root: { op: "range", start, step, length }, kind: "number" };
  }
  const data = checkSharedArray(value, verb, name, others);
  return { root: { op: "array", data }, kind: elementKind(data) };
}

/**
 * Returns the value if it is a typed array on shared memory.
 *
 * @throws {TypeError} if it is anything else
 */
export function checkSharedArray(
  value: unknown,
  verb: string,
  name: string,
  others = "",
): AnyArray {
  if (isTypedArray(value) && value.buffer instanceof SharedArrayBuffer) return value as AnyArray;
  const advice = isArray(value) || isTypedArray(value)
    ? `Make one with sharedArray("float64", array)`
    : isOptionsObject(value) && ArrayBuffer.isView(Reflect.get(value, "data"))
    ? "The data of an ndarray is one"
    : undefined;
  throw wrongType(verb, name, `${others}a typed array on shared memory`, value, advice);
}

/**
 * Returns the node of a `map` or a `zip`.
 *
 * @throws {TypeError} if `fn` is not a function
 * @throws {DataCloneError} if it cannot cross
 */
export function callNode(fn: unknown, verb: string, args: Node[]): Node {
  const address = addressOfFunction(fn, `${verb} expression`);
  // The caller uses the function that its definition evaluates to, as workers do: results must not
  // depend on who computes them.
  const evaluated = functionAt(address) ?? fn;
  return { op: "call", fn: evaluated as ElementFunction, address, args };
}

/** Returns the address of the definition of a function. */
export function addressOfFunction(fn: unknown, verb: string): DefinitionAddress {
  checkFunction(verb, "fn", fn);
  return functionAddress(fn as ElementFunction);
}

/**
 * Returns the number of elements of an expression; `undefined` if it has constants only.
 *
 * @throws {RangeError} if its arrays differ in length
 */
export function lengthOf(root: Node, verb: string): number | undefined {
  let length: number | undefined;
  for (const node of nodesOf(root)) {
    if (node.op !== "array" && node.op !== "range") continue;
    const own = node.op === "array" ? node.data.length : node.length;
    length ??= own;
    if (own === length) continue;
    throw new RangeError(
      `Cannot ${verb} arrays: one has ${length} elements and another ${own}. ` +
        "All must have the same length",
    );
  }
  return length;
}

const comparisons: readonly string[] = ["lt", "le", "gt", "ge", "eq", "ne"];

/** Returns whether an operation is a comparison. */
export function isComparison(op: string): op is Comparison {
  return comparisons.includes(op);
}

/** Returns the distinct nodes of an expression, each after its operands. */
export function nodesOf(root: Node): Set<Node> {
  const nodes = new Set<Node>();
  const visit = (node: Node) => {
    if (nodes.has(node)) return;
    if ("args" in node) node.args.forEach(visit);
    nodes.add(node);
  };
  visit(root);
  return nodes;
}
