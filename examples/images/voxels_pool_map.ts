/**
 * A6: Gives a Pool each slice of an image as a task of its own, and puts the results together again.
 *
 * There are more tasks than workers, so that a worker that is done early takes another.
 *
 * Python: `pool.map(do_task, enumerate(parts))`, then `numpy.concatenate(list_of_slices, 0)`.
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

const HELP = `
Computes many exponentials for each voxel of a random 23x13x11 image with Pool.map, a slice a task.

deno run --allow-read examples/images/voxels_pool_map.ts [--workers N] [--iterations N] [--quick]
`;

interface Part {
  slice: SharedVolume;
  iterations: number;
}

const calculateSlice = task(import.meta, ({ slice, iterations }: Part) => {
  const result = zeroVolume(slice.shape);
  calculateVolume(slice, result, iterations);
  return result;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["iterations", "workers"] });
  const iterations = wholeNumber(
    "iterations",
    options.iterations,
    options.quick ? 100 : ITERATIONS,
  );
  const workers = wholeNumber("workers", options.workers, 4, { most: 64 });

  const data = randomVolume([23, 13, 11]);
  const { seconds, result } = await timed(async () => {
    const slices = split(data, data.shape[0]);
    console.log(`Input data shape=(${data.shape.join(", ")})`);
    console.log(`Processing ${slices.length} parts with ${workers} workers`);
    await using pool = new Pool(workers);
    const parts = await pool.map(calculateSlice, slices.map((slice) => ({ slice, iterations })));
    return concatenate(parts);
  });
  console.log(`Processed data, output shape=(${result.shape.join(", ")})`);
  console.log(`exp(${data.get(22, 2, 3).toFixed(4)}) = ${result.get(22, 2, 3).toFixed(4)}`);
  console.log(`Data processing took ${seconds.toFixed(2)} seconds`);
}

if (import.meta.main) await runExample("voxels_pool_map", main);
