/**
 * Measures one point of a curve, and prints it. `main.ts` starts it, each time as a process of its own:
 *
 *     deno run --allow-all bench/growth/run.ts CURVE SIZE [--quick]
 *
 * @module
 */

import type { Patience } from "./curve.ts";
import { CURVES } from "./curves.ts";

const USUAL: Patience = { warmUpMs: 100, repeatMs: 200 };
const QUICK: Patience = { warmUpMs: 0, repeatMs: 0 };

/** The beginning of the line with the result. */
export const RESULT = "result: ";

async function main(): Promise<void> {
  const [id, size, quick] = Deno.args;
  const curve = CURVES.find((curve) => curve.id === id)!;
  const value = await curve.measure(Number(size), quick === "--quick" ? QUICK : USUAL);
  console.log(RESULT + value);
}

if (import.meta.main) await main();
