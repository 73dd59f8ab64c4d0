/**
 * A9: Workers add up the parts of a large array: first each gets a copy, then all share the array.
 *
 * Python's tutorial lists it as not covered: shared memory avoids copying large amounts of data.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { distribute, sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";

const HELP = `
Adds up 8 million numbers, 64 MB, in workers: first copied to them, then read from shared memory.

deno run --allow-read examples/shared/large_array.ts [--workers N] [--quick]
`;

const sum = task(import.meta, (part: Float64Array) => {
  let sum = 0;
  for (const number of part) sum += number;
  return sum;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 2, { max: 64 });
  const length = options.quick ? 80_000 : 8_000_000;
  const numbers = Float64Array.from({ length }, (_, i) => i);

  await using pool = new Pool(workers);
  await pool.map(sum, [numbers.slice(0, 1)]); // starts the workers
  for (const [how, data] of [["copied", numbers], ["shared", sharedArray("d", numbers)]] as const) {
    const { seconds, result } = await timed(async () => {
      const parts = distribute(length, workers).map(([start, end]) => data.subarray(start, end));
      const sums = await pool.map(sum, parts);
      return sums.reduce((a, b) => a + b);
    });
    console.log(`${how}: the sum is ${result}, after ${seconds.toFixed(3)} seconds`);
  }
}

if (import.meta.main) await runExample("large_array", main);
