/**
 * The globals of JavaScript that kernels know: functions of numbers, and constants.
 *
 * @module
 */

import { binary, number, power, select, unary } from "./operations.ts";
import type { BinaryOperation, Expression, MathFunction } from "./program.ts";

/** A function of numbers. */
export interface NumberFunction {
  /** The number of its arguments, or `undefined` if it takes any number of them from one on. */
  readonly count: number | undefined;
  /** Returns what it computes of its arguments, which are numbers. */
  readonly apply: (...args: Expression[]) => Expression;
}

const UNARY_FUNCTIONS = ["abs", "sqrt", "floor", "ceil", "trunc", "round", "fround"] as const;

/** The functions that are called for each element, with the number of their arguments. */
const MATH_FUNCTIONS: Readonly<Record<Exclude<MathFunction, "pow">, number>> = {
  exp: 1,
  expm1: 1,
  log: 1,
  log1p: 1,
  log2: 1,
  log10: 1,
  cbrt: 1,
  sin: 1,
  cos: 1,
  tan: 1,
  asin: 1,
  acos: 1,
  atan: 1,
  sinh: 1,
  cosh: 1,
  tanh: 1,
  atan2: 2,
};

const functions = new Map<string, NumberFunction>([
  ["Math.max", { count: undefined, apply: (...args) => fold("max", args) }],
  ["Math.min", { count: undefined, apply: (...args) => fold("min", args) }],
  ["Math.pow", { count: 2, apply: power }],
  ["Math.sign", { count: 1, apply: sign }],
  ["Number", { count: 1, apply: (x) => x }],
  ["Number.isFinite", { count: 1, apply: isFinite }],
  ["Number.isInteger", { count: 1, apply: isInteger }],
  ["Number.isNaN", { count: 1, apply: isNaN }],
  ["isFinite", { count: 1, apply: isFinite }],
  ["isNaN", { count: 1, apply: isNaN }],
]);
for (const op of UNARY_FUNCTIONS) {
  functions.set(`Math.${op}`, { count: 1, apply: (x) => unary(op, x) });
}
for (const [fn, count] of Object.entries(MATH_FUNCTIONS)) {
  functions.set(`Math.${fn}`, {
    count,
    apply: (...args) => ({ op: "math", fn: fn as MathFunction, args }),
  });
}

/** Returns the function of a name such as "Math.sqrt", if kernels know it. */
export function functionOf(name: string): NumberFunction | undefined {
  return functions.get(name);
}

/** Returns the number of a name such as "Infinity" or "Math.PI", if it is one. */
export function constantOf(name: string): number | undefined {
  if (name === "NaN") return NaN;
  if (name === "Infinity") return Infinity;
  const [object, member] = name.split(".");
  const holder = object === "Math" ? Math : object === "Number" ? Number : undefined;
  if (holder === undefined || member === undefined) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(holder, member)?.value;
  return typeof value === "number" ? value : undefined;
}

function fold(op: BinaryOperation, args: Expression[]): Expression {
  return args.reduce((left, right) => binary(op, left, right));
}

/** The sign of 0, -0 and NaN is that number. */
function sign(x: Expression): Expression {
  const isPositive = binary("gt", x, number(0));
  const isNegative = binary("lt", x, number(0));
  return select(isPositive, number(1), select(isNegative, number(-1), x));
}

function isFinite(x: Expression): Expression {
  return binary("lt", unary("abs", x), number(Infinity));
}

function isInteger(x: Expression): Expression {
  return binary("and", binary("eq", unary("trunc", x), x), isFinite(x));
}

function isNaN(x: Expression): Expression {
  return binary("ne", x, x);
}
