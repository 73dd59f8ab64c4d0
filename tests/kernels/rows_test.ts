import { assert, assertEquals } from "@std/assert";
import { homesOf } from "../../lib/kernels/homes.ts";
import { LaneObstacle, possibleLanes } from "../../lib/kernels/lanes.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import type { Expression } from "../../lib/kernels/program.ts";
import { Ranges } from "../../lib/kernels/ranges.ts";
import { distinct, findPairs, findRows } from "../../lib/kernels/rows.ts";
import { FunctionCode } from "../../lib/kernels/wasm_module.ts";
import { test } from "../fixtures/guarded.ts";
import { factsOf, kindsOf } from "./compare.ts";
import type { Context } from "./evaluate.ts";
import { printStatements } from "./print_program.ts";

const CONTEXT: Context = {
  arrays: { a: new Float64Array(400), o: new Float64Array(400), at: new Int8Array(400) },
  numbers: { n: 5 },
};

/** Returns the rows and the pairs of a body, with the parallel loop in lanes, as text. */
function accessesOf(text: string): { rows: string[]; addresses: number; pairs: string[] } {
  const parsed = parseBody(`(i, { a, o, at, n }) => { ${text} }`, kindsOf(CONTEXT));
  assert(!("obstacle" in parsed), text);
  const { program } = parsed;
  const ranges = new Ranges(program, factsOf(CONTEXT, 20));
  const [plan] = possibleLanes(program, ranges, {});
  assert(!(plan instanceof LaneObstacle), text);
  const rows = findRows(plan, ranges, new FunctionCode([], []));
  const pairs = findPairs(plan, ranges, rows, homesOf(program.statements));
  const print = (index: Expression) =>
    printStatements([{ op: "return", value: index }]).replace("return ", "");
  return {
    rows: rows.map(({ array, index }) => `${array.name}[${print(index)}]`),
    addresses: distinct(rows).length,
    pairs: [...pairs].map(print),
  };
}

test("findRows() finds elements next to each other whose index is known before the loop", () => {
  const table: [text: string, rows: string[], pairs: string[]][] = [
    ["o[i] = a[i];", ["a[i]", "o[i]"], []],
    ["o[i + 1] = a[i - n];", ["a[i - $n]", "o[i + 1]"], []],
    ["o[i] = a[i * 2] + a[n] + a[n - i];", ["o[i]"], []],
    ["o[i] = a[at[i]] + a[i + at[0]];", ["at[i]", "o[i]"], []], // an element may change
    ["const k = i + 2; o[k] = a[k];", ["a[k]", "o[k]"], []],
    ["let k = i; k = i + 2; o[i] = a[k];", ["o[i]"], []], // set twice
    ["const v = a.subarray(3); o[i] = v[i];", ["o[i]"], ["i"]], // where it begins is found out in the turn
    ["const v = a.subarray(3), k = i + 2; o[i] = v[k] + v[i];", ["o[i]"], ["k", "i"]],
    // Known within the turn only.
    ["for (let j = 1; j < n; j++) { o[i] = a[i + j]; }", ["o[i]"], ["i + j"]],
    // The definition of `k` may no longer hold where it is used: `j` changes.
    ["for (let j = 1; j < n; j++) { const k = i + j; o[i] = a[k]; }", ["o[i]"], []],
    ["let q = 1; q = 2; o[i] = a[i + q];", ["o[i]"], ["i + q"]],
    ["let q = 1; const k = i + q; q = 2; o[i] = a[k];", ["o[i]"], []],
    [
      "for (let j = 1; j < n; j++) { for (let k = i + j; k < i + j; k++) { o[i] = a[k]; } }",
      ["o[i]"],
      [],
    ],
  ];
  for (const [text, rows, pairs] of table) {
    const found = accessesOf(text);
    assertEquals([found.rows, found.pairs], [rows, pairs], text);
  }
});

test("rows of the same elements share an address", () => {
  const { rows, addresses } = accessesOf("o[i] = a[i] + a[i] * a[i + 1] + at[i]; o[i] += 1;");
  assertEquals(rows.length, 6);
  assertEquals(addresses, 4); // a[i], a[i + 1], at[i], o[i]
});

test("findRows() and findPairs() leave out indices that are long to compute", () => {
  const index = (start: string, terms: number) => `${start}${" + n".repeat(terms)}`;
  const row = (terms: number) => accessesOf(`o[i] = a[${index("i", terms)}];`).rows.length;
  assertEquals([row(31), row(32)], [2, 1]); // 63 operations and numbers, and 65
  const pair = (terms: number) =>
    accessesOf(`for (let j = 1; j < n; j++) o[i] = a[${index("i + j", terms)}];`).pairs.length;
  assertEquals([pair(30), pair(31)], [1, 0]);
  // With those of the variables in it.
  const through = (terms: number) =>
    accessesOf(`const k = ${index("i", terms)}; o[i] = a[k + 1];`).rows.length;
  assertEquals([through(30), through(31)], [2, 1]);
});
