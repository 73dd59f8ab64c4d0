import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { MemberKind, Obstacle } from "../../lib/kernels/parse_body.ts";
import { parseBody, parseElementFunction } from "../../lib/kernels/parse_body.ts";
import type { Program, Statement } from "../../lib/kernels/program.ts";
import { test } from "../fixtures/guarded.ts";
import { elementsOf, evaluate, evaluateFunction } from "./evaluate.ts";
import { printStatements } from "./print_program.ts";
import { randomBody } from "./random_bodies.ts";

const KINDS: Record<string, MemberKind> = {
  a: "array",
  b: "array",
  out: "array",
  vectors: "array",
  n: "number",
  columns: "number",
  dx: "number",
  name: "other",
};

function programOf(source: string, kinds = KINDS): Program {
  const parsed = parseBody(source, kinds);
  if ("obstacle" in parsed) throw new Error(`${source}: ${JSON.stringify(parsed.obstacle)}`);
  return parsed.program;
}

function obstacleOf(source: string): Obstacle | undefined {
  const parsed = parseBody(source, KINDS);
  return "obstacle" in parsed ? parsed.obstacle : undefined;
}

/** Checks what bodies become; a text without `=>` is the block of one that takes the context apart. */
function checkPrograms(table: readonly (readonly [string, string])[]): void {
  for (const [text, expected] of table) {
    const source = text.includes("=>") || text.startsWith("function") || text.startsWith("method")
      ? text
      : `(i, { a, b, out, vectors, n, columns, dx }) => { ${text} }`;
    assertEquals(printStatements(programOf(source).statements), expected, source);
  }
}

test("parseBody() parses loops as they are usually written", () => {
  checkPrograms([
    [
      "(i, { dx }) => { const x = i * dx; return x * x - x; }",
      "x = i * $dx; return (x * x) - x",
    ],
    ["(i, { a, out }) => { out[i] = a[i] * a[i] - a[i]; }", "out[i] = (a[i] * a[i]) - a[i]"],
    ["(i, { a, out }) => { out[i] = a[i]; return a[i]; }", "out[i] = a[i]; return a[i]"],
    [
      `const row = vectors.subarray(i * columns, (i + 1) * columns);
       for (let j = 0; j < n; j++) {
         const other = j * columns;
         let sum = 0;
         for (let k = 0; k < columns; k++) {
           const difference = row[k] - vectors[other + k];
           sum += difference * difference;
         }
         out[i * n + j] = Math.sqrt(sum);
       }`,
      "view row = vectors[i * $columns..(i + 1) * $columns]; for j in 0..$n { " +
      "other = j * $columns; sum = 0; for k in 0..$columns { " +
      "difference = row[k] - vectors[other + k]; sum = sum + (difference * difference) }; " +
      "out[(i * $n) + j] = sqrt(sum) }",
    ],
    [
      `let x = 0, y = 0, rounds = 0;
       while (x * x + y * y < 4 && rounds < 200) {
         const next = x * x - y * y + a[i];
         y = 2 * x * y + b[i];
         x = next;
         rounds++;
       }
       out[i] = rounds;`,
      "x = 0; y = 0; rounds = 0; while (((x * x) + (y * y)) < 4) && (rounds < 200) { " +
      "next = ((x * x) - (y * y)) + a[i]; y = ((2 * x) * y) + b[i]; x = next; " +
      "rounds = rounds + 1 }; out[i] = rounds",
    ],
    [
      `let x = 0, k;
       for (k = 0; k < 200; k++) { if (x > 4) break; x = x * x + a[i]; }
       out[i] = k;`,
      "x = 0; k = NaN; k = 0; while k < 200 { if x > 4 { break }; x = (x * x) + a[i] } " +
      "then { k = k + 1 }; out[i] = k",
    ],
    [
      `if (i < n || i >= a.length - n) return;
       out[i] = 0.2 * (a[i] + a[i - 1] + a[i + 1] + a[i - n] + a[i + n]);`,
      "if (i < $n) || (i >= (a.length - $n)) { return }; " +
      "out[i] = 0.2 * ((((a[i] + a[i - 1]) + a[i + 1]) + a[i - $n]) + a[i + $n])",
    ],
    [
      `let sum = 0;
       for (let k = i * n; k < (i + 1) * n; k++) sum += a[k];
       return sum;`,
      "sum = 0; for k in i * $n..(i + 1) * $n { sum = sum + a[k] }; return sum",
    ],
  ]);
});

