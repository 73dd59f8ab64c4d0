/**
 * Runs one scenario with one pool, and prints the result as a line of JSON. `main.ts` starts it, each time as a
 * process of its own:
 *
 *     deno run --allow-all bench/peers/run.ts POOL SCENARIO [--quick]
 *
 * @module
 */

import type { StartPool } from "./pool.ts";
import { type Measurement, SCENARIOS } from "./scenarios.ts";

/** What a run prints, after {@linkcode RESULT}: `{}` means that the pool does not offer this. */
export type Result = Measurement | { failed: string } | { value?: undefined };

/** The beginning of the line with the result, as pools print too. */
export const RESULT = "result: ";

async function main(): Promise<void> {
  const [pool, id, quick] = Deno.args;
  const scenario = SCENARIOS.find((scenario) => scenario.id === id)!;
  let result: Result;
  try {
    const { start } = await import(`./pools/${pool}.ts`) as { start: StartPool };
    const size = quick === "--quick" ? scenario.quickSize : scenario.size;
    result = await scenario.run(start, size) ?? {};
  } catch (error) {
    result = { failed: error instanceof Error ? error.message : String(error) };
  }
  console.log(RESULT + JSON.stringify(result));
  Deno.exit(); // also if a worker computes
}

if (import.meta.main) await main();
