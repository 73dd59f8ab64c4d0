/**
 * The analysis of the tutorial: nothing but work.
 *
 * @module
 */
import { checkShapes, type Volume } from "./volume.ts";

/** How often the tutorial's `calculate_voxel` computes the same exponential. */
export const ITERATIONS = 30_000;

/**
 * A slow calculation on one voxel: the exponential of its value, computed `iterations` times.
 *
 * Each round looks at the result of the one before, which is never below 0: otherwise the compiler
 * sees that all rounds are the same and computes one.
 */
export function calculateVoxel(value: number, iterations: number = ITERATIONS): number {
  let result = 0;
  for (let i = 0; i < iterations; i++) result = Math.exp(result < 0 ? result : value);
  return result;
}

/** Runs {@linkcode calculateVoxel} on every voxel of slice `z`. */
export function calculateSlice(
  input: Volume,
  output: Volume,
  z: number,
  iterations: number = ITERATIONS,
): void {
  checkShapes(input, output);
  const [, rows, columns] = input.shape;
  for (let y = 0; y < rows; y++) {
    let from = input.offset + z * input.stride[0] + y * input.stride[1];
    let to = output.offset + z * output.stride[0] + y * output.stride[1];
    for (let x = 0; x < columns; x++, from += input.stride[2], to += output.stride[2]) {
      output.data[to] = calculateVoxel(input.data[from], iterations);
    }
  }
}

/** Runs {@linkcode calculateVoxel} on every voxel: the tutorial's `calculate_data`. */
export function calculateVolume(
  input: Volume,
  output: Volume,
  iterations: number = ITERATIONS,
): void {
  for (let z = 0; z < input.shape[0]; z++) calculateSlice(input, output, z, iterations);
}