test("parseBody() parses each form of a function and of its parameters", () => {
  checkPrograms([
    ["i => i + 1", "return i + 1"],
    ["() => 1.5", "return 1.5"],
    ["function (i) { return i; }", "return i"],
    ["function named(i) { 'use strict'; return i; }", "return i"],
    ["method(i) { return i; }", "return i"],
    ["(i, context) => context.n * context.a[i]", "return $n * a[i]"],
    ["(i, { a: values, n: by }) => values[i] * by", "return a[i] * $n"],
    ["(i, context) => { const { a, n: by } = context; return a[by]; }", "return a[$n]"],
    ["(i, context) => { const c = context; return c.n; }", "return $n"],
    ["(i, context) => { const { a } = context, by = context.n; return a[by]; }", "return a[$n]"],
    ["(i, { a, out }) => out[i] = a[i] + 1", "value = a[i] + 1; out[i] = value; return value"],
    ["(i, { a, out }) => out[i] = i", "out[i] = i; return i"],
  ]);
});

test("parseBody() names the arrays and numbers that a body uses, and no others", () => {
  const source = "(i, { a, b, name, missing, n: by }) => { const v = a; out(v); }"
    .replace("out(v)", "if (by > 1) v[i] = v.length");
  const { arrays, index, numbers } = programOf(source);
  assertEquals(index, { name: "i" });
  assertEquals(arrays, [{ name: "a" }]);
  assertEquals(numbers, ["n"]);
});

test("parseBody() parses declarations, and makes a variable for each", () => {
  checkPrograms([
    ["let x = 1, y; y = x;", "x = 1; y = NaN; y = x"],
    ["var x = i; x++;", "x = i; x = x + 1"],
    ["const two = 2, by = n; return i * two * by;", "return (i * 2) * $n"],
    ["const v = a, w = v; w[i] = v.length;", "a[i] = a.length"],
    [
      "const v = a.subarray(i), w = v.subarray(1, 3); w[0] = v.length;",
      "view v = a[i..]; view w = v[1..3]; w[0] = v.length",
    ],
    ["const v = a.subarray(); v[0] = 1;", "view v = a[0..]; v[0] = 1"],
  ]);
  const shadowing = "(i) => { const x = i + 1; { const x = i + 2; } return x; }";
  const [outer, inner, result] = programOf(shadowing).statements;
  assert(outer.op === "set" && inner.op === "set" && result.op === "return");
  assert(result.value?.op === "variable");
  assert(result.value.variable === outer.variable);
  assert(inner.variable !== outer.variable);
});

test("parseBody() parses assignments, and computes the index of an element once", () => {
  checkPrograms([
    [
      "let x = 9; x += 2; x -= 2; x *= 2; x /= 2; x %= 2; x **= 2; x--;",
      "x = 9; x = x + 2; x = x - 2; x = x * 2; x = x / 2; x = x % 2; x = square(x); x = x - 1",
    ],
    [
      "let x = 9; x |= 2; x &= 2; x ^= 2; x <<= 2; x >>= 2; x >>>= 2;",
      "x = 9; x = x | 2; x = x & 2; x = x ^ 2; x = x << 2; x = x >> 2; x = x >>> 2",
    ],
    ["a[i] += 2; a[3]++;", "a[i] = a[i] + 2; a[3] = a[3] + 1"],
    ["a[i + n] -= b[i];", "index = i + $n; a[index] = a[index] - b[i]"],
    ["a[i * n]--;", "index = i * $n; a[index] = a[index] - 1"],
    ["a[a[i]] = i < n;", "a[a[i]] = (i < $n) ? 1 : 0"],
    ["a[i] += i < n;", "a[i] = a[i] + ((i < $n) ? 1 : 0)"],
    ["let x = 0; x++, --x;", "x = 0; x = x + 1; x = x - 1"],
  ]);
});

