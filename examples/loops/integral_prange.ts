/**
 * C5, C6: Adds up an integral in a parallel loop with a reduction, on a chosen number of threads.
 *
 * @module
 */
import { parallelReduce, prange, setNumThreads } from "@sauropod/multiprocessing/loops";
import { readInteger, readOptions, runExample } from "../support/cli.ts";
import { counted, TimesTable } from "../support/times.ts";
import { integrate } from "./integral.ts";

const HELP = `
Computes the integral of x^2 - x from 0 to 2 by parallelReduce over 10 and 100 million points, on 1 to N
threads (setNumThreads), and compares with a loop on one core.

deno run --allow-read examples/loops/integral_prange.ts [--workers N] [--points N] [--quick]
`;

/** Runs the loop of `integrate` in parallel. The body sees only its index and its context. */
async function integrateInParallel(a: number, b: number, n: number): Promise<number> {
  const dx = (b - a) / n;
  const sum = await parallelReduce(prange(n), (i, { a, dx }) => {
    const x = a + i * dx;
    return x * x - x;
  }, { combine: "+", context: { a, dx } });
  return sum * dx;
}

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["points", "workers"] });
  const maxThreads = readInteger("workers", options.workers, options.quick ? 2 : 8, { max: 64 });
  const basePoints = readInteger("points", options.points, options.quick ? 1e4 : 1e7, {
    max: 1e12,
  });

  for (const points of [basePoints, 10 * basePoints]) {
    const table = new TimesTable(`${points} points`, { width: 20 });
    const integrals = [await table.row("serial", () => integrate(0, 2, points))];
    for (let threads = 1; threads <= maxThreads; threads++) {
      setNumThreads(threads);
      const loop = () => integrateInParallel(0, 2, points);
      integrals.push(await table.row(counted(threads, "thread"), loop));
    }
    console.log(`Integrals: ${integrals.map((it) => it.toFixed(9)).join(" ")}`);
  }
}

if (import.meta.main) await runExample("integral_prange", main);
