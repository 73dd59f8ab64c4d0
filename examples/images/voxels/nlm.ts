/**
 * Non-local means: each voxel becomes the mean of the voxels around it whose neighbourhoods are similar
 * to its own, so that noise averages out and edges remain.
 *
 * P. Coupé, P. Yger, S. Prima, P. Hellier, C. Kervrann, C. Barillot: An optimized blockwise nonlocal means
 * denoising filter for 3-D magnetic resonance images. IEEE Transactions on Medical Imaging 27(4),
 * 425-441, 2008. This is its voxelwise form with automatic smoothing (section III-B) and with selection of
 * the voxels that are worth comparing (III-C); neighbourhoods are cubes of 3 voxels a side. Rician noise is
 * treated as by N. Wiest-Daesslé, S. Prima, P. Coupé, S. P. Morrissey, C. Barillot: Rician noise removal by
 * non-local means filtering for low signal-to-noise ratio MRI. MICCAI 2008, LNCS 5242, 171-179.
 *
 * A slice of the result depends on the input alone, never on another slice of the result. So slices can
 * be computed in any order and in any worker, with the same bits.
 *
 * @module
 */
import type { NoiseKind } from "./phantom.ts";
import { checkShapes, type Volume } from "./volume.ts";

/** Options of {@linkcode denoiseSlice}. */
export interface NlmOptions {
  /** The standard deviation of the noise; {@linkcode estimateSigma} estimates it. */
  sigma: number;
  /** The distance within which to compare voxels along each axis: the paper's M. @default 5 */
  searchRadius?: number;
  /** Factor of the smoothing: the paper's beta. @default 1 */
  beta?: number;
  /** The kind of noise. Rician noise also brightens dark voxels, which is corrected. @default "rician" */
  noise?: NoiseKind;
  /** Compare only neighbourhoods whose means have a ratio between this and its inverse. @default 0.95 */
  meanRatio?: number;
  /** The same for their variances. @default 0.5 */
  varianceRatio?: number;
}

/** Returns on how many slices before and after it the result of a slice depends. */
export function reachOf(searchRadius: number): number {
  return searchRadius + 1; // the neighbourhoods of the voxels that are compared
}

/** The number of voxels in a neighbourhood. */
const NEIGHBOURS = 27;

/**
 * Denoises slice `z` of `input` into slice `z` of `output`, which must be another array.
 *
 * Voxels that are NaN or infinite stay as they are, and count for no other voxel: in the neighbourhoods of
 * others, the mean of the finite voxels around stands in their place.
 */
export function denoiseSlice(
  input: Volume,
  output: Volume,
  z: number,
  { sigma, searchRadius = 5, beta = 1, noise = "rician", meanRatio = 0.95, varianceRatio = 0.5 }:
    NlmOptions,
): void {
  checkShapes(input, output);
  // The compiler may take numbers from another isolate for floating-point ones. With integers the loops
  // below are 1.5 times as fast.
  const [slices, rows, columns] = Int32Array.from(input.shape);
  const slab = copySlab(
    input,
    Math.max(0, z - searchRadius),
    Math.min(slices, z + searchRadius + 1),
  );
  const { voxels, row, slice, firstSlice } = slab;
  const { means, variances } = localMoments(slab);
  for (const gap of slab.gaps.keys()) means[gap] = NaN; // similar to none
  // Without noise only an equal neighbourhood may count: any number but 0 divided by this is Infinity.
  const smoothing = Math.max(2 * beta * sigma * sigma * NEIGHBOURS, Number.MIN_VALUE);
  const rician = noise === "rician";
  const bias = 2 * sigma * sigma;
  const sliceFrom = (Math.max(0, z - searchRadius) - firstSlice) * slice;
  const sliceTo = (Math.min(slices - 1, z + searchRadius) - firstSlice) * slice;

  for (let y = 0; y < rows; y++) {
    const rowFrom = (Math.max(0, y - searchRadius) + 1) * row;
    const rowTo = (Math.min(rows - 1, y + searchRadius) + 1) * row;
    let to = output.offset + z * output.stride[0] + y * output.stride[1];
    for (let x = 0; x < columns; x++, to += output.stride[2]) {
      const columnFrom = Math.max(0, x - searchRadius) + 1;
      const columnTo = Math.min(columns - 1, x + searchRadius) + 1;
      const own = (z - firstSlice) * slice + (y + 1) * row + x + 1;
      if (slab.gaps.has(own)) {
        output.data[to] = slab.gaps.get(own)!;
        continue;
      }
      const [minMean, maxMean] = similar(means[own], meanRatio);
      const [minVariance, maxVariance] = similar(variances[own], varianceRatio);

      let [sum, weights, largest] = [0, 0, 0];
      for (let k = sliceFrom; k <= sliceTo; k += slice) {
        for (let j = k + rowFrom; j <= k + rowTo; j += row) {
          for (let other = j + columnFrom; other <= j + columnTo; other++) {
            const mean = means[other];
            if (!(mean >= minMean && mean <= maxMean) || other === own) continue;
            const variance = variances[other];
            if (!(variance >= minVariance && variance <= maxVariance)) continue;
            const weight = Math.exp(-distance(voxels, own, other, row, slice) / smoothing);
            const value = voxels[other];
            sum += weight * (rician ? value * value : value);
            weights += weight;
            if (weight > largest) largest = weight;
          }
        }
      }
      // The voxel itself would outweigh all others, so it counts as much as the best of them.
      const value = voxels[own];
      const ownWeight = largest > 0 ? largest : 1;
      const mean = (sum + ownWeight * (rician ? value * value : value)) / (weights + ownWeight);
      output.data[to] = rician ? Math.sqrt(Math.max(0, mean - bias)) : mean;
    }
  }
}