test("parseBody() parses expressions of numbers", () => {
  checkPrograms([
    ["return -1 - -i + +i;", "return (-1 - neg(i)) + i"],
    ["return -0;", "return -0"],
    ["return ~i | 0 ^ i & 3;", "return bitnot(i) | (0 ^ (i & 3))"],
    ["return i % 3 / 2;", "return (i % 3) / 2"],
    ["return i ** 2 + Math.pow(i, 2);", "return square(i) + square(i)"],
    ["return i ** 3 + Math.pow(i, 0.5);", "return pow(i, 3) + pow(i, 0.5)"],
    ["return Math.min(i, n, 3) + Math.max(i);", "return min(min(i, $n), 3) + i"],
    [
      "return Math.abs(Math.sqrt(i)) + Math.fround(Math.round(i));",
      "return abs(sqrt(i)) + fround(round(i))",
    ],
    ["return Math.exp(i) + Math.atan2(i, n);", "return exp(i) + atan2(i, $n)"],
    ["return Math.sign(i);", "return (i > 0) ? 1 : ((i < 0) ? -1 : i)"],
    ["return Number(i < n) + Number(i);", "return ((i < $n) ? 1 : 0) + i"],
    ["return Math.PI * Number.EPSILON;", `return ${Math.PI} * ${Number.EPSILON}`],
    ["return Infinity - NaN;", "return Infinity - NaN"],
    ["return Number.length + Number.MAX_VALUE;", `return 1 + ${Number.MAX_VALUE}`],
    ["const NaN = i; return NaN;".replaceAll("NaN", "Infinity"), "Infinity = i; return Infinity"],
    ["return i < n ? a[i] : 0;", "return (i < $n) ? a[i] : 0"],
    ["return a[i] || 1;", "return (abs(a[i]) > 0) ? a[i] : 1"],
    ["return a[i] && 1;", "return (abs(a[i]) > 0) ? 1 : a[i]"],
  ]);
});

test("parseBody() tells conditions from numbers", () => {
  checkPrograms([
    ["if (i) return 1;", "if abs(i) > 0 { return 1 }"],
    ["if (i & 1) return 1;", "if (i & 1) != 0 { return 1 }"],
    [
      "if (!(i < 1 || i && n)) return 1;",
      "if not((i < 1) || ((abs(i) > 0) && (abs($n) > 0))) { return 1 }",
    ],
    [
      "if (i == 1 || i === 2 || i != 3 && i !== 4) return 1;",
      "if ((i == 1) || (i == 2)) || ((i != 3) && (i != 4)) { return 1 }",
    ],
    ["let count = 0; count += i < n;", "count = 0; count = count + ((i < $n) ? 1 : 0)"],
    [
      "let found = false; found = found || i > 3; if (found) return 1;",
      "found = false; found = found || (i > 3); if found { return 1 }",
    ],
    [
      "let found = true; found &&= i > 3; return found ? 1 : 2;",
      "found = true; found = found && (i > 3); return found ? 1 : 2",
    ],
    [
      "const c = i < 1 ? i > 2 : i > 3; if (!c) return;",
      "c = (i < 1) ? (i > 2) : (i > 3); if not(c) { return }",
    ],
    ["if ((i < 1) === (n < 1)) return;", "if ((i < 1) ? 1 : 0) == (($n < 1) ? 1 : 0) { return }"],
    ["if (isNaN(a[i])) return;", "if a[i] != a[i] { return }"],
    ["if (Number.isFinite(i)) return;", "if abs(i) < Infinity { return }"],
    ["if (Number.isInteger(i)) return;", "if (trunc(i) == i) && (abs(i) < Infinity) { return }"],
  ]);
});

