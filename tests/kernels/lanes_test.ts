import { assert, assertEquals } from "@std/assert";
import {
  chooseLanes,
  LaneObstacle,
  type LanePlan,
  possibleLanes,
} from "../../lib/kernels/lanes.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import { Ranges } from "../../lib/kernels/ranges.ts";
import { test } from "../fixtures/guarded.ts";
import { factsOf, kindsOf } from "./compare.ts";
import type { Context } from "./evaluate.ts";

const CONTEXT: Context = {
  arrays: {
    a: new Float64Array(400),
    b: new Float64Array(400),
    o: new Float64Array(400),
    at: new Int32Array(400),
  },
  numbers: { n: 20, x: 0.5 },
};

function read(text: string, turns = 20, overlaps = false) {
  const parsed = parseBody(`(i, { a, b, o, at, n, x }) => { ${text} }`, kindsOf(CONTEXT));
  assert(!("obstacle" in parsed), JSON.stringify(parsed));
  const ranges = new Ranges(parsed.program, factsOf(CONTEXT, turns));
  const names = Object.keys(CONTEXT.arrays);
  const identities = Object.fromEntries(names.map((name) => [name, { same: name, overlaps }]));
  return { program: parsed.program, ranges, identities };
}

/** Chooses the loop of a body that runs in lanes, for so many indices. */
function choose(text: string, turns = 20): LanePlan | LaneObstacle {
  const { program, ranges, identities } = read(text, turns);
  return chooseLanes(program, ranges, identities, turns);
}

/** Checks which loop runs in lanes, by the name of its variable, or what the obstacle is. */
function check(table: readonly (readonly [text: string, expected: string])[], turns = 20): void {
  for (const [text, expected] of table) {
    const plan = choose(text, turns);
    assertEquals(plan instanceof LaneObstacle ? plan.reason : plan.variable.name, expected, text);
  }
}

test("chooseLanes() takes the loop whose elements are next to each other", () => {
  check([
    ["o[i] = a[i] * x;", "i"],
    ["for (let k = 0; k < n; k++) o[i * n + k] = a[i * n + k] * x;", "k"],
    ["let s = 0; for (let k = 0; k < n; k++) s += a[i * n + k] * b[i * n + k]; o[i] = s;", "k"],
    ["let s = 0; for (let k = 0; k < n; k++) s += a[k * n + i]; o[i] = s;", "i"],
    [
      `for (let k = 0; k < n; k++) { const y = a[i * n + k];
       for (let j = 0; j < n; j++) o[i * n + j] += y * b[k * n + j]; }`,
      "j",
    ],
    ["let y = a[i]; while (y < 9) y = y * y + x; o[i] = y;", "i"],
    ["for (let k = 0; k < n; k++) for (let j = 0; j < 20; j++) o[k + j] += a[k] * b[j];", "j"],
    [ // the first of two that are alike
      `for (let k = 0; k < n; k++) o[i * n + k] = a[i * n + k];
       for (let j = 0; j < n; j++) o[i * n + j] += b[i * n + j];`,
      "k",
    ],
  ]);
});

test("chooseLanes() finds what stands in the way", () => {
  check([
    ["o[0] = a[i];", "`o[…]` is written at the same index in each turn"],
    ["o[at[i]] = a[i];", "it is not known that `o[…]` is written at another index in each turn"],
    ["o[i * i] = a[i];", "it is not known that `o[…]` is written at another index in each turn"],
    ["const v = a.subarray(i, i + 3); o[i] = v[1];", "the view `v` differs between the turns"],
    [
      "o[i] = a[i * n];",
      "it reads or writes elements that are not next to each other in memory, and computes little",
    ],
  ]);
  check([["o[i] = a[i];", "there are fewer than 16 turns"]], 15);
  check([[
    "let d = 2; while (d < n && n % d > a[i]) d++; o[i] = d;",
    "it computes remainders by % in a loop that ends at another turn for each index, which JavaScript does faster",
  ]]);
});

test("chooseLanes() runs no `for` in lanes whose turns depend on each other", () => {
  const table: [text: string, reason: string][] = [
    [
      "let y = x; for (let k = 0; k < n; k++) { y = y * a[k] + 1; o[k] = y; }",
      "`y` carries a value from one turn to the next",
    ],
    [
      "for (let k = 1; k < n; k++) o[k] = o[k - 1] + a[k];",
      "`o` may be used at an index that another turn writes",
    ],
    [
      "for (let k = 0; k < n; k++) { o[k] = a[k]; o[k + 1] = 0; }",
      "`o` may be used at an index that another turn writes",
    ],
    [
      "for (let k = 0; k < n; k++) { for (let j = 0; j < 3; j++) o[k + j] = a[k]; }",
      "turns may write the same element of `o`",
    ],
    [
      "for (let k = 0; k < n; k++) { let q = 0; const y = o[k + q]; q = 1; o[k + q] = y; }",
      "turns may write the same element of `o`",
    ],
  ];
  for (const [text, reason] of table) {
    const { program, ranges, identities } = read(text);
    const [, inner] = possibleLanes(program, ranges, identities);
    assertEquals(inner instanceof LaneObstacle ? inner.reason : inner.variable.name, reason, text);
  }
});

test("chooseLanes() runs no `for` in lanes that writes an array which overlaps another", () => {
  const text = "for (let k = 0; k < n; k++) o[i * n + k] = a[i * n + k] * x;";
  const { program, ranges, identities } = read(text, 20, true);
  const [, inner] = possibleLanes(program, ranges, identities);
  assertEquals((inner as LaneObstacle).reason, "`o` overlaps another array");
});

test("chooseLanes() finds what differs between lanes", () => {
  const table: [text: string, varying: string, masked: number, apart: boolean, folds: string][] = [
    ["const y = x * 2; const z = y + i; o[i] = z;", "i z", 0, false, ""],
    ["let y = x; if (a[i] > 0) y = 1; o[i] = y;", "i y", 0, false, ""],
    ["let y = x; if (n > 0) y = 1; o[i] = y;", "i", 0, false, ""],
    ["let y = 0; for (let k = 0; k < i; k++) y += k; o[i] = y;", "i k y", 1, false, ""],
    ["let y = 0; for (let k = 0; k < n; k++) y += i; o[i] = y;", "i y", 0, false, ""],
    ["if (a[i] > 0) return; o[i] = 1;", "i", 0, true, ""],
    ["let y = i; while (true) { y++; if (y > 9) break; } o[i] = y;", "i y", 1, false, ""],
    ["let s = x; for (let k = 0; k < n; k++) s += a[i * n + k]; o[i] = s;", "k s", 0, false, "s +"],
    [
      "let s = x; for (let k = 0; k < n; k++) s = Math.max(a[i * n + k], s); o[i] = s;",
      "k s",
      0,
      false,
      "s max",
    ],
  ];
  for (const [text, varying, masked, apart, folds] of table) {
    const plan = choose(text);
    assert(!(plan instanceof LaneObstacle), text);
    const names = [...plan.varying].map(({ name }) => name).sort().join(" ");
    const folded = [...plan.folds].map(([{ name }, operator]) => `${name} ${operator}`).join();
    assertEquals(
      [names, plan.masked.size, plan.returnsApart, folded],
      [varying, masked, apart, folds],
      text,
    );
  }
});
