/**
 * What the scripts have in common that denoise an image: where it comes from, how it is denoised, and where
 * the result goes.
 *
 * @module
 */
import { checkWritable, writeBytes } from "./files.ts";
import {
  centeredGeometry,
  describeLosses,
  type NiftiImage,
  readNifti,
  writeNifti,
} from "./nifti_io.ts";
import { estimateSigma, type NlmOptions } from "./nlm.ts";
import { addNoise, sheppLogan } from "./phantom.ts";
import { encodeSlices } from "./png.ts";
import { seededRandom } from "./random.ts";
import type { ImageSettings } from "./settings.ts";
import { rootMeanSquare, type Volume } from "./volume.ts";

/** The noise of the phantom, whose voxels are between 0 and 1. */
const PHANTOM_SIGMA = 0.05;

/** An image, and where it comes from. */
export interface LoadedImage {
  image: NiftiImage;
  /** The image without noise, if that is known. */
  clean?: Float32Array;
  source: string;
}

/**
 * Loads the image, or makes a phantom. Checks first that the result can be written.
 *
 * @throws {BadInputError} if a file cannot be read, or not be written
 */
export async function loadImage(
  { input, output, png, size, seed, noise = "rician" }: ImageSettings,
): Promise<LoadedImage> {
  for (const path of [output, png]) if (path) await checkWritable(path);
  if (input !== undefined) return { image: await readNifti(input), source: input };
  const clean = sheppLogan(size, 2);
  const data = addNoise(clean, PHANTOM_SIGMA, seededRandom(seed), noise);
  const image = { shape: size, data, geometry: centeredGeometry(size, "Shepp-Logan phantom") };
  return { image, clean, source: `phantom with ${noise} noise of ${PHANTOM_SIGMA}, seed ${seed}` };
}

/** Prints where an image comes from, its size, and what was lost when it was read. */
export function printImage({ image, source }: LoadedImage): void {
  const [slices, rows, columns] = image.shape;
  console.log(`image: ${source}`);
  console.log(`size: ${columns} x ${rows} x ${slices}`);
  if (image.losses) {
    for (const loss of describeLosses(image.losses)) console.log(`note: ${loss}`);
  }
}

/** Returns how an image is denoised, and a line about it. */
export function denoisingOf(
  { noise, searchRadius }: ImageSettings,
  image: Volume,
): { options: NlmOptions & { searchRadius: number }; description: string } {
  const kind = noise ?? (image.data.some((value) => value < 0) ? "gaussian" : "rician");
  const sigma = estimateSigma(image);
  return {
    options: { sigma, searchRadius, noise: kind },
    description: `non-local means, search radius ${searchRadius}, ` +
      `${kind} noise estimated as ${sigma.toPrecision(3)}`,
  };
}

/** Prints the remaining noise: the distance from the clean image if that is known, else an estimate. */
export function printNoise({ image, clean }: LoadedImage, result: Volume): void {
  if (clean) {
    console.log(`RMSE before: ${rootMeanSquare(image.data, clean).toFixed(4)}`);
    console.log(`RMSE after: ${rootMeanSquare(result.data, clean).toFixed(4)}`);
  } else {
    console.log(`noise left: ${estimateSigma(result).toPrecision(3)} (estimated)`);
  }
}

/**
 * Writes the result, and draws it, to the files that the settings name.
 *
 * @throws {BadInputError} if a file cannot be written
 */
export async function saveImage(
  { output, png }: ImageSettings,
  image: NiftiImage,
  voxels: Float32Array,
): Promise<void> {
  const result = { ...image, data: voxels };
  if (output !== undefined) {
    await writeNifti(output, result);
    console.log(`written: ${output}`);
  }
  if (png !== undefined) {
    const { shape, geometry: { spacing } } = image;
    const rows = [image, result].map(({ data }) => ({ data, shape, spacing }));
    await writeBytes(png, encodeSlices(rows));
    console.log(`drawn: ${png}`);
  }
}