test("parseBody() finds the loops that count", () => {
  checkPrograms([
    ["for (let k = 0; k < n; ++k) a[k] = 1;", "for k in 0..$n { a[k] = 1 }"],
    ["for (let k = i; n > k; k += 1) a[k] = 1;", "for k in i..$n { a[k] = 1 }"],
    ["for (let k = 1; k < a.length; k = 1 + k) a[k] = 1;", "for k in 1..a.length { a[k] = 1 }"],
    ["for (let k = 0; k <= 3; k++) a[k] = 1;", "for k in 0..4 { a[k] = 1 }"],
    ["for (let k = 0; k <= 3.5; k++) a[k] = 1;", "for k in 0..4 { a[k] = 1 }"],
    ["for (let k = i; a.length >= k; k++) a[k] = 1;", "for k in i..a.length + 1 { a[k] = 1 }"],
    ["for (let k = 0; k <= n; k++) a[k] = 1;", "for k in 0..floor($n) + 1 { a[k] = 1 }"],
    [
      "for (let k = 0, end = n * 2; k < end; k++) a[k] = 1;",
      "end = $n * 2; for k in 0..end { a[k] = 1 }",
    ],
    [
      "for (let end = n * 2, k = 0; k < end; k++) a[k] = 1;",
      "end = $n * 2; for k in 0..end { a[k] = 1 }",
    ],
    [
      "for (let k = 0; k < n; k++) { if (a[k]) continue; a[k] = 1; }",
      "for k in 0..$n { if abs(a[k]) > 0 { continue }; a[k] = 1 }",
    ],
    [
      "for (let k = 0; k < n; k++) while (a[k] > 0) { if (a[k] == 3) break; a[k]--; }",
      "for k in 0..$n { while a[k] > 0 { if a[k] == 3 { break }; a[k] = a[k] - 1 } }",
    ],
    [
      "for (let j = 0; j < n; j++) for (let k = j + 1; k <= j; k++) a[k] = 1;",
      "for j in 0..$n { for k in j + 1..floor(j) + 1 { a[k] = 1 } }",
    ],
  ]);
});

test("parseBody() makes a while of any other loop", () => {
  checkPrograms([
    [
      "for (let k = 0; k < n; k += 2) a[k] = 1;",
      "k = 0; while k < $n { a[k] = 1 } then { k = k + 2 }",
    ],
    [
      "for (let k = n; k > 0; k--) a[k] = 1;",
      "k = $n; while k > 0 { a[k] = 1 } then { k = k - 1 }",
    ],
    [
      "for (let k = 0; k < n && a[k] > 0; k++) a[k] = 1;",
      "k = 0; while (k < $n) && (a[k] > 0) { a[k] = 1 } then { k = k + 1 }",
    ],
    [
      "for (let k = 0; k < a[0]; k++) a[k] = 1;",
      "k = 0; while k < a[0] { a[k] = 1 } then { k = k + 1 }",
    ],
    [
      "for (let k = 0; k < k + 1; k++) a[k] = 1;",
      "k = 0; while k < (k + 1) { a[k] = 1 } then { k = k + 1 }",
    ],
    [
      "let end = 9; for (let k = 0; k < end; k++) end--;",
      "end = 9; k = 0; while k < end { end = end - 1 } then { k = k + 1 }",
    ],
    [
      "for (let k = 0; k < n; k++) { if (a[k]) { k++; } }",
      "k = 0; while k < $n { if abs(a[k]) > 0 { k = k + 1 } } then { k = k + 1 }",
    ],
    [
      "for (let k = 0; k < n; k++) { if (a[k]) return; }",
      "k = 0; while k < $n { if abs(a[k]) > 0 { return } } then { k = k + 1 }",
    ],
    [
      "for (let k = 0, end = k + 4; k < end; k++) a[k] = 1;",
      "k = 0; end = k + 4; while k < end { a[k] = 1 } then { k = k + 1 }",
    ],
    [
      "for (;;) { if (a[0]++ > 3) break; }".replace("a[0]++", "a[0]"),
      "while true { if a[0] > 3 { break } }",
    ],
    [
      "for (let k = 0; k > n; k++) a[k] = 1;",
      "k = 0; while k > $n { a[k] = 1 } then { k = k + 1 }",
    ],
    [
      "for (let k = 0; k !== n; k++) a[k] = 1;",
      "k = 0; while k != $n { a[k] = 1 } then { k = k + 1 }",
    ],
    [
      "let x = 0; for (let k = 0; k < n; k++, x++) a[k] = 1;",
      "x = 0; k = 0; while k < $n { a[k] = 1 } then { k = k + 1; x = x + 1 }",
    ],
    [
      "let x = 0; for (let k = 0; k < n; x = k + 1) a[k] = 1;",
      "x = 0; k = 0; while k < $n { a[k] = 1 } then { x = k + 1 }",
    ],
    [
      "for (let k = 0; k < n; k = n + 1) a[k] = 1;",
      "k = 0; while k < $n { a[k] = 1 } then { k = $n + 1 }",
    ],
    [
      "for (let k = 0; k < n; k = n + k) a[k] = 1;",
      "k = 0; while k < $n { a[k] = 1 } then { k = $n + k }",
    ],
    [
      "let x = 0; for (let k = 0; k < n; k = x + 1) a[k] = 1;",
      "x = 0; k = 0; while k < $n { a[k] = 1 } then { k = x + 1 }",
    ],
    [
      "for (let k = 0; k < n; k = k + k) a[k] = 1;",
      "k = 0; while k < $n { a[k] = 1 } then { k = k + k }",
    ],
    [
      "for (let k = 0; k < n; k = k * 1) a[k] = 1;",
      "k = 0; while k < $n { a[k] = 1 } then { k = k * 1 }",
    ],
    [
      "for (let k = 0; k < n; a[0] = 5) a[k] = 1;",
      "k = 0; while k < $n { a[k] = 1 } then { a[0] = 5 }",
    ],
    ["for (let k = 0; k < n;) k++;", "k = 0; while k < $n { k = k + 1 }"],
    [
      "let x = 1, k = 2; for (x = 3; k < n; k++) a[k] = x;",
      "x = 1; k = 2; x = 3; while k < $n { a[k] = x } then { k = k + 1 }",
    ],
    [
      "for (let k = 0; k < n; k++) { if (a[k]) { if (n) break; } }",
      "k = 0; while k < $n { if abs(a[k]) > 0 { if abs($n) > 0 { break } } } then { k = k + 1 }",
    ],
    [
      "let k = 0; do { a[k] = k; k++; } while (k < n);",
      "k = 0; while true { a[k] = k; k = k + 1; if not(k < $n) { break } }",
    ],
  ]);
});

