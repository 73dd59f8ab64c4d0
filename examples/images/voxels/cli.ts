/**
 * The options of the scripts `voxels_….ts`, and the lines that they print about the result.
 *
 * @module
 */
import { BadInputError, readInteger, readOptions } from "../../support/cli.ts";
import type { SharedVolume } from "./arrays.ts";
import { ITERATIONS } from "./calculate_voxel.ts";

/** The options that {@linkcode readVoxelOptions} read. */
export interface VoxelOptions {
  /** The number of times that each exponential is computed. */
  iterations: number;
  workers: number;
  quick: boolean;
}

/**
 * Reads `--iterations`, `--workers`, which defaults to 4, and `--quick`.
 *
 * @throws {BadInputError} if an option is wrong, or there are more than `maxWorkers` workers
 */
export function readVoxelOptions(help: string, maxWorkers = 64): VoxelOptions {
  const { quick, ...texts } = readOptions(help, { values: ["iterations", "workers"] });
  return {
    iterations: readInteger("iterations", texts.iterations, quick ? 100 : ITERATIONS),
    workers: readInteger("workers", texts.workers, 4, { max: maxWorkers }),
    quick,
  };
}

/**
 * Reads the same options for a script that gives each worker a chunk with the same number of slices.
 *
 * @throws {BadInputError} also if the number of workers does not divide the slices equally
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
