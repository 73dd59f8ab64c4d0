/**
 * Makes the expressions of programs.
 *
 * @module
 */

import type { BinaryOperation, Expression, UnaryOperation } from "./program.ts";

/** Returns a number that is known. */
export function number(value: number): Expression {
  return { op: "number", value };
}

/** Returns an operation with one operand. */
export function unary(op: UnaryOperation, operand: Expression): Expression {
  return { op, args: [operand] };
}

/** Returns an operation with two operands. */
export function binary(op: BinaryOperation, left: Expression, right: Expression): Expression {
  return { op, args: [left, right] };
}

/** Returns `then` if the condition `test` holds, else `otherwise`. */
export function select(test: Expression, then: Expression, otherwise: Expression): Expression {
  return { op: "select", args: [test, then, otherwise] };
}

/** Returns `base ** exponent`. V8 computes squares as products, but not cubes. */
export function power(base: Expression, exponent: Expression): Expression {
  const isSquare = exponent.op === "number" && exponent.value === 2;
  return isSquare ? unary("square", base) : { op: "math", fn: "pow", args: [base, exponent] };
}
