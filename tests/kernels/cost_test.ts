import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { estimateTime } from "../../lib/kernels/cost.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import { Ranges } from "../../lib/kernels/ranges.ts";
import { test } from "../fixtures/guarded.ts";
import { factsOf, kindsOf } from "./compare.ts";
import type { Context } from "./evaluate.ts";

const CONTEXT: Context = {
  arrays: { a: new Float64Array(20), o: new Float64Array(20) },
  numbers: { n: 10 },
};

/** Estimates how many nanoseconds the turns of a body take. */
function timeOf(text: string, turns: number): number {
  const parsed = parseBody(`(i, { a, o, n }) => { ${text} }`, kindsOf(CONTEXT));
  assert(!("obstacle" in parsed));
  return estimateTime(parsed.program, new Ranges(parsed.program, factsOf(CONTEXT, turns)), turns);
}

test("estimateTime() grows with the turns of the loops, and with what a turn does", () => {
  const copy = timeOf("o[i] = a[i];", 1000);
  assertEquals(timeOf("o[i] = a[i];", 3000), 3 * copy);
  assert(timeOf("o[i] = a[i] * 2 + a[i];", 1000) > copy);
  assertEquals(timeOf("o[i] = a[i] + a[i] + a[i];", 1) < 3 * timeOf("o[i] = a[i];", 1), true);
  assert(timeOf("o[i] = Math.sin(a[i]);", 1000) > 10 * copy);
  const loop = "for (let k = 0; k < n; k++) o[k] = a[k];";
  assert(timeOf(loop, 1000) >= 10 * copy);
  assertEquals(timeOf("for (let k = n; k < 3; k++) o[k] = a[k];", 1000) <= copy, true);
});

test("estimateTime() takes loops of which the turns are not known for long ones", () => {
  const MS = 1e6;
  assert(timeOf("let x = a[i]; while (x < 1e9) x += 0.001; o[i] = x;", 16) > MS);
  assert(timeOf("const end = a[i]; for (let k = 0; k < end; k++) o[k] = k;", 16) > MS);
});

test("estimateTime() counts operations, not the numbers they are applied to", () => {
  const store = timeOf("o[i] = i;", 1);
  for (const text of ["o[i] = 1;", "o[i] = n;", "let y = i; o[i] = y;"]) {
    assertEquals(timeOf(text, 1), store, text);
  }
  const sum = timeOf("o[i] = i + n;", 1);
  assert(sum > store);
  assertEquals(timeOf("o[i] = -i;", 1), sum);
  assertAlmostEquals(timeOf("o[i] = i + n - 1;", 1), store + 2 * (sum - store));
});

test("estimateTime() counts stores, different elements that are read, remainders and calls", () => {
  const timeFor = (value: string) => timeOf(`o[i] = ${value};`, 1);
  assert(timeOf("let y = i;", 1) < timeFor("i"));
  assertAlmostEquals(timeFor("a[i] + a[i]"), timeFor("a[i] + 1"));
  assert(timeFor("a[i] + a[0]") > timeFor("a[i] + a[i]"));
  const sum = timeFor("i + n") - timeFor("n");
  assert(timeFor("i % n") - timeFor("n") > 10 * sum);
  assert(timeFor("Math.exp(i)") > timeFor("i % n"));
});

test("estimateTime() adds the time of both branches of an `if`", () => {
  const branch = timeOf("o[i] = 1;", 1);
  const test = timeOf("if (i < 1) {}", 1);
  assertAlmostEquals(timeOf("if (i < 1) { o[i] = 1; } else { o[i] = 2; }", 1), test + 2 * branch);
});

test("estimateTime() takes the turns of a loop that counts, of which there may be none", () => {
  const body = timeOf("o[i] = a[i];", 1);
  assertAlmostEquals(timeOf("for (let k = 2; k < 7; k++) o[i] = a[i];", 1), 5 * body);
  assertEquals(timeOf("for (let k = 7; k < 2; k++) o[i] = a[i];", 1), 0);
});
