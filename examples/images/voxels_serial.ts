/**
 * A2: Runs a slow calculation on every voxel of an image on one core: the baseline for the others.
 *
 * Python: `for i in range(30000): b = math.exp(val)`, by `numpy.vectorize` on a 16x16x16 array.
 *
 * @module
 */
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";
import { randomVolume, zeroVolume } from "./voxels/arrays.ts";
import { calculateChunk } from "./voxels/calculate_part.ts";
import { ITERATIONS } from "./voxels/calculate_voxel.ts";

const HELP = `
Computes many exponentials for each voxel of a random 16x16x16 image, one after the other.

deno run examples/images/voxels_serial.ts [--iterations N] [--quick]
`;

async function main(): Promise<void> {
  const { iterations: given, quick } = readOptions(HELP, { values: ["iterations"] });
  const iterations = readInteger("iterations", given, quick ? 100 : ITERATIONS);
  const data = randomVolume([16, 16, 16]);
  const result = zeroVolume(data.shape);

  const { seconds } = await timed(() => calculateChunk(0, data, result, iterations));
  console.log(`exp(${data.get(1, 2, 3).toFixed(4)}) = ${result.get(1, 2, 3).toFixed(4)}`);
  console.log(`Data processing took ${seconds.toFixed(2)} seconds`);
}

if (import.meta.main) await runExample("voxels_serial", main);
