import { assert, assertEquals } from "@std/assert";
import { homesOf, variablesForgotten } from "../../lib/kernels/homes.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import type { Statement } from "../../lib/kernels/program.ts";
import { eachStatement } from "../../lib/kernels/visit.ts";
import { test } from "../fixtures/guarded.ts";
import { printStatements } from "./print_program.ts";

function statementsOf(text: string): readonly Statement[] {
  const kinds = { a: "array", o: "array", n: "number" } as const;
  const parsed = parseBody(`(i, { a, o, n }) => { ${text} }`, kinds);
  assert(!("obstacle" in parsed), text);
  return parsed.program.statements;
}

test("homesOf() finds the list that sets a variable before it is used, and has all its uses", () => {
  const table: [text: string, homes: Record<string, string>][] = [
    ["let y = i; o[i] = y;", { y: "y = i; o[i] = y" }],
    ["if (i > n) { const y = i; o[i] = y; }", { y: "y = i; o[i] = y" }],
    ["if (i > n) { o[i] = 1; } else { const y = i; o[i] = y; }", { y: "y = i; o[i] = y" }],
    ["for (let k = 0; k < n; k++) { const y = k; o[i] = y; }", { y: "y = k; o[i] = y" }],
    ["while (i > n) { const y = i; o[i] = y; }", { y: "y = i; o[i] = y" }],
    // What an inner list sets belongs to the outer list that sets it first.
    ["let y = i; if (n > 1) { y = 2; }", { y: "y = i; if $n > 1 { y = 2 }" }],
    ["let y = i, z = 1; z = y + z;", {
      y: "y = i; z = 1; z = y + z",
      z: "y = i; z = 1; z = y + z",
    }],
    // The variable of a loop has no list.
    ["for (let k = 0; k < n; k++) { o[k] = 1; }", {}],
  ];
  for (const [text, expected] of table) {
    const homes = [...homesOf(statementsOf(text))]
      .map(([{ name }, list]) => [name, printStatements(list)]);
    assertEquals(Object.fromEntries(homes), expected, text);
  }
});

test("homesOf() leaves out variables that a list reads before it sets them", () => {
  const [set, ...rest] = statementsOf("let y = i; if (n > 1) { o[i] = y; } y = 2; y = y + 1;");
  assert(set.op === "set");
  assertEquals(homesOf(rest).has(set.variable), false); // an inner list uses it
  assertEquals(homesOf(rest.slice(1)).has(set.variable), true);
  assertEquals(homesOf(rest.slice(2)).has(set.variable), false); // its own value
});

/** Returns the names of the variables that the last loop of a body need not keep. */
function forgottenIn(text: string): string[] {
  const statements = statementsOf(text);
  let loop: Statement | undefined;
  eachStatement(statements, (it) => {
    if (it.op === "while") loop = it;
  });
  return [...variablesForgotten(loop!, statements)].map(({ name }) => name);
}

test("variablesForgotten() finds the variables that only a loop reads, set before it", () => {
  const table: [text: string, names: string[]][] = [
    ["let y = i; while (y > n) y--; o[i] = 1;", ["y"]],
    ["let y = i; while (y > n) y--; o[i] = y;", []],
    ["let y = i; o[i] = y; while (y > n) y--;", []],
    ["let y = i, z = 1; while (y > n) { y--; z = z * 2; } o[i] = z;", ["y"]],
    ["let y = i; while (n > i) { y = 2; break; }", ["y"]], // nothing reads it
    ["if (n > 1) { let y = i; while (y > n) y--; }", ["y"]],
    ["if (n > 1) { o[i] = 1; } else { let y = i; while (y > n) y--; }", ["y"]],
    ["let y = i; if (n > 1) { while (y > n) y--; }", []], // another list sets it
    ["let y = 1; y = i; while (y > n) y--; y = 2;", ["y"]],
    ["for (let k = 0; k < n; k++) { let y = k; while (y > n) y--; }", ["y"]],
  ];
  for (const [text, names] of table) assertEquals(forgottenIn(text), names, text);
});
