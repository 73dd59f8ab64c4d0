import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { NumberRange } from "../../lib/kernels/number_range.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import type { Expression, Program, Statement, Variable } from "../../lib/kernels/program.ts";
import { Ranges } from "../../lib/kernels/ranges.ts";
import { eachStatement } from "../../lib/kernels/visit.ts";
import { test } from "../fixtures/guarded.ts";
import { factsOf, kindsOf } from "./compare.ts";
import { type Context, evaluate } from "./evaluate.ts";
import { randomBody } from "./random_bodies.ts";

const ARRAYS = {
  a: new Float64Array(20),
  bytes: new Uint8Array(20),
  words: new Uint32Array(20),
  ints: new Int16Array(20),
};
const CONTEXT: Context = { arrays: ARRAYS, numbers: { n: 7, half: 0.5, zero: -0, big: 3e9 } };

function programOf(source: string, context = CONTEXT): Program {
  const parsed = parseBody(source, kindsOf(context));
  assert(!("obstacle" in parsed), source);
  return parsed.program;
}

/** Writes a range, such as "0..9", with "or -0" and "fractions". */
function show(range: NumberRange | undefined): string {
  if (range === undefined) return "any";
  const { low, high, isInteger, isPlain } = range;
  return `${low}..${high}${isInteger ? "" : " fractions"}${isPlain ? "" : " or -0"}`;
}

/** Returns the range of an expression, for indices from 0 to 9. */
function rangeOf(text: string): string {
  const source =
    `(i, { a, bytes, words, ints, n, half, zero, big }) => { let x = ${text}; a[0] = x; }`;
  const program = programOf(source);
  const ranges = new Ranges(program, factsOf(CONTEXT, 10));
  const [set] = program.statements as [Statement & { op: "set" }];
  return show(ranges.rangeOf(set.value));
}

test("Ranges knows the range of each operation", () => {
  const table: [string, string][] = [
    ["i", "0..9"],
    ["n", "7..7"],
    ["half", "any"],
    ["zero", "any"],
    ["0.25 + 0.25", "0.5..0.5 fractions"],
    ["i + n", "7..16"],
    ["i - n", "-7..2"],
    ["i * n", "0..63"],
    ["i * -1", "-9..0 or -0"],
    ["-i", "-9..0 or -0"],
    ["-(i + 1)", "-10..-1"],
    ["0 - i", "-9..0"],
    ["Math.abs(i - 7)", "0..7"],
    ["i / n", `0..${9 / 7} fractions`],
    ["n / i", "any"],
    ["Math.floor(i / n)", "0..1"],
    ["Math.ceil(i / n)", "0..2"],
    ["Math.ceil((i - 9) / n)", "-2..0 or -0"],
    ["(i / n) * (0 - i / n)", `${-(9 / 7) * (9 / 7)}..0 fractions or -0`],
    ["i % n", "0..6"],
    ["i % 3.5", "any"],
    ["(i - 5) % n", "any"],
    ["Math.min(i, n)", "0..7"],
    ["Math.max(i, n)", "7..9"],
    ["i ** 2", "0..81"],
    ["i & 3", "0..3"],
    ["a[i] & 255", "0..255"],
    ["a[i] | 0", "-2147483648..2147483647"],
    ["(i / n) | 0", "0..1"],
    ["i >> 1", "0..4"],
    ["a[i] >>> 28", "0..15"],
    ["a[i] >>> 0", "0..4294967295"],
    ["~i", "-2147483648..2147483647"],
    ["i > 3 ? i : n", "0..9"],
    ["a[i]", "any"],
    ["bytes[i]", "0..255"],
    ["bytes[i + 11]", "any"],
    ["bytes[i - 1]", "any"],
    ["words[i]", "0..4294967295"],
    ["ints[i]", "-32768..32767"],
    ["a.length - i", "11..20"],
    ["1e300 * 1e300", "any"],
    ["Math.sqrt(i)", "0..3 fractions"],
    ["Math.round(i / 2)", "0..5"],
    ["i ** 3", "any"],
  ];
  for (const [text, expected] of table) assertEquals(rangeOf(text), expected, text);
});

/** Returns the kinds of the variables of a body, by name. */
function kindsIn(text: string): Record<string, string> {
  const program = programOf(`(i, { a, bytes, words, ints, n }) => { ${text} }`);
  const ranges = new Ranges(program, factsOf(CONTEXT, 10));
  const kinds: Record<string, string> = {};
  eachStatement(program.statements, (statement) => {
    if (statement.op !== "set" && statement.op !== "for") return;
    kinds[statement.variable.name] = ranges.kindOfVariable(statement.variable);
  });
  return kinds;
}

