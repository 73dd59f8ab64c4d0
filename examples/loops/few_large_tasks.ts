/**
 * C3: Computes one integral in a few large items, one per worker, instead of a million small ones.
 *
 * An exercise of the tutorial. A sum over points is the sum of the sums over its parts. So an item is
 * a part, and its result is one number.
 *
 * @module
 */
import { Pool } from "@sauropod/multiprocessing";
import { distribute } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample } from "../support/cli.ts";
import { counted, TimesTable } from "../support/times.ts";
import { integrate } from "./integral.ts";

const HELP = `
Integrates x*x - x from 0 to 2 over 1,000,000 points and over 100 times as many: serially, and in as
many parts as there are workers.

deno run --allow-read examples/loops/few_large_tasks.ts [--workers N] [--points N] [--quick]
`;

const [a, b] = [0, 2];

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "points"] });
  const workers = readInteger("workers", options.workers, 2, { max: 64 });
  const basePoints = readInteger("points", options.points, options.quick ? 10_000 : 1_000_000);
  await using pool = new Pool(workers);

  for (const points of [basePoints, 100 * basePoints]) {
    const dx = (b - a) / points;
    const parts = distribute(points, workers).map(([from, to]) =>
      [a + from * dx, a + to * dx, to - from] as const
    );
    const table = new TimesTable(`${points} points`, { width: 20 });
    const expected = await table.row("serial", () => integrate(a, b, points));
    const sums = await table.row(counted(workers, "worker"), () => pool.starmap(integrate, parts));
    console.log(`Integrals: ${expected} ${sums.reduce((sum, part) => sum + part)}`);
  }
}

if (import.meta.main) await runExample("few_large_tasks", main);
