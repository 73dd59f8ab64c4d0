/**
 * The few functions of NumPy that the tutorial's scripts call, on shared three-dimensional arrays.
 *
 * @module
 */
import { fromArray, type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
import { seededRandom } from "./random.ts";

/** A three-dimensional array in shared memory. */
export type SharedVolume = NdArray<Float32Array>;

/** `numpy.random.rand(*shape)` with a seed: numbers from 0 to 1. */
export function randomVolume(shape: [number, number, number], seed = 1): SharedVolume {
  const { uniform } = seededRandom(seed);
  const length = shape[0] * shape[1] * shape[2];
  return fromArray(Float32Array.from({ length }, uniform), shape);
}

/** `numpy.split(data, parts)`: views, not copies, of equal parts along the first axis. */
export function split(data: SharedVolume, parts: number): SharedVolume[] {
  const length = data.shape[0] / parts;
  if (!Number.isInteger(length)) {
    throw new RangeError(`Cannot split ${data.shape[0]} slices: not divisible by ${parts}`);
  }
  return Array.from({ length: parts }, (_, i) => data.lo(i * length, 0, 0).hi(length));
}

/** `numpy.concatenate(parts)`: a new array with the parts one after the other along the first axis. */
export function concatenate(parts: readonly SharedVolume[]): SharedVolume {
  const slices = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  const [, rows, columns] = parts[0].shape;
  const whole = zeros([slices, rows, columns], "float32");
  let slice = 0;
  for (const part of parts) {
    for (let z = 0; z < part.shape[0]; z++, slice++) {
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) whole.set(slice, y, x, part.get(z, y, x));
      }
    }
  }
  return whole;
}