/** Returns the sum of squared differences of the neighbourhoods of two voxels. */
function distance(
  voxels: Float64Array,
  one: number,
  other: number,
  row: number,
  slice: number,
): number {
  let sum = 0;
  for (let k = -slice; k <= slice; k += slice) {
    for (let j = k - row; j <= k + row; j += row) {
      const left = voxels[one + j - 1] - voxels[other + j - 1];
      const middle = voxels[one + j] - voxels[other + j];
      const right = voxels[one + j + 1] - voxels[other + j + 1];
      sum += left * left + middle * middle + right * right;
    }
  }
  return sum;
}

/** Returns the range of numbers whose ratio to `value` is between `ratio` and its inverse. */
function similar(value: number, ratio: number): [min: number, max: number] {
  return value < 0 ? [value / ratio, value * ratio] : [value * ratio, value / ratio];
}

/** Some slices of an image with a border of one voxel on all sides, which repeats the nearest voxel. */
interface Slab {
  voxels: Float64Array;
  /** The distance to the next row. */
  row: number;
  /** The distance to the next slice. */
  slice: number;
  /** The number of the first slice, the border included: the voxel (z, y, x) of the image is at
   * `(z - firstSlice) * slice + (y + 1) * row + x + 1`. */
  firstSlice: number;
  /** The voxels that are not finite, by index. In `voxels` they have the mean of the finite ones around. */
  gaps: Map<number, number>;
}

/** Copies slices `from` to `to` (exclusive) with a border, so that no neighbourhood leaves the array. */
function copySlab(input: Volume, from: number, to: number): Slab {
  const [slices, rows, columns] = Int32Array.from(input.shape);
  const row = columns + 2;
  const slice = row * (rows + 2);
  const voxels = new Float64Array(slice * (to - from + 2));
  let at = 0;
  for (let z = from - 1; z <= to; z++) {
    const inputSlice = input.offset + clamp(z, slices) * input.stride[0];
    for (let y = -1; y <= rows; y++) {
      const inputRow = inputSlice + clamp(y, rows) * input.stride[1];
      for (let x = -1; x <= columns; x++) {
        voxels[at++] = input.data[inputRow + clamp(x, columns) * input.stride[2]];
      }
    }
  }
  return { voxels, row, slice, firstSlice: from - 1, gaps: fillGaps(voxels, row, slice) };
}

