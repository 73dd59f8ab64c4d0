/**
 * A4: Splits an image into equal chunks and gives each to a Process, which is faster than one core.
 *
 * The chunks are views of shared arrays: they are not copied, and results are not sent back.
 *
 * Python: `multiprocessing.Process(target=calculate_data, args=[chunk, idx])` for each of four chunks.
 *
 * @module
 */
import { Process, task } from "@sauropod/multiprocessing";
import { runExample, timed } from "../support/cli.ts";
import { yesOrNo } from "../support/times.ts";
import { randomVolume, split, zeroVolume } from "./voxels/arrays.ts";
import { calculateChunk, calculatePart } from "./voxels/calculate_part.ts";
import { readChunkOptions } from "./voxels/cli.ts";
import { identical } from "./voxels/volume.ts";

const HELP = `
Computes many exponentials for each voxel of a random 16x16x16 image, with one process per chunk.

deno run --allow-read examples/images/voxels_process.ts [--workers 1|2|4|8|16] [--iterations N] [--quick]
`;

const calculate = task(import.meta, calculateChunk);

async function main(): Promise<void> {
  const { iterations, workers } = readChunkOptions(HELP, 16);

  const data = randomVolume([16, 16, 16]);
  const serial = await timed(() => calculatePart(data, iterations));

  const result = zeroVolume(data.shape);
  const [chunks, results] = [split(data, workers), split(result, workers)];
  const parallel = await timed(async () => {
    const processes = chunks.map((chunk, id) => {
      console.log(`Starting worker for chunk ${id}`);
      const process = new Process({
        target: calculate,
        args: [id, chunk, results[id], iterations],
      });
      process.start();
      return process;
    });
    for (const process of processes) await process.join();
  });
  console.log(`Data processing took ${parallel.seconds.toFixed(2)} seconds`);
  console.log(`One core took ${serial.seconds.toFixed(2)} seconds`);
  console.log(`Same result: ${yesOrNo(identical(result.data, serial.result.data))}`);
}

if (import.meta.main) await runExample("voxels_process", main);
