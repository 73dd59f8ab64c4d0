import { assert, assertEquals } from "@std/assert";
import {
  chooseLanes,
  definitionsIn,
  LaneObstacle,
  type LanePlan,
  possibleLanes,
  type Stride,
  strideOf,
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

test("chooseLanes() takes the parallel loop rather than another that is as good", () => {
  check([["let s = 0; for (let k = 0; k < n; k++) s += a[k] * x; o[i] = s;", "i"]]);
});

test("chooseLanes() runs loops of 16 turns or more in lanes", () => {
  check([["o[i] = a[i];", "i"]], 16);
  check([["for (let k = 4; k < n; k++) o[i * n + k] = a[i * n + k] * x;", "k"]]);
  const reason = "in the parallel loop, `o[…]` is written at the same index in each turn; " +
    "in the loop over `k`, there are fewer than 16 turns";
  check([["for (let k = 5; k < n; k++) o[k] = a[k] * x;", reason]]);
});

test("chooseLanes() says of each loop what stands in the way", () => {
  const same = "`o[…]` is written at the same index in each turn";
  check([[
    "for (let k = 0; k < n; k++) o[0] = a[k];",
    `in the parallel loop, ${same}; in the loop over \`k\`, ${same}`,
  ]]);
});

test("chooseLanes() wants three operations for each element that is not next to the others", () => {
  const reason =
    "it reads or writes elements that are not next to each other in memory, and computes little";
  check([
    ["o[i] = a[i * n] + x;", reason],
    ["o[i] = a[i * n] + x + x;", "i"],
    ["o[i] = Math.sin(a[i * n]);", "i"],
    ["o[i * n] = a[i] + x;", reason],
    ["o[i * n] = a[i] + x + x;", "i"],
    ["o[i] = a[i * n] + a[i * n + 1] + x;", reason], // two
    ["o[i] = a[0] + a[n];", "i"], // the same in all lanes
  ]);
});

test("chooseLanes() allows remainders of integers in a loop that lanes leave apart", () => {
  check([["let d = 0; while (a[i] > d) d = (d & 7) % 5 + 1; o[i] = d;", "i"]]);
  check([["let d = 0; while (d < n) d = d + x % 5 + 1; o[i] = d;", "i"]]); // no lane leaves it before
});

/** Returns the stride of a value in the loop over `i`, with `c` set to it. */
function strideIn(text: string): Stride {
  const { program, ranges, identities } = read(`${text}; o[i] = c;`);
  const [plan] = possibleLanes(program, ranges, identities);
  assert(!(plan instanceof LaneObstacle), text);
  const { variable, varying, statements } = plan;
  const definitions = definitionsIn(statements);
  const set = statements.findLast(({ op }) => op === "set");
  assert(set?.op === "set");
  return strideOf(set.value, { variable, varying, definitions, ranges, strides: new Map() });
}

test("strideOf() knows by how much an integer differs from one turn to the next", () => {
  const table: [value: string, stride: Stride][] = [
    ["i", 1],
    ["i + n", 1],
    ["n + i", 1],
    ["i - 3", 1],
    ["n - i", -1],
    ["i + i", 2],
    ["i - 2 * i", -1],
    ["i * 3", 3],
    ["3 * i", 3],
    ["i * n", 20],
    ["(i + 1) * 2 * 2", 4],
    ["n", 0],
    ["at[0]", 0],
    ["at[n * n]", undefined], // it is missing
    ["(at[0] & 7)", 0],
    ["i * (at[0] & 7)", "uniform"],
    ["(at[0] & 7) * i", "uniform"],
    ["i + i * (at[0] & 7)", "uniform"],
    ["i * (at[0] & 7) - i", "uniform"],
    ["2 * (i * (at[0] & 7))", "uniform"],
    ["(i * 2) | 0", 2],
    ["i | 1", undefined],
    ["i | n", undefined],
    ["i * i", undefined],
    ["2 * (i * i)", undefined],
    ["i + i * i", undefined],
    ["i * i - i", undefined],
    ["i * x", undefined],
    ["i & 7", undefined],
    ["i < 3 ? i : 3", undefined],
  ];
  for (const [value, stride] of table) assertEquals(strideIn(`let c = ${value}`), stride, value);
  assertEquals(strideIn("let b0 = i + 2, c = b0 * 2"), 2);
  assertEquals(strideIn("let b0 = i; b0 = i + 2; let c = b0 * 2"), undefined); // set twice
});

test("definitionsIn() has the variables that one statement sets", () => {
  const text = `let y = i, z = 1; z = 2; const u = y;
    for (let k = 0; k < n; k++) { const v = k; o[k] = v; }`;
  const names = [...definitionsIn(read(text).program.statements).keys()].map(({ name }) => name);
  assertEquals(names, ["y", "u", "v"]);
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
      "let s = x; for (let k = 0; k < n; k++) { s += a[k]; s *= 2; o[k] = 1; } o[0] = s;",
      "`s` carries a value from one turn to the next",
    ],
    [
      "let s = x; for (let k = 0; k < n; k++) { s += a[k]; o[k] = s; }",
      "`s` carries a value from one turn to the next",
    ],
    [
      "let s = x; for (let k = 0; k < n; k++) { s += s; o[k] = 1; }",
      "`s` carries a value from one turn to the next",
    ],
    [
      "let s = x; for (let k = 0; k < n; k++) { s = a[k] - s; o[k] = 1; }",
      "`s` carries a value from one turn to the next",
    ],
    [
      "let s = x; for (let k = 0; k < n; k++) { s = a[k]; } o[0] = s;",
      "`s` carries a value from one turn to the next",
    ],
    [ // an integer
      "let s = 100; for (let k = 0; k < n; k++) { s = Math.min(s, k); } o[0] = s;",
      "`s` carries a value from one turn to the next",
    ],
    ["for (let k = 0; k < n; k++) { const y = a[k]; o[k] = y; }", "k"],
    ["let s = x; for (let k = 0; k < n; k++) { s -= a[k]; } o[0] = s;", "k"],
    ["let s = x; for (let k = 0; k < n; k++) { s = a[k] * s; s *= 2; } o[0] = s;", "k"],
    ["for (let k = 0; k < n; k++) { o[k] += a[k]; o[k] *= 2; }", "k"],
    [
      "const v = o.subarray(0); for (let k = 0; k < n; k++) { v[k] = o[k] * 2; }",
      "`o` may be used at an index that another turn writes",
    ],
    [
      "const v = o.subarray(0); for (let k = 0; k < n; k++) { o[k] = v[k] * 2; }",
      "`v` may be used at an index that another turn writes",
    ],
    ["const v = o.subarray(0); for (let k = 0; k < n; k++) { v[k] = v[k] * 2; }", "k"],
    ["const v = a.subarray(0); for (let k = 0; k < n; k++) { o[k] = v[k] * 2; }", "k"],
    [
      "for (let k = 0; k < n; k++) { const v = o.subarray(n); v[k] = a[k]; }",
      "k",
    ],
    [
      "for (let k = 0; k < n; k++) { const v = o.subarray(k); v[k] = a[k]; }",
      "the view `v` differs between the turns",
    ],
    [
      "for (let k = 0; k < n; k++) { for (let j = 0; j < 3; j++) { " +
      "const v = o.subarray(j); v[k] = a[k]; } }",
      "turns may write the same element of `v`",
    ],
    [
      "for (let k = 0; k < n; k++) { for (let j = 0; j < 3; j++) { " +
      "const v = o.subarray(j), w = v.subarray(1); w[k] = a[k]; } }",
      "turns may write the same element of `w`",
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
    ["let y = x; if (a[i] > 0) {} else { y = 1; } o[i] = y;", "i y", 0, false, ""],
    ["let y = x; if (n > 0) {} else { y = 1; } o[i] = y;", "i", 0, false, ""],
    ["let y = 0; for (let k = 0; k < i; k++) y += k; o[i] = y;", "i k y", 1, false, ""],
    ["let y = 0; for (let k = 0; k < n; k++) y += i; o[i] = y;", "i y", 0, false, ""],
    ["if (a[i] > 0) return; o[i] = 1;", "i", 0, true, ""],
    ["let y = i; while (true) { y++; if (y > 9) break; } o[i] = y;", "i y", 1, false, ""],
    ["let s = x; for (let k = 0; k < n; k++) s += a[i * n + k]; o[i] = s;", "k s", 0, false, "s +"],
    ["if (a[i] > 0) { const t = x * 2; o[i] = t; }", "i", 0, false, ""], // no other lane sees it
    ["let t = x; if (a[i] > 0) { t = x * 2; o[i] = t; }", "i t", 0, false, ""],
    ["if (a[i] > 0) return; const t = x * 2; o[i] = t;", "i", 0, true, ""],
    ["let t = x; if (a[i] > 0) return; t = 2; o[i] = t;", "i", 0, true, ""],
    ["let t = x; if (a[i] > 0) { if (a[i] > 1) return; t = 2; } o[i] = t;", "i t", 0, true, ""],
    ["let t = x; if (n > 0) { t = 2; } else { t = 3; } o[i] = t;", "i", 0, false, ""],
    ["let t = x; if (n < 0) return; t = 2; o[i] = t;", "i", 0, false, ""],
    ["let t = 0; while (t < n) { t++; if (t > x) break; } o[i] = t;", "i", 0, false, ""],
    ["let t = 0; while (t < a[i]) { t++; } o[i] = t;", "i t", 1, false, ""],
    [
      "let t = x; for (let k = 0; k < n; k++) { if (a[i] > k) continue; t = 2; } o[i] = t;",
      "i k t",
      1,
      false,
      "",
    ],
    [
      "let t = x; for (let k = 0; k < n; k++) { if (x > k) continue; t = 2; } o[i] = t;",
      "i",
      0,
      false,
      "",
    ],
    [ // only the inner loop is left apart
      "let t = 0; for (let j = 0; j < 3; j++) { for (let k = 0; k < i; k++) t++; } o[i] = t;",
      "i k t",
      1,
      false,
      "",
    ],
    ["let t = 0; if (a[i] > 1) { while (t < n) t++; } o[i] = t;", "i t", 1, false, ""],
    ["for (let k = i; k < 3; k++) { o[i] = k; }", "i k", 1, false, ""],
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
