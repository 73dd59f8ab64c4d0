/**
 * The tasks, in their own module, so that workers load nothing else.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";
import type { SharedVolume } from "./arrays.ts";
import { calculateSlice } from "./calculate_voxel.ts";
import { denoiseSlice, type NlmOptions } from "./nlm.ts";

/** Denoises one slice. */
export const denoise = task(
  import.meta,
  (input: SharedVolume, output: SharedVolume, z: number, options: NlmOptions) =>
    denoiseSlice(input, output, z, options),
);

/** Runs the slow calculation of the tutorial on each voxel of one slice. */
export const calculate = task(
  import.meta,
  (input: SharedVolume, output: SharedVolume, z: number, iterations: number) =>
    calculateSlice(input, output, z, iterations),
);
