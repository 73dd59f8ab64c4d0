/**
 * B9: Sixteen workers crunch twenty image files, with an independent random stream for each file.
 *
 * Python: `Pool(processes=16).map(crunchImage, imgfiles)`, where each task calls `np.random.seed()`,
 * since all processes begin with the same numbers. So results differ from run to run there. Here the
 * same seed gives the same results.
 *
 * @module
 */
import { Pool, sleep, task } from "@sauropod/multiprocessing";
import { runExample, timed } from "../support/cli.ts";
import { randomInteger } from "../support/random.ts";
import { readWorkersAndSeed } from "./workers_and_seed.ts";

const HELP = `
Spends two seconds on each of twenty files, draws a number for it, and prints the total time.

deno run --allow-read examples/images/crunch_images.ts [--workers N] [--seed N] [--quick]
`;

interface Image {
  file: string;
  seed: number;
  /** The number of its random stream. */
  stream: number;
  /** The time to load and crunch it. */
  crunchMs: number;
}

const crunchImage = task(import.meta, async ({ file, seed, stream, crunchMs }: Image) => {
  await sleep(crunchMs); // in place of real work
  const result = randomInteger(seed, stream, 1, 100);
  console.log(`${file}: ${result}`);
  return result;
});

async function main(): Promise<void> {
  const { workers, seed, quick } = readWorkersAndSeed(HELP);
  const images = Array.from({ length: 20 }, (_, stream): Image => {
    const file = `${String(stream).padStart(2, "0")}.nii.gz`;
    return { file, seed, stream, crunchMs: quick ? 10 : 2000 };
  });

  console.log("Crunching images...");
  const { seconds, result } = await timed(async () => {
    await using pool = new Pool(workers);
    return await pool.map(crunchImage, images);
  });
  console.log(`Results: ${result.join(" ")}`);
  console.log(`Total execution time: ${seconds.toFixed(2)} seconds`);
}

if (import.meta.main) await runExample("crunch_images", main);