test("parseBody() counts with <= only if the variable is an integer", () => {
  checkPrograms([
    [
      "for (let k = dx; k <= n; k++) a[k] = 1;",
      "k = $dx; while k <= $n { a[k] = 1 } then { k = k + 1 }",
    ],
    // The outer loop is not counted, so that `j` may be a fraction.
    [
      "for (let j = 0; j < n; j++) { for (let k = j; k <= 9; k++) a[k] = 1; j += 0.5; }",
      "j = 0; while j < $n { k = j; while k <= 9 { a[k] = 1 } then { k = k + 1 }; j = j + 0.5 } " +
      "then { j = j + 1 }",
    ],
    [
      "for (let j = dx; j < n; j++) { for (let k = j; k <= 9; k++) a[k] = 1; }",
      "for j in $dx..$n { k = j; while k <= 9 { a[k] = 1 } then { k = k + 1 } }",
    ],
    [
      "let j = 0; while (j < n) { for (let k = j; k <= 9; k++) a[k] = 1; j += 2; }",
      "j = 0; while j < $n { for k in j..10 { a[k] = 1 }; j = j + 2 }",
    ],
  ]);
});

test("parseBody() knows which operations result in integers", () => {
  const counts = (start: string) => {
    const { statements } = programOf(
      `(i, { a, n, dx }) => { for (let k = ${start}; k <= 9; k++) a[k] = 1; }`,
    );
    return statements.at(-1)!.op === "for";
  };
  const integers = [
    ...["3", "i", "a.length", "Math.floor(dx)", "Math.ceil(dx)", "Math.trunc(dx)"],
    ...["Math.round(dx)", "dx | 0", "dx & 1", "dx ^ 1", "~dx", "dx << 1", "dx >> 1", "dx >>> 1"],
    ...["-i", "Math.abs(i)", "i ** 2", "Math.fround(i)", "i + 1", "i - 1", "i * 2", "i % 2"],
    ...["Math.min(i, 1)", "Math.max(i, 1)", "i < 3 ? i : 3"],
  ];
  for (const start of integers) assertEquals(counts(start), true, start);
  const others = [
    ...["0.5", "dx", "a[i]", "i / 2", "Math.sqrt(i)", "Math.sin(i)", "-dx", "i + dx", "dx + i"],
    ...["i < 3 ? i : dx", "i < 3 ? dx : i", "i * 0.5"],
  ];
  for (const start of others) assertEquals(counts(start), false, start);
});

