// The declarations of lib/loops/expression_tree.ts

import type { AccumulatorArray } from "./reduction.d.ts";

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
  | "square"
  | "cube"
  | "numbers";

/** Operations with two operands. */
export type Binary = "add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum";

/** A node of an expression. Plain data: it crosses. */
export type Node =
  /** The elements of an array on shared memory. */
  | {
    op: "array";
    data: AnyArray;
  }
  /** A range of numbers, which needs no memory. */
  | {
    op: "range";
    start: number;
    step: number;
    length: number;
  }
  /** One value for all elements. */
  | {
    op: "constant";
    value: number | bigint;
  }
  | {
    op: Unary | Binary;
    args: Node[];
  }
  /** A function of the caller, and the address of its definition. */
  | {
    op: "call";
    fn: ElementFunction;
    address: number;
    args: Node[];
  };

/** A function that the caller applies to elements. */
export type ElementFunction = (...args: never[]) => unknown;

export {};
