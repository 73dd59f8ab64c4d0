/**
 * C3: Computes one integral in a few large tasks, one a worker, rather than in a million small ones.
 *
 * The exercise of the tutorial. A sum over points is the sum of the sums over parts of them, so a task
 * is a part, and all that is sent back is one number.
 *
 * @module
 */
import { Pool } from "@sauropod/multiprocessing";
import { distribute } from "@sauropod/multiprocessing/sharedmem";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";
import { counted, TimesTable } from "../support/times.ts";
import { integrate } from "./integral.ts";

const HELP = `
Integrates x*x - x from 0 to 2 over 1,000,000 points and over 100 times as many: serial, and in as
many parts as there are workers.

deno run --allow-read examples/loops/few_large_tasks.ts [--workers N] [--points N] [--quick]
`;

const [a, b] = [0, 2];

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "points"] });
  const workers = wholeNumber("workers", options.workers, 2, { most: 64 });
  const fewest = wholeNumber("points", options.points, options.quick ? 10_000 : 1_000_000);
  await using pool = new Pool(workers);

  for (const points of [fewest, 100 * fewest]) {
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
