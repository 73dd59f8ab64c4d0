/**
 * F1: Denoises a 3-D image on the nodes of a cluster, slab by slab, and compares with one core.
 *
 * The same work as `voxel_analysis.ts`, on machines that share no memory: the image is cut into slabs, each with
 * the slices around it that its result depends on. So the result is that of one core, bit for bit. The nodes
 * need neither the image nor this program.
 *
 * Permissions: `--allow-net` for the servers, `--allow-run` to find the modules that nodes need,
 * `--allow-env=MP_AUTH_KEY` for the key, `--allow-read` and `--allow-write` for the images.
 *
 * dask: `Client(address).map(denoise, slabs)`.
 *
 * @module
 */
import { Pool } from "@sauropod/multiprocessing";
import { progressBar } from "@sauropod/multiprocessing/progress";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";
import { printComparison } from "../support/times.ts";
import { denoisingOf, loadImage, printImage, printNoise, saveImage } from "../images/voxels/job.ts";
import { denoiseSlice } from "../images/voxels/nlm.ts";
import { IMAGE_VALUES, imageSettings } from "../images/voxels/settings.ts";
import { identical, volumeOf } from "../images/voxels/volume.ts";
import { CLUSTER_VALUES, findCluster } from "./connect.ts";
import { cutIntoSlabs, denoiseSlab } from "./slabs.ts";

const HELP = `
Denoises a 3-D image on the nodes of a cluster, slab by slab.

deno run --allow-net --allow-run --allow-env=MP_AUTH_KEY --allow-read --allow-write examples/cluster/voxels_cluster.ts [options]

  --servers LIST    addresses of NATS servers, with commas between (127.0.0.1:4222)
  --name NAME       name of the cluster (default)
  --input FILE      the image, .nii or .nii.gz; without it a noisy head phantom
  --size N          the size of the phantom, N or NxNxN (64)
  --noise KIND      rician or gaussian (rician, but gaussian for an image with negative voxels)
  --seed N          the seed of the phantom's noise (1)
  --thickness N     slices that a node denoises at a time (4)
  --check           also runs on one core: prints the speed-up, and whether the results are identical
  --output FILE     writes the result as .nii or .nii.gz
  --png FILE        draws the middle slices before and after
  --quick           a small phantom and little work
  --help            this text

The variable MP_AUTH_KEY of the environment has the authKey of the cluster, if it has one.
`;

async function main(): Promise<void> {
  const values = [...CLUSTER_VALUES, ...IMAGE_VALUES, "thickness"] as const;
  const options = readOptions(HELP, { values, flags: ["check"] });
  const settings = imageSettings(options);
  const thickness = readInteger("thickness", options.thickness, 4);
  const { engine, slots, description } = await findCluster(options);
  const loaded = await loadImage(settings);
  const { data, shape } = loaded.image;
  const input = volumeOf(data, shape);
  const denoising = denoisingOf(settings, input);
  printImage(loaded);
  console.log(`analysis: ${denoising.description}`);

  const serial = volumeOf(new Float32Array(data.length), shape);
  const alone = options.check
    ? await timed(() => {
      using bar = progressBar({ label: "one core", total: shape[0], unit: "slices" });
      for (let z = 0; z < shape[0]; z++) {
        denoiseSlice(input, serial, z, denoising.options);
        bar.add();
      }
    })
    : undefined;
  if (alone) console.log(`one core: ${alone.seconds.toFixed(2)} s`);

  const output = volumeOf(new Float32Array(data.length), shape);
  const { seconds } = await timed(async () => {
    await using pool = new Pool({ engine });
    const slabs = cutIntoSlabs(data, shape, thickness, denoising.options.searchRadius);
    const denoised = await pool.starmap(
      denoiseSlab,
      slabs.map((slab): Parameters<typeof denoiseSlab> => [slab, denoising.options]),
      { chunkSize: 1, onProgress: progressBar({ label: description, unit: "slabs" }) },
    );
    for (const { first, voxels } of denoised) output.data.set(voxels, first * shape[1] * shape[2]);
  });
  console.log(`${description}: ${seconds.toFixed(2)} s`);
  printNoise(loaded, output);
  if (alone) {
    printComparison(alone.seconds, seconds, slots, identical(serial.data, output.data));
  }
  await saveImage(settings, loaded.image, output.data);
}

if (import.meta.main) await runExample("voxels_cluster", main);
