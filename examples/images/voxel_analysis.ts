/**
 * A6, A8: Analyses a 3-D image voxel by voxel on all cores, with progress, and compares with one core.
 *
 * Each slice is a task. The image and the result are in shared memory: workers read the first and write
 * the second, and only the number of a slice crosses.
 *
 * Python's tutorial: an image with many voxels, `Pool.map` over its slices, progress from the workers.
 *
 * @module
 */
import { Pool, type Progress } from "@sauropod/multiprocessing";
import { progressBar } from "@sauropod/multiprocessing/progress";
import { runExample, timed } from "../support/cli.ts";
import { explainLowSpeedUp, yesOrNo } from "../support/times.ts";
import { type SharedVolume, shareVolume, zeroVolume } from "./voxels/arrays.ts";
import { checkWritable, writeBytes } from "./voxels/files.ts";
import {
  centeredGeometry,
  describeLosses,
  type NiftiImage,
  readNifti,
  writeNifti,
} from "./voxels/nifti_io.ts";
import { estimateSigma } from "./voxels/nlm.ts";
import { addNoise, type NoiseKind, sheppLogan } from "./voxels/phantom.ts";
import { encodeSlices } from "./voxels/png.ts";
import { seededRandom } from "./voxels/random.ts";
import { readSettings, type Settings } from "./voxels/settings.ts";
import { calculate, denoise } from "./voxels/tasks.ts";
import { identical, rootMeanSquare } from "./voxels/volume.ts";

/** The noise of the phantom, whose voxels are between 0 and 1. */
const PHANTOM_SIGMA = 0.05;

/** The work on one slice, in a worker or on the main isolate. */
interface Analysis {
  description: string;
  /** Runs it on all slices. */
  inPool(pool: Pool, output: SharedVolume, onProgress: (p: Progress) => void): Promise<unknown>;
  /** Runs it on slice `z`. */
  onOneCore(output: SharedVolume, z: number): void;
}

async function main(): Promise<void> {
  const settings = readSettings();
  for (const path of [settings.output, settings.png]) if (path) await checkWritable(path);
  const { image, clean, source } = await loadImage(settings);
  const [slices, rows, columns] = image.shape;
  const input = shareVolume(image.data, image.shape);
  const output = zeroVolume(image.shape);
  const noise = settings.noise ?? (image.data.some((value) => value < 0) ? "gaussian" : "rician");
  const analysis = prepare(settings, input, noise);
  console.log(`image: ${source}`);
  console.log(`size: ${columns} x ${rows} x ${slices}`);
  if (image.losses) {
    for (const loss of describeLosses(image.losses)) {
      console.log(`note: ${loss}`);
    }
  }
  console.log(`analysis: ${analysis.description}`);

  let serial: { seconds: number; output: SharedVolume } | undefined;
  if (settings.check) {
    const serialOutput = zeroVolume(image.shape);
    const { seconds } = await timed(() => runOnOneCore(analysis, serialOutput));
    serial = { seconds, output: serialOutput };
    console.log(`one core: ${seconds.toFixed(2)} s`);
  }
  const workers = Math.min(settings.workers, slices);
  const { seconds } = await timed(() => runInPool(analysis, output, workers));
  console.log(`${workers} ${workers === 1 ? "worker" : "workers"}: ${seconds.toFixed(2)} s`);
  if (settings.analysis === "nlm") reportNoise(image.data, output, clean);
  if (serial) {
    const speedUp = serial.seconds / seconds;
    console.log(`speed-up: ${speedUp.toFixed(2)}`);
    const why = explainLowSpeedUp(speedUp, workers);
    if (why !== undefined) console.log(why);
    const same = identical(serial.output.data, output.data);
    console.log(`identical: ${yesOrNo(same)}`);
    if (!same) Deno.exitCode = 1;
  }
  await save(settings, image, output);
}

/** Loads the image to analyse, or makes a phantom, whose clean image is known. */
async function loadImage(
  { input, size, seed, noise = "rician" }: Settings,
): Promise<{ image: NiftiImage; clean?: Float32Array; source: string }> {
  if (input !== undefined) return { image: await readNifti(input), source: input };
  const clean = sheppLogan(size, 2);
  const data = addNoise(clean, PHANTOM_SIGMA, seededRandom(seed), noise);
  const image = { shape: size, data, geometry: centeredGeometry(size, "Shepp-Logan phantom") };
  return { image, clean, source: `phantom with ${noise} noise of ${PHANTOM_SIGMA}, seed ${seed}` };
}

function prepare(settings: Settings, input: SharedVolume, noise: NoiseKind): Analysis {
  const slices = Array.from({ length: input.shape[0] }, (_, z) => z);
  if (settings.analysis === "exp") {
    const { iterations } = settings;
    return {
      description: `${iterations} exponentials per voxel`,
      onOneCore: (output, z) => calculate(input, output, z, iterations),
      inPool: (pool, output, onProgress) =>
        pool.starmap(
          calculate,
          slices.map((z): Parameters<typeof calculate> => [input, output, z, iterations]),
          { chunkSize: 1, onProgress },
        ),
    };
  }
  const options = { sigma: estimateSigma(input), searchRadius: settings.searchRadius, noise };
  return {
    description: `non-local means, search radius ${options.searchRadius}, ` +
      `${noise} noise estimated as ${options.sigma.toPrecision(3)}`,
    onOneCore: (output, z) => denoise(input, output, z, options),
    inPool: (pool, output, onProgress) =>
      pool.starmap(
        denoise,
        slices.map((z): Parameters<typeof denoise> => [input, output, z, options]),
        { chunkSize: 1, onProgress },
      ),
  };
}

function runOnOneCore(analysis: Analysis, output: SharedVolume): void {
  const total = output.shape[0];
  using bar = progressBar({ label: "one core", total, unit: "slices" });
  for (let z = 0; z < total; z++) {
    analysis.onOneCore(output, z);
    bar.add();
  }
}

async function runInPool(analysis: Analysis, output: SharedVolume, workers: number): Promise<void> {
  await using pool = new Pool(workers);
  await analysis.inPool(pool, output, progressBar({ label: `${workers} workers`, unit: "slices" }));
}

/** Prints the remaining noise: the distance from the clean image if that is known, else an estimate. */
function reportNoise(before: Float32Array, output: SharedVolume, clean?: Float32Array): void {
  if (clean) {
    console.log(`RMSE before: ${rootMeanSquare(before, clean).toFixed(4)}`);
    console.log(`RMSE after: ${rootMeanSquare(output.data, clean).toFixed(4)}`);
  } else {
    console.log(`noise left: ${estimateSigma(output).toPrecision(3)} (estimated)`);
  }
}

async function save(settings: Settings, image: NiftiImage, output: SharedVolume): Promise<void> {
  const result = { ...image, data: output.data };
  if (settings.output !== undefined) {
    await writeNifti(settings.output, result);
    console.log(`written: ${settings.output}`);
  }
  if (settings.png !== undefined) {
    const { shape, geometry: { spacing } } = image;
    const rows = [image, result].map(({ data }) => ({ data, shape, spacing }));
    await writeBytes(settings.png, encodeSlices(rows));
    console.log(`drawn: ${settings.png}`);
  }
}

if (import.meta.main) await runExample("voxel_analysis", main);
