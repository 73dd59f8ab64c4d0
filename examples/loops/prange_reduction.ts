/**
 * C5: Sums up an integral in a parallel loop, whose body is that of the plain loop.
 *
 * In Python: `for i in prange(N): s += x**2-x` under `@njit(parallel=True)`, 52.9 ms for 10^8 points.
 *
 * @module
 */
import { setNumThreads } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";
import { counted, TimesTable } from "../support/times.ts";
import { integrate, integrateInParallel } from "./integral.ts";

const HELP = `
Integrates x*x - x from 0 to 2 over 10^7 and over 10^8 points: in a plain loop, and in a parallel one
that adds up what its body returns.

deno run --allow-read examples/loops/prange_reduction.ts [--workers N] [--points N] [--quick]
`;

const [a, b] = [0, 2];

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "points"], flags: ["quick"] });
  const threads = wholeNumber("workers", options.workers, 2, { most: 64 });
  const fewest = wholeNumber("points", options.points, options.quick ? 10_000 : 10 ** 7);
  setNumThreads(threads);

  for (const points of [fewest, 10 * fewest]) {
    const table = new TimesTable(`${points} points`, { width: 20 });
    const expected = await table.row("plain loop", () => integrate(a, b, points));
    const name = `prange, ${counted(threads, "thread")}`;
    const integral = await table.row(name, () => integrateInParallel(a, b, points));
    console.log(`Integrals: ${expected} ${integral}`);
  }
}

if (import.meta.main) await runExample("prange_reduction", main);