test("parseBody() omits what is after a jump", () => {
  checkPrograms([
    ["if (i) { return; a[i] = 1; } return 1; a[i] = 2;", "if abs(i) > 0 { return }; return 1"],
  ]);
});

test("parseBody() keeps the lines of loops", () => {
  const source =
    "method(i, { a, n }) {\n\n  for (let k = 0; k < n; k++)\n    while (a[k]) a[k]--;\n}";
  const [loop] = programOf(source).statements;
  assert(loop.op === "for");
  assertEquals(loop.line, 3);
  assert(loop.body[0].op === "while");
  assertEquals(loop.body[0].line, 4);
});

test("parseBody() finds obstacles in the head of a body and in its use of the context", () => {
  const obstacles: [string, string, number][] = [
    ["async (i) => { }", "is async", 1],
    ["function* (i) { }", "is a generator", 1],
    ["get x() { return 1; }", "is a getter or a setter", 1],
    ["(i = 1) => { }", "has a default value", 2],
    ["(i, ...rest) => { }", "uses `...`", 5],
    ["(i, c, value) => { }", "has a parameter more than the 2 that kernels pass", 8],
    ["({ x }) => { }", "takes a number apart", 2],
    ["(i, [x]) => { }", "takes the context apart as an array", 5],
    ["(i, { a = 1 }) => { }", "has a default value", 7],
    ["(i, { ['a']: a }) => { }", "names a member of the context by an expression", 8],
    ["(i, { a: { b } }) => { }", "takes a member of the context apart", 10],
    ["(i, { a, ...rest }) => { }", "uses `...`", 10],
    ["(i) => { i++; }", "assigns to `i`, which is the index of the loop", 10],
    [
      "(i, c) => c.name",
      "uses `c.name`, which is not a number or a typed array of the context",
      11,
    ],
    [
      "(i, { name }) => name",
      "uses `name`, which is not a number or a typed array of the context",
      18,
    ],
    ["(i, { other }) => other", "uses `other`, which the context does not have", 19],
    ["(i, { toString }) => toString", "uses `toString`, which the context does not have", 22],
    ["(i, c) => c", "uses the context `c` as a value", 11],
    [
      "(i, c) => c[0]",
      "uses an element of `c`, which is not an array: write the member's name with a dot",
      11,
    ],
    ["(i, c) => { c.n = 1; }", "assigns to `c.n`, which is not an element", 13],
    ["(i, c) => { const y = n; const { n } = c; }", "uses `n` before its declaration", 23],
    ["(i, c) => { const { ...rest } = c; }", "uses `...`", 21],
    [
      "(i, c) => { let { n } = c; }",
      "takes the context apart by `let`: write `const`",
      17,
    ],
    [
      "(i, { n }) => { n = 1; }",
      "assigns to `n`, which is a constant or belongs to the context",
      17,
    ],
  ];
  for (const [source, reason, column] of obstacles) {
    assertEquals(obstacleOf(source), { reason, line: 1, column }, source);
  }
});

