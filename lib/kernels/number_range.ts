/**
 * Ranges of numbers, and the range of what an operation makes of them.
 *
 * @module
 */

import type { Expression } from "./program.ts";

/** A range of numbers, NaN excluded. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
  /** Whether all are integers. */
  readonly isInteger: boolean;
  /** Whether -0 is excluded. */
  readonly isPlain: boolean;
}

/** The least and the greatest integer of 32 bits. */
export const INT_MIN = -(2 ** 31);
export const INT_MAX = 2 ** 31 - 1;

/** Any integer of 32 bits. */
export const ALL_INTS = integers(INT_MIN, INT_MAX);

/** A range of integers. */
export function integers(low: number, high: number): NumberRange {
  return { low, high, isInteger: true, isPlain: true };
}

/** Returns whether a number is an integer of 32 bits, and not -0. */
export function isInt(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0);
}

/** Returns the range of one number; `undefined` if it is not finite. */
export function rangeOfValue(value: number): NumberRange | undefined {
  if (!Number.isFinite(value)) return undefined;
  const isPlain = !Object.is(value, -0);
  return { low: value, high: value, isInteger: Number.isInteger(value), isPlain };
}

/** Returns whether numbers of the range are integers of 32 bits, and not -0. */
export function isIntRange(range: NumberRange | undefined): range is NumberRange {
  return range !== undefined && range.isInteger && range.isPlain && range.low >= INT_MIN &&
    range.high <= INT_MAX;
}

/** Returns whether two ranges are the same. */
export function sameRange(a: NumberRange | undefined, b: NumberRange | undefined): boolean {
  return a?.low === b?.low && a?.high === b?.high && a?.isInteger === b?.isInteger &&
    a?.isPlain === b?.isPlain;
}

/** Returns a range that has all numbers of two ranges. */
export function union(
  a: NumberRange | undefined,
  b: NumberRange | undefined,
): NumberRange | undefined {
  if (a === undefined || b === undefined) return undefined;
  return {
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
    isInteger: a.isInteger && b.isInteger,
    isPlain: a.isPlain && b.isPlain,
  };
}

/** Returns a range, unless a bound is not finite: then NaN is possible. */
function bounded(
  low: number,
  high: number,
  isInteger: boolean,
  isPlain: boolean,
): NumberRange | undefined {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return undefined;
  return { low, high, isInteger, isPlain };
}

/** Returns the range of an operation with one operand. */
export function unaryRange(
  op: Expression["op"],
  a: NumberRange | undefined,
): NumberRange | undefined {
  if (op === "bitnot") return ALL_INTS;
  if (a === undefined) return undefined;
  const { low, high, isInteger, isPlain } = a;
  switch (op) {
    case "neg":
      return { low: 0 - high, high: 0 - low, isInteger, isPlain: low > 0 || high < 0 };
    case "abs":
      return {
        low: Math.max(low, -high, 0),
        high: Math.max(-low, high),
        isInteger,
        isPlain: true,
      };
    case "sqrt":
      return low >= 0 ? bounded(Math.sqrt(low), Math.sqrt(high), false, isPlain) : undefined;
    case "square":
      return binaryRange("mul", unaryRange("abs", a), unaryRange("abs", a));
    case "cube":
      return binaryRange("mul", unaryRange("square", a), a);
    case "floor":
      return bounded(Math.floor(low), Math.floor(high), true, isPlain);
    case "ceil":
    case "trunc":
    case "round":
      return bounded(Math.floor(low), Math.ceil(high), true, isPlain && low >= 0);
    case "fround":
      return bounded(Math.fround(low), Math.fround(high), false, isPlain && low >= 0);
    default:
      return undefined;
  }
}

/** Returns the range of an operation with two operands. */
export function binaryRange(
  op: Expression["op"],
  a: NumberRange | undefined,
  b: NumberRange | undefined,
): NumberRange | undefined {
  const bits = bitRange(op, a, b);
  if (bits !== undefined) return bits;
  if (a === undefined || b === undefined) return undefined;
  const isInteger = a.isInteger && b.isInteger;
  switch (op) {
    case "add":
      return bounded(a.low + b.low, a.high + b.high, isInteger, a.isPlain || b.isPlain);
    case "sub":
      return bounded(a.low - b.high, a.high - b.low, isInteger, a.isPlain);
    case "mul": {
      // A product of fractions may become so small that it is 0, or -0.
      const isPlain = a.isPlain && b.isPlain &&
        (isInteger ? !isSignedZero(a, b) && !isSignedZero(b, a) : a.low >= 0 && b.low >= 0);
      return corners(a, b, (x, y) => x * y, isInteger, isPlain);
    }
    case "div":
      if (b.low <= 0 && b.high >= 0) return undefined;
      return corners(a, b, (x, y) => x / y, false, a.isPlain && a.low >= 0 && b.low > 0);
    case "rem":
      if (!isInteger || !a.isPlain || a.low < 0 || b.low <= 0) return undefined;
      return integers(0, Math.min(a.high, b.high - 1));
    case "min":
      return bounded(
        Math.min(a.low, b.low),
        Math.min(a.high, b.high),
        isInteger,
        a.isPlain && b.isPlain,
      );
    case "max":
      return bounded(
        Math.max(a.low, b.low),
        Math.max(a.high, b.high),
        isInteger,
        // 0 is greater than -0.
        (a.isPlain && b.isPlain) || (a.isPlain && a.low >= 0) || (b.isPlain && b.low >= 0),
      );
    default:
      return undefined;
  }
}

/** Returns whether a product may be -0: 0 times a negative number. */
function isSignedZero(zero: NumberRange, negative: NumberRange): boolean {
  return zero.low <= 0 && zero.high >= 0 && negative.low < 0;
}

function corners(
  a: NumberRange,
  b: NumberRange,
  operate: (x: number, y: number) => number,
  isInteger: boolean,
  isPlain: boolean,
): NumberRange | undefined {
  const values = [a.low, a.high].flatMap((x) => [b.low, b.high].map((y) => operate(x, y)));
  return bounded(Math.min(...values) + 0, Math.max(...values) + 0, isInteger, isPlain);
}

/** Returns the range of an operation on bits; `undefined` for other operations. */
function bitRange(
  op: Expression["op"],
  a: NumberRange | undefined,
  b: NumberRange | undefined,
): NumberRange | undefined {
  const shift = b !== undefined && b.low === b.high ? b.low & 31 : undefined;
  switch (op) {
    case "bitand": {
      const masks = [a, b].filter((mask) => isIntRange(mask) && mask.low >= 0);
      if (masks.length === 0) return ALL_INTS;
      return integers(0, Math.min(...masks.map((mask) => mask!.high)));
    }
    case "bitor":
      if (b?.low === 0 && b.high === 0 && a !== undefined) {
        const [low, high] = [Math.trunc(a.low) || 0, Math.trunc(a.high) || 0];
        if (low >= INT_MIN && high <= INT_MAX) return integers(low, high);
      }
      return ALL_INTS;
    case "bitxor":
    case "shl":
      return ALL_INTS;
    case "shr":
      if (shift === undefined || !isIntRange(a)) return ALL_INTS;
      return integers(a.low >> shift, a.high >> shift);
    case "ushr": {
      if (shift !== undefined && isIntRange(a) && a.low >= 0) {
        return integers(a.low >>> shift, a.high >>> shift);
      }
      return integers(0, shift === undefined ? 2 ** 32 - 1 : 2 ** (32 - shift) - 1);
    }
    default:
      return undefined;
  }
}
