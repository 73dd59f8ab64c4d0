/**
 * A7: Gives a Pool a function of two arguments: by starmap, and by map, where it unpacks a tuple.
 *
 * Python: `id, data = args` in `do_task`, or `Pool.starmap`.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { runExample, timed } from "../support/cli.ts";
import { yesOrNo } from "../support/times.ts";
import { concatenate, randomVolume, type SharedVolume, split } from "./voxels/arrays.ts";
import { calculatePart } from "./voxels/calculate_part.ts";
import { readVoxelOptions } from "./voxels/cli.ts";
import { identical } from "./voxels/volume.ts";

const HELP = `
Computes many exponentials for each voxel of a random 23x13x11 image, one task per slice: by map,
then by starmap.

deno run --allow-read examples/images/voxels_starmap.ts [--workers N] [--iterations N] [--quick]
`;

type Arguments = [slice: SharedVolume, iterations: number];

const calculateSlice = task(import.meta, calculatePart);

const doTask = task(import.meta, (args: Arguments) => calculateSlice(...args));

async function main(): Promise<void> {
  const { iterations, workers } = readVoxelOptions(HELP);
  const data = randomVolume([23, 13, 11]);
  const args = split(data, data.shape[0]).map((slice): Arguments => [slice, iterations]);

  await using pool = new Pool(workers);
  const map = await timed(async () => concatenate(await pool.map(doTask, args)));
  console.log(`map: data processing took ${map.seconds.toFixed(2)} seconds`);
  const starmap = await timed(async () => concatenate(await pool.starmap(calculateSlice, args)));
  console.log(`starmap: data processing took ${starmap.seconds.toFixed(2)} seconds`);
  console.log(`same result: ${yesOrNo(identical(map.result.data, starmap.result.data))}`);
}

if (import.meta.main) await runExample("voxels_starmap", main);
