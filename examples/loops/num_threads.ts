/**
 * C6: Sets the number of threads that parallel loops run on, from 2 to 8, and times one.
 *
 * In Python: `set_num_threads(n)` before a function with `prange` is called, 51 to 65 ms with any n.
 *
 * @module
 */
import { getNumThreads, setNumThreads } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";
import { TimesTable } from "../support/times.ts";
import { integrate, integrateInParallel } from "./integral.ts";

const HELP = `
Integrates x*x - x from 0 to 2 over 10^8 points in a parallel loop, on as many threads as loops have by
default, and on 2 to 8.

deno run --allow-read examples/loops/num_threads.ts [--workers MOST] [--points N] [--quick]
`;

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "points"], flags: ["quick"] });
  const most = wholeNumber("workers", options.workers, 8, { least: 2, most: 64 });
  const points = wholeNumber("points", options.points, options.quick ? 100_000 : 10 ** 8);

  const table = new TimesTable("threads");
  const integrals = [await table.row("plain loop", () => integrate(0, 2, points))];
  const name = `default: ${getNumThreads()}`;
  integrals.push(await table.row(name, () => integrateInParallel(0, 2, points)));
  for (let threads = 2; threads <= most; threads++) {
    setNumThreads(threads);
    integrals.push(await table.row(`${threads}`, () => integrateInParallel(0, 2, points)));
  }
  console.log(`Integrals from ${Math.min(...integrals)} to ${Math.max(...integrals)}`);
}

if (import.meta.main) await runExample("num_threads", main);
