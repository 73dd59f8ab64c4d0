/**
 * The tutorial's calculation on a part of an image: what the scripts `voxels_….ts` make tasks of.
 *
 * @module
 */
import { type SharedVolume, zeroVolume } from "./arrays.ts";
import { calculateVolume } from "./calculate_voxel.ts";

/** Returns a new array, as the tutorial's `do_task` does. */
export function calculatePart(part: SharedVolume, iterations: number): SharedVolume {
  const result = zeroVolume(part.shape);
  calculateVolume(part, result, iterations);
  return result;
}

/** Writes into an array and says when it begins and ends, as the tutorial's `calculate_data` does. */
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
