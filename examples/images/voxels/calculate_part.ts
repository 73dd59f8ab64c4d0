/**
 * The tutorial's calculation on a part of an image, as the scripts `voxels_….ts` use it in tasks.
 *
 * @module
 */
import { type SharedVolume, zeroVolume } from "./arrays.ts";
import { calculateVolume } from "./calculate_voxel.ts";

/** Calculates a part into a new array, as the tutorial's `do_task`. */
export function calculatePart(part: SharedVolume, iterations: number): SharedVolume {
  const result = zeroVolume(part.shape);
  calculateVolume(part, result, iterations);
  return result;
}

/** Calculates a part into an array and prints when it begins and ends, as the tutorial's `calculate_data`. */
export function calculateChunk(
  id: number,
  chunk: SharedVolume,
  result: SharedVolume,
  iterations: number,
): void {
  console.log(`Id: ${id}: Processing ${chunk.size} voxels`);
  calculateVolume(chunk, result, iterations);
  console.log(`Id: ${id}: Done`);
}
