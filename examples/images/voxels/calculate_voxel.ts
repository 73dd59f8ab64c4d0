/**
 * The analysis of the tutorial: a calculation that only takes time.
 *
 * @module
 */
import { checkShapes, type Volume } from "./volume.ts";

/** The number of times that the tutorial's `calculate_voxel` computes the same exponential. */
export const ITERATIONS = 30_000;

/**
 * Computes the exponential of a voxel's value `iterations` times.
 *
 * Each iteration uses the result of the one before, which is never negative. Otherwise the compiler would
 * see that all iterations are the same, and would compute one.
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
