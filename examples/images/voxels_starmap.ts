/**
 * A7: Gives a Pool tasks of two arguments each: by starmap, and by map, where the task unpacks a tuple.
 *
 * Python: `id, data = args` in `do_task`, or `Pool.starmap`.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { readOptions, runExample, timed, wholeNumber } from "../support/cli.ts";
import {
  concatenate,
  randomVolume,
  type SharedVolume,
  split,
  zeroVolume,
} from "./voxels/arrays.ts";
import { calculateVolume, ITERATIONS } from "./voxels/calculate_voxel.ts";
import { identical } from "./voxels/volume.ts";

const HELP = `
Computes many exponentials for each voxel of a random 23x13x11 image, a slice a task: by map, then by
starmap.

deno run --allow-read examples/images/voxels_starmap.ts [--workers N] [--iterations N] [--quick]
`;

type Arguments = [slice: SharedVolume, iterations: number];

const calculateSlice = task(import.meta, (slice: SharedVolume, iterations: number) => {
  const result = zeroVolume(slice.shape);
  calculateVolume(slice, result, iterations);
  return result;
});

const doTask = task(import.meta, (args: Arguments) => calculateSlice(...args));

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["iterations", "workers"] });
  const iterations = wholeNumber(
    "iterations",
    options.iterations,
    options.quick ? 100 : ITERATIONS,
  );
  const workers = wholeNumber("workers", options.workers, 4, { most: 64 });
  const data = randomVolume([23, 13, 11]);
  const args = split(data, data.shape[0]).map((slice): Arguments => [slice, iterations]);

  await using pool = new Pool(workers);
  const map = await timed(async () => concatenate(await pool.map(doTask, args)));
  console.log(`map: data processing took ${map.seconds.toFixed(2)} seconds`);
  const starmap = await timed(async () => concatenate(await pool.starmap(calculateSlice, args)));
  console.log(`starmap: data processing took ${starmap.seconds.toFixed(2)} seconds`);
  console.log(`same result: ${identical(map.result.data, starmap.result.data) ? "yes" : "no"}`);
}

if (import.meta.main) await runExample("voxels_starmap", main);