test("Ranges finds variables that are integers of 32 bits in any case", () => {
  const table: [string, Record<string, string>][] = [
    ["let x = 0; for (let k = 0; k < n; k++) { x = k; } a[i] = x;", { x: "int", k: "int" }],
    ["let x = 0; for (let k = 0; k < n; k++) { x += k; } a[i] = x;", { x: "double", k: "int" }],
    ["let x = 0; for (let k = 0; k < n; k++) { x = (x + k) | 0; } a[i] = x;", {
      x: "int",
      k: "int",
    }],
    ["let x = 0; while (x < 9) { x++; } a[i] = x;", { x: "double" }],
    ["const c = i > 3; a[i] = c ? 1 : 0;", { c: "condition" }],
    ["for (let k = 0; k < a[i]; k++) { a[k] = 1; }", { k: "double" }],
    ["for (let k = 0; k < 2147483648; k++) { a[k] = 1; }", { k: "double" }],
    ["for (let k = 0; k <= 2147483646; k++) { a[k] = 1; }", { k: "int" }],
    ["for (let k = 2147483646; k < 2147483647; k++) { a[k] = 1; }", { k: "int" }],
    ["for (let k = 2147483647; k < 2147483647; k++) { a[k] = 1; }", { k: "double" }],
    ["for (let k = 5; k < 3; k++) { a[k] = 1; }", { k: "int" }],
    [
      "let b = 0; for (let j = 0; j < 9; j++) { for (let k = 0; k < b; k++) a[k] = j; b = Math.min(b + 1, 4); }",
      { b: "int", j: "int", k: "int" },
    ],
  ];
  for (const [text, expected] of table) {
    const kinds = kindsIn(text);
    assertEquals(kinds, expected, text);
  }
});

test("Ranges knows the range of a variable that several statements set", () => {
  const table: [text: string, range: string][] = [
    ["let x = 0; if (i > 3) { x = 5; } a[0] = x;", "0..5"],
    ["let x = 0; if (i > 3) {} else { x = 5; } a[0] = x;", "0..5"],
    ["let x = 0; while (a[i] > 3) { x = 5; } a[0] = x;", "0..5"],
    ["let x = 0; for (; a[i] > 3; x = 5) {} a[0] = x;", "0..5"],
    ["let x = 0; for (let k = 2; k < n; k++) { x = k; } a[0] = x;", "0..6"],
    ["let x = 9; for (let k = 5; k < 3; k++) { x = k; } a[0] = x;", "5..9"], // it has no turn
    ["let x = 0; for (let k = i; k <= 20; k++) { x = k; } a[0] = x;", "0..20"],
    ["let x = 0; for (let k = 0.5; k < n; k++) { x = k; } a[0] = x;", "any"],
    ["let x = 0; x = a[i]; a[0] = x;", "any"],
    ["let x = 0; x = -0; a[0] = x;", "0..0 or -0"],
    ["let x = 0; x = 0.5; a[0] = x;", "0..0.5 fractions"],
    ["const v = a.subarray(i, i + 5); let x = v.length; a[0] = x;", "5..5"],
    ["const v = a.subarray(i); let x = v.length; a[0] = x;", "0..20"],
    ["const v = bytes.subarray(i, i + 5); let x = v[4]; a[0] = x;", "0..255"],
    ["const v = bytes.subarray(i, i + 5); let x = v[5]; a[0] = x;", "any"],
  ];
  for (const [text, range] of table) {
    const program = programOf(`(i, { a, bytes, n }) => { ${text} }`);
    const store = program.statements.at(-1);
    assert(store?.op === "store");
    assertEquals(show(new Ranges(program, factsOf(CONTEXT, 10)).rangeOf(store.value)), range, text);
  }
});

test("Ranges knows how many turns a `for` takes at most, and whether it counts", () => {
  const table: [string, number | undefined][] = [
    ["for (let k = 2; k < n; k++) a[k] = 1;", 5],
    ["for (let k = i; k < 20; k++) a[k] = 1;", 20],
    ["for (let k = n; k < 3; k++) a[k] = 1;", -4],
    ["for (let k = 0.5; k < n; k++) a[k] = 1;", undefined],
    ["const end = a[i]; for (let k = 0; k < end; k++) a[k] = 1;", undefined],
  ];
  for (const [text, expected] of table) {
    const program = programOf(`(i, { a, n }) => { ${text} }`);
    const ranges = new Ranges(program, factsOf(CONTEXT, 10));
    const loop = program.statements.at(-1) as Statement & { op: "for" };
    assertEquals(ranges.isCounted(loop) ? ranges.maxTurns(loop) : undefined, expected, text);
  }
});

