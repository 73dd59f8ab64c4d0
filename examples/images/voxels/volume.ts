/**
 * A three-dimensional array with its strides: the part of an image that the analyses use.
 *
 * @module
 */

/**
 * Voxels by slice, row and column. A three-dimensional `NdArray` of the package is a volume, and so is a
 * view of one.
 *
 * Voxel (z, y, x) is `data[offset + z * stride[0] + y * stride[1] + x * stride[2]]`.
 */
export interface Volume {
  /** The numbers; those of a view include others. */
  readonly data: Float32Array;
  /** Slices, rows, columns. */
  readonly shape: readonly number[];
  /** The distances in `data` to the next slice, row, column. */
  readonly stride: readonly number[];
  /** The index of voxel (0, 0, 0) in `data`. */
  readonly offset: number;
}

/** Returns the volume of voxels in an array of their own, x fastest. */
export function volumeOf(data: Float32Array, shape: readonly number[]): Volume {
  return { data, shape, stride: [shape[1] * shape[2], shape[2], 1], offset: 0 };
}

/** Checks that an array has three axes, and that the other, if given, has the same shape. */
export function checkShapes(input: Volume, output: Volume = input): void {
  const same = input.shape.every((length, axis) => length === output.shape[axis]);
  if (input.shape.length === 3 && output.shape.length === 3 && same) return;
  const [from, to] = [input, output].map(({ shape }) => shape.join("x"));
  throw new RangeError(
    `Cannot analyse ${from} into ${to}: give two three-dimensional arrays of one shape`,
  );
}

/** Returns the root of the mean squared difference of two images, over the voxels that are finite in both. */
export function rootMeanSquare(image: Float32Array, reference: Float32Array): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < image.length; i++) {
    const difference = image[i] - reference[i];
    if (!Number.isFinite(difference)) continue;
    sum += difference * difference;
    count++;
  }
  return Math.sqrt(sum / count);
}

/** Returns whether two images have equal voxels: unlike with `===`, -0 differs from 0 and NaN equals NaN. */
export function identical(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