test("parseBody() finds the first statement or expression that kernels lack, and where it is", () => {
  const obstacles: [string, string, number?][] = [
    ["console.log(i);", "calls `console.log`"],
    ["helper(i);", "calls `helper`"],
    ["const x = Math.hypot(i, n);", "calls `Math.hypot`", 11],
    ["const x = Math.sqrt();", "calls `Math.sqrt` with 0 arguments", 11],
    ["const x = Math.max(...a);", "uses `...`", 20],
    ["const x = a.at(0);", "calls `a.at`", 11],
    [
      "const x = a.subarray(1)[0];",
      "uses an element of an expression: give the array a name by `const`",
      11,
    ],
    ["a.push;", "uses `a.push`, which is not a number or a typed array of the context"],
    ["f()();", "calls `(…)`"],
    ["this.f();", "calls `this.f`"],
    ["a[0].f();", "calls `a[…].f`"],
    ["[a[0]] = a;", "takes an object or an array apart"],
    ["return other.PI;", "uses `other`, which is outside of the body", 8],
    ["return Math;", "uses `Math`, which is outside of the body", 8],
    ["return Math.name;", "uses `Math`, which is outside of the body", 8],
    ["{ const x = 1; } return x;", "uses `x`, which is outside of the body", 25],
    ["total += i;", "assigns to `total`, which is not declared in the body"],
    ["return total;", "uses `total`, which is outside of the body", 8],
    ["return undefined;", "uses `undefined`", 8],
    ["return arguments[0];", "uses `arguments`", 8],
    ["return this.x;", "uses `this.x`, which is not a number or a typed array of the context", 8],
    ["return 'text';", "uses a string", 8],
    ["return `text`;", "uses a string", 8],
    ["return 1n;", "uses a bigint", 8],
    ["return null;", "uses `null`", 8],
    ["return /x/;", "uses a regular expression", 8],
    ["return typeof i;", "uses `typeof`", 8],
    ["return a[0] ?? 1;", "uses `??`", 8],
    ["return a?.[0];", "uses `?.`", 8],
    ["return [i];", "makes an array", 8],
    ["return { i };", "makes an object", 8],
    ["return () => 1;", "makes a function", 8],
    ["return new Date();", "makes an object with `new`", 8],
    ["return (i, n);", "uses a comma in an expression", 9],
    ["return i in a;", "uses `in`", 8],
    ["return a;", "uses the array `a` as a value", 8],
    ["return n[0];", "uses an element of `n`, which is not an array", 8],
    ["return a[i < 1];", "uses a condition as an index", 10],
    ["return i < n;", "returns a condition, not a number", 8],
    [
      "let k = 0; a[k++] = 1;",
      "uses `++` or `--` inside of an expression: make it a statement of its own",
      14,
    ],
    ["let x, y; x = y = 0;", "assigns inside of an expression: make it a statement of its own", 15],
    ["const x = 1; x = 2;", "assigns to `x`, which is a constant or belongs to the context", 14],
    ["const x = i; x = 2;", "assigns to `x`, which is a constant", 14],
    ["let x = 1; x = i < n;", "sets `x` to a condition, which is a number elsewhere", 12],
    ["let x = true; x = 1;", "sets `x` to a number, which is a condition elsewhere", 15],
    ["let x = true; x++;", "counts with a condition", 15],
    ["let x = i < n ? true : 1;", "is a number or a condition, depending on another condition", 9],
    ["if (i < n === 1) return;", "compares a condition with a number by `===`", 5],
    ["return Number.isNaN(i < n) ? 1 : 2;", "calls `Number.isNaN` with a condition", 8],
    ["let v = a;", "declares `v`, which is not a number, by `let`: write `const`", 5],
    ["let v = a.subarray(1);", "declares the view `v` by `let`: write `const`", 5],
    ["const v = a.subarray(1, 2, 3);", "calls `subarray` with 3 arguments", 11],
    ["const [x] = a;", "takes an array apart", 7],
    ["const { x } = a;", "takes an object apart that is not the context", 7],
    ["using x = i;", "uses `using`"],
    ["x = 1; let x;", "uses `x` before its declaration"],
    ["const x = x + 1;", "uses `x` before its declaration", 11],
    ["var x; var x;", "declares `x` twice", 12],
    ["if (i) { var x; }", "declares by `var` in a block: write `let`", 10],
    ["for (var k = 0; k < 2; k++) ;", "declares by `var` in a block: write `let`", 6],
    ["i;", "has an expression that does nothing"],
    ["switch (i) {}", "uses `switch`"],
    ["try {} finally {}", "uses `try`"],
    ["throw i;", "uses `throw`"],
    ["for (const x of a) ;", "uses `for … of`"],
    ["for (const x in a) ;", "uses `for … in`"],
    ["function f() {}", "declares a function"],
    ["class C {}", "declares a class"],
    ["debugger;", "uses `debugger`"],
    ["x: while (i) break x;", "uses a label"],
    ["do { if (i) continue; } while (n);", "uses `continue` in a `do … while` loop"],
  ];
  for (const [text, reason, column = 1] of obstacles) {
    const source = `(i, { a, n }) => {\n${text}\n}`;
    assertEquals(obstacleOf(source), { reason, line: 2, column }, source);
  }
});

