/**
 * A6: Gives a Pool each slice of an image as an item, and concatenates the results.
 *
 * There are more items than workers, so a worker that finishes early takes another item.
 *
 * Python: `pool.map(do_task, enumerate(parts))`, then `numpy.concatenate(list_of_slices, 0)`.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { runExample, timed } from "../support/cli.ts";
import { concatenate, randomVolume, type SharedVolume, split } from "./voxels/arrays.ts";
import { calculatePart } from "./voxels/calculate_part.ts";
import { printResult, readVoxelOptions } from "./voxels/cli.ts";

const HELP = `
Computes many exponentials for each voxel of a random 23x13x11 image with Pool.map, one task per slice.

deno run --allow-read examples/images/voxels_pool_map.ts [--workers N] [--iterations N] [--quick]
`;

interface Part {
  slice: SharedVolume;
  iterations: number;
}

const calculateSlice = task(
  import.meta,
  ({ slice, iterations }: Part) => calculatePart(slice, iterations),
);

async function main(): Promise<void> {
  const { iterations, workers } = readVoxelOptions(HELP);

  const data = randomVolume([23, 13, 11]);
  const { seconds, result } = await timed(async () => {
    const slices = split(data, data.shape[0]);
    console.log(`Input data shape=(${data.shape.join(", ")})`);
    console.log(`Processing ${slices.length} parts with ${workers} workers`);
    await using pool = new Pool(workers);
    const parts = await pool.map(calculateSlice, slices.map((slice) => ({ slice, iterations })));
    return concatenate(parts);
  });
  printResult(data, result, seconds);
}

if (import.meta.main) await runExample("voxels_pool_map", main);
