/**
 * A4: Splits an image into equal chunks, gives each to a Process, and is faster than one core.
 *
 * The chunks are views of one shared array: they are not copied, and results need no way back.
 *
 * Python: `multiprocessing.Process(target=calculate_data, args=[chunk, idx])` for each of four chunks.
 *
 * @module
 */
import { Process, task } from "@sauropod/multiprocessing";
import { BadInputError, readOptions, runExample, timed, wholeNumber } from "../support/cli.ts";
import { randomVolume, type SharedVolume, split, zeroVolume } from "./voxels/arrays.ts";
import { calculateVolume, ITERATIONS } from "./voxels/calculate_voxel.ts";
import { identical } from "./voxels/volume.ts";

const HELP = `
Computes many exponentials for each voxel of a random 16x16x16 image, in one process a chunk.

deno run --allow-read examples/images/voxels_process.ts [--workers 1|2|4|8|16] [--iterations N] [--quick]
`;

const calculateChunk = task(
  import.meta,
  (id: number, chunk: SharedVolume, result: SharedVolume, iterations: number) => {
    console.log(`Id: ${id}: Processing ${chunk.size} voxels`);
    calculateVolume(chunk, result, iterations);
    console.log(`Id: ${id}: Done`);
  },
);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["iterations", "workers"] });
  const iterations = wholeNumber(
    "iterations",
    options.iterations,
    options.quick ? 100 : ITERATIONS,
  );
  const workers = wholeNumber("workers", options.workers, 4, { most: 16 });
  if (16 % workers !== 0) throw new BadInputError("--workers must divide the 16 slices equally");

  const data = randomVolume([16, 16, 16]);
  const expected = zeroVolume(data.shape);
  const serial = await timed(() => calculateVolume(data, expected, iterations));

  const result = zeroVolume(data.shape);
  const [chunks, results] = [split(data, workers), split(result, workers)];
  const parallel = await timed(async () => {
    const processes = chunks.map((chunk, id) => {
      console.log(`Starting worker for chunk ${id}`);
      const process = new Process({
        target: calculateChunk,
        args: [id, chunk, results[id], iterations],
      });
      process.start();
      return process;
    });
    for (const process of processes) await process.join();
  });
  console.log(`Data processing took ${parallel.seconds.toFixed(2)} seconds`);
  console.log(`One core took ${serial.seconds.toFixed(2)} seconds`);
  console.log(`Same result: ${identical(result.data, expected.data) ? "yes" : "no"}`);
}

if (import.meta.main) await runExample("voxels_process", main);
