import { assert, assertEquals } from "@std/assert";
import {
  ALL_INTS,
  binaryRange,
  INT_MAX,
  INT_MIN,
  integers,
  isInt,
  isIntRange,
  type NumberRange,
  rangeOfValue,
  sameRange,
  unaryRange,
  union,
} from "../../lib/kernels/number_range.ts";
import type { BinaryOperation, UnaryOperation } from "../../lib/kernels/program.ts";
import { test } from "../fixtures/guarded.ts";
import { binary, unary } from "./evaluate.ts";

/** Bounds of the ranges that are compared with what operations compute. */
const BOUNDS = [-5, -1.5, -1, -0.5, 0, 0.5, 1, 2, 3.5, 31, 33, INT_MIN, INT_MAX, 2 ** 32, 1e300];

/** Ranges with each kind of bounds, of integers and fractions, with and without -0. */
const RANGES = BOUNDS.flatMap((low) =>
  BOUNDS.filter((high) => low <= high).flatMap((high) =>
    [true, false].flatMap((isInteger) =>
      [true, false].map((isPlain): NumberRange => ({ low, high, isInteger, isPlain }))
    )
  )
).filter(({ low, high, isInteger }) =>
  !isInteger || (Number.isInteger(low) && Number.isInteger(high))
);

/** Returns whether a number is in a range. */
function isIn(value: number, { low, high, isInteger, isPlain }: NumberRange): boolean {
  return value >= low && value <= high && (!isInteger || Number.isInteger(value)) &&
    (!isPlain || !Object.is(value, -0));
}

/** Returns some numbers of a range. */
function samplesOf(range: NumberRange): number[] {
  return [...BOUNDS, -0, 5e-324, -5e-324, 7, 1e-200].filter((value) => isIn(value, range));
}

/** Writes a range, such as "0..9", with "or -0" and "fractions". */
function show(range: NumberRange | undefined): string {
  if (range === undefined) return "any";
  const { low, high, isInteger, isPlain } = range;
  return `${low}..${high}${isInteger ? "" : " fractions"}${isPlain ? "" : " or -0"}`;
}

const signed = (low: number, high: number): NumberRange => ({
  ...integers(low, high),
  isPlain: false,
});
const fractions = (low: number, high: number): NumberRange => ({
  ...integers(low, high),
  isInteger: false,
});
const signedFractions = (low: number, high: number): NumberRange => ({
  ...fractions(low, high),
  isPlain: false,
});

test("unaryRange() has all that an operation makes of the numbers of a range", () => {
  for (const [op, compute] of Object.entries(unary)) {
    for (const range of RANGES) {
      const result = unaryRange(op as UnaryOperation, range);
      if (result === undefined) continue;
      for (const x of samplesOf(range)) {
        assert(isIn(compute(x), result), `${op} ${x} of ${show(range)}: not ${show(result)}`);
      }
    }
  }
});

test("binaryRange() has all that an operation makes of the numbers of two ranges", () => {
  const some = RANGES.filter((_, at) => at % 5 === 0);
  for (const [op, compute] of Object.entries(binary)) {
    for (const a of some) {
      for (const b of some) {
        const result = binaryRange(op as BinaryOperation, a, b);
        if (result === undefined) continue;
        for (const x of samplesOf(a)) {
          for (const y of samplesOf(b)) {
            if (isIn(compute(x, y) as number, result)) continue;
            throw new Error(`${x} ${op} ${y} is not in ${show(result)}`);
          }
        }
      }
    }
  }
});

test("unaryRange() is as narrow as it can be", () => {
  const table: [UnaryOperation, NumberRange | undefined, string][] = [
    ["neg", integers(1, 3), "-3..-1"],
    ["neg", integers(-3, -1), "1..3"],
    ["neg", integers(0, 3), "-3..0 or -0"],
    ["neg", integers(-3, 0), "0..3 or -0"],
    ["neg", fractions(1, 3), "-3..-1 fractions"],
    ["neg", undefined, "any"],
    ["abs", integers(2, 3), "2..3"],
    ["abs", integers(-3, -2), "2..3"],
    ["abs", integers(-3, 2), "0..3"],
    ["abs", integers(0, 2), "0..2"],
    ["abs", integers(-2, 0), "0..2"],
    ["abs", signed(0, 2), "0..2"],
    ["sqrt", integers(4, 9), "2..3 fractions"],
    ["sqrt", integers(0, 9), "0..3 fractions"],
    ["sqrt", signed(0, 9), "0..3 fractions or -0"],
    ["sqrt", integers(-1, 9), "any"],
    ["square", integers(-3, 2), "0..9"],
    ["square", integers(-3, -2), "4..9"],
    ["square", integers(0, 1e200), "any"],
    ["cube", integers(2, 3), "8..27"],
    ["cube", integers(-3, -2), "-27..-8"],
    ["cube", integers(0, 1e200), "any"],
    ["floor", fractions(0.5, 2.5), "0..2"],
    ["floor", signedFractions(-0.5, 2.5), "-1..2 or -0"],
    ["ceil", fractions(0.5, 2.5), "0..3"],
    ["trunc", fractions(0, 2.5), "0..3"],
    ["round", fractions(-0.5, 2.5), "-1..3 or -0"],
    ["fround", fractions(0, 0.1), `0..${Math.fround(0.1)} fractions`],
    ["fround", fractions(-1, 0.1), `-1..${Math.fround(0.1)} fractions or -0`],
    ["fround", fractions(0, 1e300), "any"],
    ["bitnot", undefined, show(ALL_INTS)],
    ["not", integers(0, 1), "any"],
  ];
  for (const [op, range, expected] of table) {
    assertEquals(show(unaryRange(op, range)), expected, `${op} of ${show(range)}`);
  }
});

