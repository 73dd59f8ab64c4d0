/**
 * B10: A Pool crunches images of two modalities by starmap: a task gets a file and its modality.
 *
 * Python: `pool.starmap(crunchImage, [(f, m) for f, m in zip(imgfiles, modalities)])`.
 *
 * @module
 */
import { Pool, sleep, task } from "@sauropod/multiprocessing";
import { runExample, timed } from "../support/cli.ts";
import { randomInteger } from "../support/random.ts";
import { readWorkersAndSeed } from "./workers_and_seed.ts";

const HELP = `
Spends two seconds on each of ten t1 and ten t2 images, and draws a number for it: 1 to 99 for t1,
100 to 199 for t2.

deno run --allow-read examples/images/crunch_modalities.ts [--workers N] [--seed N] [--quick]
`;

type Modality = "t1" | "t2";
type Image = [file: string, modality: Modality, seed: number, stream: number, crunchMs: number];

const crunchImage = task(
  import.meta,
  async (...[file, modality, seed, stream, crunchMs]: Image) => {
    await sleep(crunchMs);
    const [from, to] = modality === "t1" ? [1, 100] : [100, 200];
    const result = randomInteger(seed, stream, from, to);
    console.log(`${file}: ${result}`);
    return result;
  },
);

async function main(): Promise<void> {
  const { workers, seed, quick } = readWorkersAndSeed(HELP);
  const crunchMs = quick ? 10 : 2000;
  const modalities = [...Array<Modality>(10).fill("t1"), ...Array<Modality>(10).fill("t2")];
  const images = modalities.map((modality, i): Image => {
    return [`${modality}_${String(i % 10).padStart(2, "0")}.nii.gz`, modality, seed, i, crunchMs];
  });

  console.log("Crunching images...");
  const { seconds } = await timed(async () => {
    await using pool = new Pool(workers);
    return await pool.starmap(crunchImage, images);
  });
  console.log(`Total execution time: ${seconds.toFixed(2)} seconds`);
}

if (import.meta.main) await runExample("crunch_modalities", main);
