/**
 * An image in slabs: some slices of it, with those around them that their result depends on. A machine that has
 * a slab needs nothing else of the image.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";
import { denoiseSlice, type NlmOptions, reachOf } from "../images/voxels/nlm.ts";
import { volumeOf } from "../images/voxels/volume.ts";

/** Some slices of an image. */
export interface Slab {
  /** The first slice that is denoised, in the image. */
  first: number;
  /** How many slices are denoised. */
  count: number;
  /** How many slices are in front of these in `voxels`. */
  before: number;
  /** Slices, rows, columns of `voxels`. */
  shape: [number, number, number];
  /** The voxels of all slices, x fastest. */
  voxels: Float32Array;
}

/** Slices that were denoised. */
export interface DenoisedSlab {
  /** The first of them, in the image. */
  first: number;
  voxels: Float32Array;
}

/**
 * Cuts an image into slabs.
 *
 * @param thickness how many slices of a slab are denoised; the last slab may have fewer
 * @param searchRadius that of non-local means
 */
export function cutIntoSlabs(
  voxels: Float32Array,
  [slices, rows, columns]: readonly [number, number, number],
  thickness: number,
  searchRadius: number,
): Slab[] {
  const reach = reachOf(searchRadius);
  const size = rows * columns;
  const slabs: Slab[] = [];
  for (let first = 0; first < slices; first += thickness) {
    const count = Math.min(thickness, slices - first);
    const from = Math.max(0, first - reach);
    const to = Math.min(slices, first + count + reach);
    slabs.push({
      first,
      count,
      before: first - from,
      shape: [to - from, rows, columns],
      voxels: voxels.slice(from * size, to * size),
    });
  }
  return slabs;
}

/** Denoises the slices of a slab. */
export const denoiseSlab = task(
  import.meta,
  ({ first, count, before, shape, voxels }: Slab, options: NlmOptions): DenoisedSlab => {
    const size = shape[1] * shape[2];
    const result = new Float32Array(voxels.length);
    for (let z = before; z < before + count; z++) {
      denoiseSlice(volumeOf(voxels, shape), volumeOf(result, shape), z, options);
    }
    return { first, voxels: result.slice(before * size, (before + count) * size) };
  },
);