test("parseBody() counts lines and columns from 1, in methods too", () => {
  assertEquals(obstacleOf("method(i) { alert(i); }"), {
    reason: "calls `alert`",
    line: 1,
    column: 13,
  });
  assertEquals(obstacleOf("method(i) {\n  alert(i); }"), {
    reason: "calls `alert`",
    line: 2,
    column: 3,
  });
});

test("parseBody() finds an obstacle in a text that is not a function", () => {
  const START = { line: 1, column: 1 };
  assertEquals(obstacleOf(Math.sqrt.toString()), {
    reason: "is native or bound, so it has no text",
    ...START,
  });
  for (const source of ["", "1 + 1", "(i) => {", "(i) => i; alert(1)", "class C {}"]) {
    assertEquals(obstacleOf(source), { reason: "cannot be parsed", ...START }, source);
  }
});

test("parseElementFunction() parses functions of numbers", () => {
  const table: [string, number, string[], string, number[], number][] = [
    ["(x) => x * x - x", 1, ["x"], "return (x * x) - x", [3], 6],
    ["(a, b) => { const d = a - b; return d * d; }", 2, ["a", "b"], "d = a - b; return d * d", [
      5,
      3,
    ], 4],
    [
      "(x) => { if (x < 0) return 0; else return x; }",
      1,
      ["x"],
      "if x < 0 { return 0 } else { return x }",
      [-2],
      0,
    ],
    ["() => 7", 2, ["argument 1", "argument 2"], "return 7", [1, 2], 7],
  ];
  for (const [source, count, names, expected, args, result] of table) {
    const parsed = parseElementFunction(source, count);
    assert(!("obstacle" in parsed), source);
    assertEquals(parsed.parameters.map(({ name }) => name), names);
    assertEquals(printStatements(parsed.statements as Statement[]), expected);
    assertEquals(evaluateFunction(parsed, args), result);
  }
});

test("parseElementFunction() finds what is not a function of numbers", () => {
  const table: [string, string, number][] = [
    ["(x, y) => x", "has a parameter more than the 1 that kernels pass", 5],
    ["(x) => { if (x) return 1; }", "does not return a number on each path", 1],
    ["(x) => { x = 1; return x; }", "assigns to `x`, which is a parameter", 10],
    ["(x) => x > 1", "returns a condition, not a number", 8],
    ["(x) => scale * x", "uses `scale`, which is outside of the body", 8],
  ];
  for (const [source, reason, column] of table) {
    const parsed = parseElementFunction(source, 1);
    assertEquals(parsed, { obstacle: { reason, line: 1, column } }, source);
  }
});

test("parseBody() makes programs that do what random bodies do", () => {
  const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, size) => {
      const { source, length, makeContext } = randomBody(seed, { size });
      const expected = makeContext();
      const actual = makeContext();
      const kinds = Object.fromEntries<MemberKind>([
        ...Object.keys(actual.arrays).map((name) => [name, "array"] as const),
        ...Object.keys(actual.numbers).map((name) => [name, "number"] as const),
      ]);
      const program = programOf(source, kinds);
      const body = functionOf(source);
      const context = { ...expected.arrays, ...expected.numbers };
      for (let index = 0; index < length; index++) {
        const result = evaluate(program, index, actual);
        assertEquals(result, body(index, context), source);
        assertEquals(elementsOf(actual), elementsOf(expected), source);
      }
    }),
    { numRuns: 300 },
  );
});

/** Makes a function of its text. */
function functionOf(source: string): (index: number, context: object) => number | undefined {
  const isMethod = source.startsWith("method");
  return new Function(isMethod ? `return ({ ${source} }).method` : `return (${source})`)();
}