test("binaryRange() is as narrow as it can be", () => {
  const [bits, all] = ["0..4294967295", show(ALL_INTS)];
  type Range = NumberRange | undefined;
  const table: [Range, BinaryOperation, Range, string][] = [
    [integers(1, 2), "add", integers(-5, 10), "-4..12"],
    [integers(1, 2), "add", fractions(0.5, 1), "1.5..3 fractions"],
    [signed(-1, 2), "add", integers(0, 1), "-1..3"],
    [integers(0, 1), "add", signed(-1, 2), "-1..3"],
    [signed(-1, 2), "add", signed(0, 1), "-1..3 or -0"],
    [undefined, "add", integers(0, 1), "any"],
    [integers(0, 1), "add", undefined, "any"],
    [integers(0, 1e308), "add", integers(0, 1e308), "any"],
    [integers(-1e308, 0), "add", integers(-1e308, 0), "any"],
    [integers(1, 2), "sub", integers(-5, 10), "-9..7"],
    [integers(0, 2), "sub", signed(0, 1), "-1..2"],
    [signed(0, 2), "sub", integers(0, 1), "-1..2 or -0"],
    [integers(2, 3), "mul", integers(4, 5), "8..15"],
    [integers(-2, 3), "mul", integers(4, 5), "-10..15"],
    [integers(-2, 3), "mul", integers(-4, 5), "-12..15 or -0"],
    [integers(0, 3), "mul", integers(0, 5), "0..15"],
    [integers(0, 3), "mul", integers(-5, 5), "-15..15 or -0"],
    [integers(-5, 5), "mul", integers(0, 3), "-15..15 or -0"],
    [integers(1, 3), "mul", integers(-5, -1), "-15..-1"],
    [integers(-3, 0), "mul", integers(-5, -1), "0..15 or -0"],
    [integers(-3, 0), "mul", integers(1, 5), "-15..0"],
    [signed(0, 3), "mul", integers(0, 5), "0..15 or -0"],
    [integers(0, 3), "mul", signed(0, 5), "0..15 or -0"],
    [fractions(0, 3), "mul", integers(0, 5), "0..15 fractions"],
    [integers(0, 3), "mul", fractions(0, 5), "0..15 fractions"],
    [fractions(1, 3), "mul", fractions(-2, -1), "-6..-1 fractions or -0"],
    [fractions(-2, -1), "mul", fractions(1, 3), "-6..-1 fractions or -0"],
    [integers(0, 9), "div", integers(2, 3), "0..4.5 fractions"],
    [integers(-9, 9), "div", integers(1, 3), "-9..9 fractions or -0"],
    [integers(0, 9), "div", integers(-3, -1), "-9..0 fractions or -0"],
    [integers(0, 9), "div", integers(0, 3), "any"],
    [integers(0, 9), "div", integers(-3, 0), "any"],
    [signed(0, 9), "div", integers(1, 3), "0..9 fractions or -0"],
    [integers(0, 9), "rem", integers(1, 4), "0..3"],
    [integers(0, 2), "rem", integers(1, 4), "0..2"],
    [integers(-1, 9), "rem", integers(1, 4), "any"],
    [signed(0, 9), "rem", integers(1, 4), "any"],
    [integers(0, 9), "rem", integers(0, 4), "any"],
    [fractions(0, 9), "rem", integers(1, 4), "any"],
    [integers(0, 9), "rem", fractions(1, 4), "any"],
    [integers(0, 9), "min", integers(-1, 4), "-1..4"],
    [integers(0, 9), "min", signed(-1, 4), "-1..4 or -0"],
    [signed(0, 9), "min", integers(-1, 4), "-1..4 or -0"],
    [integers(0, 9), "max", integers(2, 4), "2..9"],
    [integers(0, 9), "max", signed(-3, 4), "0..9"],
    [signed(-3, 4), "max", integers(0, 9), "0..9"],
    [integers(-1, 9), "max", signed(-3, 4), "-1..9 or -0"],
    [signed(-3, 4), "max", integers(-1, 9), "-1..9 or -0"],
    [integers(-1, 9), "max", integers(-3, 4), "-1..9"],
    [signed(0, 9), "max", signed(0, 4), "0..9 or -0"],
    [integers(0, 9), "bitand", undefined, "0..9"],
    [undefined, "bitand", integers(0, 9), "0..9"],
    [integers(0, 5), "bitand", integers(0, 9), "0..5"],
    [integers(-1, 5), "bitand", integers(0, 9), "0..9"],
    [integers(-1, 5), "bitand", integers(-1, 9), all],
    [integers(0, 2 ** 31), "bitand", undefined, all],
    [fractions(-1.5, 2.5), "bitor", integers(0, 0), "-1..2"],
    [fractions(-0.5, 2.5), "bitor", integers(0, 0), "0..2"],
    [integers(0, 2 ** 31), "bitor", integers(0, 0), all],
    [integers(INT_MIN - 1, 0), "bitor", integers(0, 0), all],
    [integers(INT_MIN, 0), "bitor", integers(0, 0), `${INT_MIN}..0`],
    [integers(0, INT_MAX), "bitor", integers(0, 0), `0..${INT_MAX}`],
    [integers(0, 3), "bitor", integers(0, 1), all],
    [integers(0, 3), "bitor", integers(-1, 0), all],
    [integers(0, 3), "bitor", integers(1, 1), all],
    [integers(0, 3), "bitor", undefined, all],
    [undefined, "bitor", integers(0, 0), all],
    [integers(0, 3), "bitxor", integers(0, 3), all],
    [integers(0, 3), "shl", integers(1, 1), all],
    [integers(-8, 9), "shr", integers(1, 1), "-4..4"],
    [integers(-8, 9), "shr", integers(33, 33), "-4..4"],
    [integers(-8, 9), "shr", integers(0, 1), all],
    [integers(-8, 9), "shr", undefined, all],
    [undefined, "shr", integers(1, 1), all],
    [integers(8, 9), "ushr", integers(1, 1), "4..4"],
    [integers(0, 9), "ushr", integers(33, 33), "0..4"],
    [integers(-1, 9), "ushr", integers(28, 28), "0..15"],
    [integers(0, 9), "ushr", integers(0, 1), bits],
    [undefined, "ushr", integers(28, 28), "0..15"],
    [undefined, "ushr", integers(0, 0), bits],
    [integers(0, 9), "lt", integers(0, 9), "any"],
  ];
  for (const [a, op, b, expected] of table) {
    assertEquals(show(binaryRange(op, a, b)), expected, `${show(a)} ${op} ${show(b)}`);
  }
});

