/**
 * What the scripts `voxels_….ts` are told, and what they tell of the result.
 *
 * @module
 */
import { BadInputError, readOptions, wholeNumber } from "../../support/cli.ts";
import type { SharedVolume } from "./arrays.ts";
import { ITERATIONS } from "./calculate_voxel.ts";

/** What {@linkcode readVoxelOptions} found. */
export interface VoxelOptions {
  /** How often each exponential is computed. */
  iterations: number;
  workers: number;
  quick: boolean;
}

/**
 * Reads `--iterations`, `--workers`, which are 4 unless given, and `--quick`.
 *
 * @throws {BadInputError} for whatever makes no sense, and for more than `mostWorkers`.
 */
export function readVoxelOptions(help: string, mostWorkers = 64): VoxelOptions {
  const { quick, ...texts } = readOptions(help, { values: ["iterations", "workers"] });
  return {
    iterations: wholeNumber("iterations", texts.iterations, quick ? 100 : ITERATIONS),
    workers: wholeNumber("workers", texts.workers, 4, { most: mostWorkers }),
    quick,
  };
}

/**
 * The same for a script that gives each worker a chunk of as many slices.
 *
 * @throws {BadInputError} as well when the slices cannot be shared out equally.
 */
export function readChunkOptions(help: string, slices: number): VoxelOptions {
  const options = readVoxelOptions(help, slices);
  if (slices % options.workers === 0) return options;
  throw new BadInputError(`--workers must divide the ${slices} slices equally`);
}

/** Prints the shape of the result, a voxel of its last slice, and how long it took. */
export function printResult(data: SharedVolume, result: SharedVolume, seconds: number): void {
  const last = data.shape[0] - 1;
  const [value, exponential] = [data.get(last, 2, 3), result.get(last, 2, 3)];
  console.log(`Processed data, output shape=(${result.shape.join(", ")})`);
  console.log(`exp(${value.toFixed(4)}) = ${exponential.toFixed(4)}`);
  console.log(`Data processing took ${seconds.toFixed(2)} seconds`);
}
