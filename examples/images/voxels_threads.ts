/**
 * A3, B8: Gives each chunk of an image to a Thread, which is no faster, then to a Process, which is.
 *
 * All threads take turns on one core. A thread that computes without awaiting computes to the end before
 * another thread runs.
 *
 * Python: `threading.Thread(target=calculate_data, args=[chunk, idx])`, and the same with
 * `multiprocessing.Process`.
 *
 * @module
 */
import { Process, task } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { runExample, timed } from "../support/cli.ts";
import { yesOrNo } from "../support/times.ts";
import { randomVolume, split, zeroVolume } from "./voxels/arrays.ts";
import { calculateChunk, calculatePart } from "./voxels/calculate_part.ts";
import { readChunkOptions } from "./voxels/cli.ts";
import { identical } from "./voxels/volume.ts";

const HELP = `
Computes many exponentials for each voxel of a random 16x16x16 image: on one core, with one thread
per chunk, and with one process per chunk.

deno run --allow-read examples/images/voxels_threads.ts [--workers 1|2|4|8|16] [--iterations N] [--quick]
`;

const calculate = task(import.meta, calculateChunk);

/** The options and the methods that a Thread and a Process have in common. */
type Work = { target: typeof calculate; args: Parameters<typeof calculate> };
type Worker = { start(): void; join(): Promise<boolean> };

async function main(): Promise<void> {
  const { iterations, workers } = readChunkOptions(HELP, 16);

  const data = randomVolume([16, 16, 16]);
  const serial = await timed(() => calculatePart(data, iterations));
  console.log(`One core: data processing took ${serial.seconds.toFixed(2)} seconds`);

  const kinds: [name: string, make: (work: Work) => Worker][] = [
    ["Threads", (work) => new Thread(work)],
    ["Processes", (work) => new Process(work)],
  ];
  for (const [name, make] of kinds) {
    const result = zeroVolume(data.shape);
    const [chunks, results] = [split(data, workers), split(result, workers)];
    const { seconds } = await timed(async () => {
      const started = chunks.map((chunk, id) => {
        console.log(`Starting worker for chunk ${id}`);
        const worker = make({ target: calculate, args: [id, chunk, results[id], iterations] });
        worker.start();
        return worker;
      });
      for (const worker of started) await worker.join();
    });
    console.log(`${name}: data processing took ${seconds.toFixed(2)} seconds`);
    console.log(`${name}: same result: ${yesOrNo(identical(result.data, serial.result.data))}`);
  }
}

if (import.meta.main) await runExample("voxels_threads", main);