test("Ranges knows the length of a view whose bounds differ by a constant", () => {
  const isWithin = (text: string) => {
    const program = programOf(`(i, { a, n }) => { ${text} }`);
    const ranges = new Ranges(program, factsOf(CONTEXT, 10));
    const store = program.statements.at(-1) as Statement & { op: "store" };
    return ranges.isWithin(store.array, store.index);
  };
  assert(isWithin("const v = a.subarray(i, i + 5); v[4] = 1;"));
  assert(!isWithin("const v = a.subarray(i, i + 5); v[5] = 1;"));
  assert(isWithin("const v = a.subarray(i * 2, (i + 1) * 2); v[1] = 1;"));
  assert(!isWithin("const v = a.subarray(i * n, (i + 1) * n); v[1] = 1;")); // beyond the end
  assert(!isWithin("const v = a.subarray(i); v[0] = 1;"));
  const exact: [bounds: string, length: number][] = [
    ...["i, 5 + i", "i + 1 - 1, i + 5", "n, n + 5", "n, 12", "9 - i, 14 - i", "i + 6, i + 11"]
      .map((bounds): [string, number] => [bounds, 5]),
    ["n - n, 5", 5],
    ...["2 * i, i + i + 2", "i * 2, 2 + 2 * i", "i + i, i * 2 + 2", "(i + 1) * 2 - 2, i * 2 + 2"]
      .map((bounds): [string, number] => [bounds, 2]),
    ["2 * (i - 0), 2 * i + 2", 2],
    ["18 - 2 * i, 20 - i - i", 2],
  ];
  for (const [bounds, length] of exact) {
    assert(isWithin(`const v = a.subarray(${bounds}); v[${length - 1}] = 1;`), bounds);
    assert(!isWithin(`const v = a.subarray(${bounds}); v[${length}] = 1;`), bounds);
  }
  const others = [
    ...["i, i - 1", "i - 1, i + 4", "i + 16, i + 21", "i * i, i * i + 5", "i, n + 5", "n, i + 5"],
    ...[
      "i, 2 * i + 5",
      "i, a[0] + i",
      "a[0], a[0] + 5",
      "i / 2, i / 2 + 5",
      "i + 7, i + 12",
      "i, i",
    ],
  ];
  for (const bounds of others) {
    assert(!isWithin(`const v = a.subarray(${bounds}); v[0] = 1;`), bounds);
  }
  // Two variables are told apart, although they have one name.
  const two = (to: string) =>
    isWithin(`const p = i & 3; const v = a.subarray(p, ${to}); v[0] = 1;`);
  assertEquals([two("p + 5"), two("i + 5")], [true, false]);
  assert(!isWithin("const v = a.subarray(i, i + 5); const w = v.subarray(1, 3); w[0] = 1;"));
});

test("Ranges holds for the values that random bodies compute", () => {
  const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, size) => {
      const { source, length, makeContext } = randomBody(seed, { size });
      const context = makeContext();
      const parsed = parseBody(source, kindsOf(context));
      if ("obstacle" in parsed) return;
      const { program } = parsed;
      const ranges = new Ranges(program, factsOf(context, length));
      const check = (variable: Variable, value: Expression) => {
        const range = ranges.rangeOf({ op: "variable", variable });
        if (range === undefined || ranges.isCondition(value)) return;
        variables.set(variable, range);
      };
      const variables = new Map<Variable, NumberRange>();
      eachStatement(program.statements, (statement) => {
        if (statement.op === "set") check(statement.variable, statement.value);
        if (statement.op === "for") check(statement.variable, statement.from);
      });
      const onSet = (variable: Variable, value: number | boolean) => {
        const range = variables.get(variable);
        if (range === undefined) return;
        const text = `${variable.name} = ${value} is not in ${
          show(range)
        }, seed ${seed}: ${source}`;
        assert(typeof value === "number" && value >= range.low && value <= range.high, text);
        assert(!range.isInteger || Number.isInteger(value), text);
        assert(!range.isPlain || !Object.is(value, -0), text);
      };
      for (let index = 0; index < length; index++) evaluate(program, index, context, { onSet });
    }),
    { numRuns: 300 },
  );
});
