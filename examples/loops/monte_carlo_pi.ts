/**
 * D9: Estimates pi with random points on 1 to 4 workers, with the same estimate each time.
 *
 * Each task draws from its own stream, so the estimate depends on the seed alone: not on the number of
 * workers, nor on their speed.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { type Random, streams } from "@sauropod/multiprocessing/random";
import { readInteger, readOptions, runExample } from "../support/cli.ts";
import { counted, TimesTable } from "../support/times.ts";

const HELP = `
Estimates pi from 10 million random points with Pool.starmap, on 1 to N workers.

deno run --allow-read examples/loops/monte_carlo_pi.ts [--workers N] [--seed N] [--quick]
`;

const TASKS = 40;

const hits = task(import.meta, (random: Random, points: number) => {
  let inside = 0;
  for (let i = 0; i < points; i++) {
    const x = random.next();
    const y = random.next();
    if (x * x + y * y <= 1) inside++;
  }
  return inside;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["seed", "workers"] });
  const maxWorkers = readInteger("workers", options.workers, options.quick ? 2 : 4, { max: 64 });
  const seed = readInteger("seed", options.seed, 1, { min: 0 });
  const points = options.quick ? 1e5 : 1e7;
  const tasks = streams(seed, TASKS).map((random): [Random, number] => [random, points / TASKS]);

  const table = new TimesTable(`${points} points`, { runs: 3 });
  const estimates: number[] = [];
  for (let workers = 1; workers <= maxWorkers; workers++) {
    await using pool = new Pool(workers);
    estimates.push(
      await table.row(counted(workers, "worker"), async () => {
        const counts = await pool.starmap(hits, tasks);
        return 4 * counts.reduce((a, b) => a + b) / points;
      }),
    );
  }
  console.log(`Estimates of pi: ${estimates.map((it) => it.toFixed(8)).join(" ")}`);
}

if (import.meta.main) await runExample("monte_carlo_pi", main);
