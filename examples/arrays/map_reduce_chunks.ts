/**
 * D14: Copies 1 GiB of shared memory and adds it up, chunk by chunk, in a MapReduce.
 *
 * Python: `pool.map(work, range(0, len(input), chunksize), reduce=reduce)` of `sharedmem`. Workers read
 * one array and write the other in place. They send only the sum of a chunk, which `reduce` gets in the
 * main program as soon as it arrives.
 *
 * @module
 */
import { task } from "@sauropod/multiprocessing";
import { prange } from "@sauropod/multiprocessing/loops";
import { MapReduce, sharedArray, type WorkTools } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";
import { identical, yesOrNo } from "../support/times.ts";

const HELP = `
Copies an array of 128 Mi numbers into another in chunks of 1 Mi, and prints their sum. Needs 2 GiB of
memory, or 2 MiB with --quick.

deno run --allow-read examples/arrays/map_reduce_chunks.ts [--workers N] [--quick]
`;

interface Context {
  input: Float64Array;
  output: Float64Array;
  chunkSize: number;
}

const copyAndSum = task(import.meta, (from: number, { context }: WorkTools<Context>) => {
  const chunk = context.input.subarray(from, from + context.chunkSize);
  context.output.set(chunk, from);
  let sum = 0;
  for (let i = 0; i < chunk.length; i++) sum += chunk[i];
  return { from, sum };
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const np = readInteger("workers", options.workers, 2, { max: 64 });
  const chunkSize = options.quick ? 1024 : 1024 * 1024;
  const length = 128 * chunkSize;

  const input = sharedArray("float64", length);
  for (let i = 0; i < length; i++) input[i] = i;
  const output = sharedArray("float64", length);

  const { seconds, result } = await timed(async () => {
    await using pool = new MapReduce({ np });
    return await pool.map(copyAndSum, prange(0, length, chunkSize), {
      context: { input, output, chunkSize },
      reduce({ from, sum }) {
        console.log(`chunk ${from} done`);
        return sum;
      },
    });
  });
  console.log(result.reduce((sum, part) => sum + part));
  console.log(`Same numbers: ${yesOrNo(identical(input, output))}`);
  const mebibytes = (input.byteLength + output.byteLength) / 2 ** 20;
  console.log(`Copying and adding, in ${mebibytes} MiB, took ${seconds.toFixed(2)} seconds`);
}

if (import.meta.main) await runExample("map_reduce_chunks", main);
