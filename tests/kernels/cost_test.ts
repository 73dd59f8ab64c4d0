import { assert, assertEquals } from "@std/assert";
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