/** Replaces voxels that are not finite by the mean of the finite ones around, or 0. Returns what they were. */
function fillGaps(voxels: Float64Array, row: number, slice: number): Map<number, number> {
  const gaps = new Map<number, number>();
  for (let at = 0; at < voxels.length; at++) {
    if (!Number.isFinite(voxels[at])) gaps.set(at, voxels[at]);
  }
  for (const gap of gaps.keys()) {
    let [sum, count] = [0, 0];
    for (const k of [-slice, 0, slice]) {
      for (const j of [-row, 0, row]) {
        for (const i of [-1, 0, 1]) {
          const at = gap + k + j + i;
          if (!(at >= 0 && at < voxels.length) || gaps.has(at)) continue;
          sum += voxels[at];
          count++;
        }
      }
    }
    voxels[gap] = count > 0 ? sum / count : 0;
  }
  return gaps;
}

function clamp(index: number, length: number): number {
  return index < 0 ? 0 : index >= length ? length - 1 : index;
}

/** Returns the mean and the variance of the neighbourhood of each voxel of a slab, except its border. */
function localMoments({ voxels, row, slice }: Slab): {
  means: Float64Array;
  variances: Float64Array;
} {
  const sums = voxels.slice();
  const squares = voxels.map((value) => value * value);
  for (const step of [1, row, slice]) {
    addNeighbours(sums, step);
    addNeighbours(squares, step);
  }
  const means = sums.map((sum) => sum / NEIGHBOURS);
  const variances = squares.map((sum, i) => {
    const variance = sum / NEIGHBOURS - means[i] * means[i];
    // In a flat neighbourhood the rest is rounding error.
    return variance > 1e-12 * sum ? variance : 0;
  });
  return { means, variances };
}

/** Adds to each number its neighbours `step` before and after it. */
function addNeighbours(numbers: Float64Array, step: number): void {
  const before = numbers.slice();
  for (let i = step; i < numbers.length - step; i++) {
    numbers[i] = before[i - step] + before[i] + before[i + step];
  }
}

/**
 * Estimates the standard deviation of the noise from the difference between each voxel and the mean of
 * its 6 neighbours: the pseudo-residuals of T. Gasser, L. Sroka, C. Jennen-Steinmetz: Residual variance
 * and residual pattern in nonlinear regression. Biometrika 73(3), 1986.
 *
 * Coupé et al. use the root of their mean square over the whole image. This function uses the median of
 * their absolute values, which edges do not raise, over the voxels brighter than the mean: in the dark air
 * around a head the noise of a magnitude image is not Gaussian and has a smaller variance.
 */
export function estimateSigma(image: Volume): number {
  const { data, shape, stride, offset } = image;
  checkShapes(image);
  const mean = meanOf(image);
  const edge = shape.map((length) => length < 3 ? 0 : 1);
  const steps = stride.filter((_, axis) => edge[axis] === 1);
  if (steps.length === 0) return 0;
  const neighbours = 2 * steps.length;
  const scale = Math.sqrt(neighbours / (neighbours + 1));

  const residuals: number[] = [];
  for (let z = edge[0]; z < shape[0] - edge[0]; z++) {
    for (let y = edge[1]; y < shape[1] - edge[1]; y++) {
      for (let x = edge[2]; x < shape[2] - edge[2]; x++) {
        const at = offset + z * stride[0] + y * stride[1] + x * stride[2];
        if (!(data[at] >= mean)) continue;
        let around = 0;
        for (const step of steps) around += data[at - step] + data[at + step];
        const residual = scale * Math.abs(data[at] - around / neighbours);
        if (Number.isFinite(residual)) residuals.push(residual);
      }
    }
  }
  // 1.4826: the median of the absolute value of a standard normal number is 1 / 1.4826.
  return residuals.length === 0 ? 0 : 1.4826 * median(Float64Array.from(residuals));
}

/** Returns the mean of the finite voxels. */
function meanOf({ data, shape, stride, offset }: Volume): number {
  let [sum, count] = [0, 0];
  for (let z = 0; z < shape[0]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[2]; x++) {
        const value = data[offset + z * stride[0] + y * stride[1] + x * stride[2]];
        if (!Number.isFinite(value)) continue;
        sum += value;
        count++;
      }
    }
  }
  return sum / count;
}

function median(numbers: Float64Array): number {
  numbers.sort();
  const half = numbers.length >> 1;
  return numbers.length % 2 === 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
}