test("union() has the numbers of both ranges", () => {
  assertEquals(show(union(integers(1, 2), integers(-3, 0))), "-3..2");
  assertEquals(show(union(integers(1, 2), signed(5, 6))), "1..6 or -0");
  assertEquals(show(union(signed(1, 2), integers(5, 6))), "1..6 or -0");
  assertEquals(show(union(fractions(1, 2), integers(5, 6))), "1..6 fractions");
  assertEquals(show(union(integers(1, 2), fractions(5, 6))), "1..6 fractions");
  assertEquals(union(undefined, integers(1, 2)), undefined);
  assertEquals(union(integers(1, 2), undefined), undefined);
});

test("sameRange() tells ranges that differ in a bound or in their kind of numbers", () => {
  const ranges = [
    ...[undefined, integers(0, 1), integers(0, 2), integers(1, 2)],
    ...[signed(0, 1), fractions(0, 1), signedFractions(0, 1)],
  ];
  for (const [at, a] of ranges.entries()) {
    for (const [otherAt, b] of ranges.entries()) {
      assertEquals(sameRange(a, b && { ...b }), at === otherAt, `${show(a)} and ${show(b)}`);
    }
  }
});

test("isIntRange() tells ranges of integers of 32 bits", () => {
  for (const range of [integers(0, 1), ALL_INTS]) assert(isIntRange(range), show(range));
  const others = [
    signed(0, 1),
    fractions(0, 1),
    integers(INT_MIN - 1, 0),
    integers(0, INT_MAX + 1),
  ];
  for (const range of [...others, undefined]) assert(!isIntRange(range), show(range));
});

test("isInt() and rangeOfValue() tell integers, fractions and -0", () => {
  for (const value of [0, 1, INT_MIN, INT_MAX]) assert(isInt(value), `${value}`);
  for (const value of [-0, 0.5, INT_MIN - 1, INT_MAX + 1, NaN, Infinity]) {
    assert(!isInt(value), `${value}`);
  }
  assertEquals(show(rangeOfValue(5)), "5..5");
  assertEquals(show(rangeOfValue(0.5)), "0.5..0.5 fractions");
  assertEquals(show(rangeOfValue(-0)), "0..0 or -0");
  for (const value of [NaN, Infinity, -Infinity]) assertEquals(rangeOfValue(value), undefined);
});
