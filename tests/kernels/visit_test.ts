import { assert, assertEquals } from "@std/assert";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import type { Expression, Statement } from "../../lib/kernels/program.ts";
import {
  eachExpressionIn,
  eachStatement,
  expressionsOf,
  isCondition,
  isSameExpression,
  variablesRead,
  variablesSet,
} from "../../lib/kernels/visit.ts";
import { test } from "../fixtures/guarded.ts";

/** Returns the statements of a body with the arrays `a` and `b` and the numbers `n` and `x`. */
function statementsOf(text: string): readonly Statement[] {
  const kinds = { a: "array", b: "array", n: "number", x: "number" } as const;
  const parsed = parseBody(`(i, { a, b, n, x }) => { ${text} }`, kinds);
  assert(!("obstacle" in parsed), text);
  return parsed.program.statements;
}

test("eachStatement() visits the statements within others, each before those within it", () => {
  const text = `
    if (i > 1) { a[0] = 1; } else { return; }
    for (let k = 0; k < n; k++) { const v = a.subarray(k); v[0] = 1; }
    let k = 0;
    for (; x > k; k += 2) { if (k) break; }`;
  const visited: string[] = [];
  eachStatement(statementsOf(text), ({ op }) => visited.push(op));
  assertEquals(visited, [
    ...["if", "store", "return", "for", "view", "store"],
    ...["set", "while", "if", "break", "set"],
  ]);
});

test("expressionsOf() returns the expressions of a statement, not of those within it", () => {
  const table: [text: string, count: number][] = [
    ["let y = 1;", 1],
    ["a[0] = 1;", 2],
    ["const v = a.subarray(1);", 1],
    ["const v = a.subarray(1, 2);", 2],
    ["if (i) a[0] = 1;", 1],
    ["while (i) a[0] = 1;", 1],
    ["for (let k = 0; k < n; k++) a[k] = 1;", 2],
    ["return 1;", 1],
    ["return;", 0],
  ];
  for (const [text, count] of table) {
    assertEquals(expressionsOf(statementsOf(text)[0]).length, count, text);
  }
});

test("eachExpressionIn() visits the operands of expressions, indices and arguments too", () => {
  const visited: string[] = [];
  const statements = statementsOf("a[i + 1] = i < n ? Math.atan2(b[i], 2) : x;");
  eachExpressionIn(statements, ({ op }) => visited.push(op));
  assertEquals(visited, [
    ...["add", "variable", "number"],
    ...["select", "lt", "variable", "context", "math", "load", "variable", "number", "context"],
  ]);
});

test("variablesRead() and variablesSet() return what statements read, and what they set", () => {
  const statements = statementsOf(
    "const y = i; for (let k = 0; k < n; k++) { let z = 1; z = y; a[0] = 2; }",
  );
  const names = (variables: Iterable<{ name: string }>) => [...variables].map(({ name }) => name);
  assertEquals(names(variablesRead(statements)), ["i", "y"]);
  assertEquals(names(variablesSet(statements)), ["y", "k", "z"]);
});

test("isSameExpression() tells expressions that differ in any part", () => {
  const values = [
    ...["1", "-0", "0", "NaN", "true", "false", "n", "x", "y", "z", "i", "a.length", "b.length"],
    ...["a[0]", "a[1]", "b[0]", "Math.sin(y)", "Math.cos(y)", "Math.sin(z)", "Math.atan2(y, z)"],
    ...["y + z", "z + y", "y - z", "y + 1", "-y", "Math.abs(y)", "(y + z) + 1", "y + (z + 1)"],
    ...["y < z ? y : z", "y < z ? z : y", "y > z ? y : z", "Math.atan2(z, y)", "y < z", "!(y < z)"],
  ];
  // One program, so that the names are the same: each value is there twice.
  const sets = [...values, ...values].map((value, at) => `const v${at} = 1 ? ${value} : ${value};`);
  const statements = statementsOf(`let y = i, z = i; ${sets.join(" ")}`).slice(2);
  const expressions = statements.map((statement): Expression => {
    assert(statement.op === "set" && statement.value.op === "select");
    return statement.value.args[1];
  });
  for (const [at, value] of values.entries()) {
    for (const [otherAt, other] of values.entries()) {
      const isSame = isSameExpression(expressions[at], expressions[values.length + otherAt]);
      assertEquals(isSame, at === otherAt, `${value} and ${other}`);
    }
  }
});

test("isCondition() tells conditions from numbers", () => {
  const isVariable = ({ name }: { name: string }) => name === "c";
  const table: [value: string, expected: boolean][] = [
    ...["true", "!c", "c && c", "c || c", "i < 1", "i <= 1", "i > 1", "i >= 1", "i == 1", "i != 1"]
      .map((value): [string, boolean] => [value, true]),
    ["c", true],
    ["i < 1 ? c : true", true],
    ["i", false],
    ["i + 1", false],
    ["i < 1 ? i : 1", false],
    ["Math.sin(i)", false],
  ];
  for (const [value, expected] of table) {
    const set = statementsOf(`let c = true; let y = ${value};`)[1];
    assert(set.op === "set");
    assertEquals(isCondition(set.value, isVariable), expected, value);
  }
});
