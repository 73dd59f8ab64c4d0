/**
 * D9: Estimates pi with random points on 1 to 4 workers, and gets the same estimate each time.
 *
 * Each task draws from a stream of its own, so that the estimate follows from the seed alone: not
 * from the number of workers, nor from who is quicker.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { type Random, streams } from "@sauropod/multiprocessing/random";
import { readOptions, runExample, timed, wholeNumber } from "../support/cli.ts";

const HELP = `
Estimates pi by 10 million random points with Pool.starmap, on 1 to N workers.

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
  const options = readOptions(HELP, { values: ["seed", "workers"], flags: ["quick"] });
  const most = wholeNumber("workers", options.workers, options.quick ? 2 : 4, { most: 64 });
  const seed = wholeNumber("seed", options.seed, 1, { least: 0 });
  const points = options.quick ? 1e5 : 1e7;
  const tasks = streams(seed, TASKS).map((random): [Random, number] => [random, points / TASKS]);

  for (let workers = 1; workers <= most; workers++) {
    const { seconds, result } = await timed(async () => {
      await using pool = new Pool(workers);
      const counts = await pool.starmap(hits, tasks);
      return 4 * counts.reduce((a, b) => a + b) / points;
    });
    console.log(
      `Number of workers ${workers}, estimated value of pi: ${result.toFixed(8)}, ` +
        `time: ${seconds.toFixed(3)} s`,
    );
  }
}

if (import.meta.main) await runExample("monte_carlo_pi", main);
