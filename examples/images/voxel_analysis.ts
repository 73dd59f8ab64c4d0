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
import { printComparison } from "../support/times.ts";
import { type SharedVolume, shareVolume, zeroVolume } from "./voxels/arrays.ts";
import { denoisingOf, loadImage, printImage, printNoise, saveImage } from "./voxels/job.ts";
import { readSettings, type Settings } from "./voxels/settings.ts";
import { calculate, denoise } from "./voxels/tasks.ts";
import { identical } from "./voxels/volume.ts";

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
  const loaded = await loadImage(settings);
  const { image } = loaded;
  const input = shareVolume(image.data, image.shape);
  const output = zeroVolume(image.shape);
  const analysis = prepare(settings, input);
  printImage(loaded);
  console.log(`analysis: ${analysis.description}`);

  let serial: { seconds: number; output: SharedVolume } | undefined;
  if (settings.check) {
    const serialOutput = zeroVolume(image.shape);
    const { seconds } = await timed(() => runOnOneCore(analysis, serialOutput));
    serial = { seconds, output: serialOutput };
    console.log(`one core: ${seconds.toFixed(2)} s`);
  }
  const workers = Math.min(settings.workers, image.shape[0]);
  const { seconds } = await timed(() => runInPool(analysis, output, workers));
  console.log(`${workers} ${workers === 1 ? "worker" : "workers"}: ${seconds.toFixed(2)} s`);
  if (settings.analysis === "nlm") printNoise(loaded, output);
  if (serial) {
    const same = identical(serial.output.data, output.data);
    printComparison(serial.seconds, seconds, workers, same);
  }
  await saveImage(settings, image, output.data);
}

function prepare(settings: Settings, input: SharedVolume): Analysis {
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
  const { description, options } = denoisingOf(settings, input);
  return {
    description,
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

if (import.meta.main) await runExample("voxel_analysis", main);
