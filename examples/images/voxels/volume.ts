/**
 * What the analyses need of an image: a three-dimensional array with its strides.
 *
 * @module
 */

/**
 * Voxels by slice, row and column. The package's `NdArray` of three axes is one, views included.
 *
 * Voxel (z, y, x) is `data[offset + z * stride[0] + y * stride[1] + x * stride[2]]`.
 */
export interface Volume {
  /** The numbers; a view has more than its own. */
  readonly data: Float32Array;
  /** Slices, rows, columns. */
  readonly shape: readonly number[];
  /** How far it is in `data` to the next slice, row, column. */
  readonly stride: readonly number[];
  /** Where voxel (0, 0, 0) is in `data`. */
  readonly offset: number;
}

/** Asserts that an array has three axes, and that another, if given, has the same shape. */
export function checkShapes(input: Volume, output: Volume = input): void {
  const same = input.shape.every((length, axis) => length === output.shape[axis]);
  if (input.shape.length === 3 && output.shape.length === 3 && same) return;
  const [from, to] = [input, output].map(({ shape }) => shape.join("x"));
  throw new RangeError(
    `Cannot analyse ${from} into ${to}: give two three-axis arrays of one shape`,
  );
}

/** The root of the mean squared difference of two images, over the voxels that are finite in both. */
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

/** Whether two images are the same bit for bit: unlike `===`, -0 differs from 0 and NaN equals itself. */
export function identical(a: Float32Array, b: Float32Array): boolean {
  const bitsOf = (image: Float32Array) =>
    new Uint32Array(image.buffer, image.byteOffset, image.length);
  const [left, right] = [bitsOf(a), bitsOf(b)];
  return left.length === right.length && left.every((bits, i) => bits === right[i]);
}
