/**
 * Three-dimensional arrays in shared memory, and the functions of NumPy that the tutorial calls on them.
 *
 * @module
 */
import { fromArray, type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
import { seededRandom } from "./random.ts";

/** A three-dimensional array in shared memory. */
export type SharedVolume = NdArray & { readonly data: Float32Array };

/** Makes an array of zeros, for a result. */
export function zeroVolume(shape: readonly number[]): SharedVolume {
  return zeros(shape, "float32") as SharedVolume;
}

/** Makes an array of the given voxels, x fastest. */
export function shareVolume(voxels: Float32Array, shape: readonly number[]): SharedVolume {
  return fromArray(voxels, shape, "float32") as SharedVolume;
}

/** As `numpy.random.rand(*shape)`, with a seed: numbers from 0 to 1. */
export function randomVolume(shape: readonly number[], seed = 1): SharedVolume {
  const { uniform } = seededRandom(seed);
  const length = shape.reduce((product, n) => product * n, 1);
  return shareVolume(Float32Array.from({ length }, uniform), shape);
}

/** As `numpy.split(data, parts)`: views, not copies, of equal parts along the first axis. */
export function split(data: SharedVolume, parts: number): SharedVolume[] {
  const length = data.shape[0] / parts;
  if (!Number.isInteger(length)) {
    throw new RangeError(`Cannot split ${data.shape[0]} slices: not divisible by ${parts}`);
  }
  return Array.from(
    { length: parts },
    (_, i) => data.lo(i * length, null, null).hi(length, null, null) as SharedVolume,
  );
}

/** As `numpy.concatenate(parts)`: a new array with the parts one after the other along the first axis. */
export function concatenate(parts: readonly SharedVolume[]): SharedVolume {
  const slices = parts.reduce((sum, { shape }) => sum + shape[0], 0);
  const [, rows, columns] = parts[0].shape;
  const whole = zeroVolume([slices, rows, columns]);
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
