/**
 * D10: Squares numbers in a plain loop, then with joblib's Parallel and delayed.
 *
 * Python: `Parallel(n_jobs=2)(delayed(f)(x) for x in range(10))`.
 *
 * @module
 */
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Prints the squares of 0..9, computed in a plain loop and in parallel.

deno run --allow-read examples/loops/joblib_parallel.ts [--workers N]
`;

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const nJobs = readInteger("workers", options.workers, 2, { max: 64 });
  const f = (x: number) => x * x;
  const numbers = [...Array(10).keys()];

  const squares = numbers.map((x) => f(x));
  console.log(`[${squares.join(", ")}]`);
  const inParallel = await Parallel({ nJobs })(numbers.map((x) => delayed(f)(x)));
  console.log(`[${inParallel.join(", ")}]`);
}

if (import.meta.main) await runExample("joblib_parallel", main);
