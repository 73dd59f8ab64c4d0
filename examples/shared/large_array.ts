/**
 * A9: Workers add up the parts of a large array, of which each is sent a copy, then all share one.
 *
 * Python's document, on what it does not cover: sharing memory avoids copying large amounts of data.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { distribute, sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readOptions, runExample, timed, wholeNumber } from "../support/cli.ts";

const HELP = `
Adds up 8 million numbers, 64 MB, in workers: the parts copied to them, and read where they are.

deno run --allow-read examples/shared/large_array.ts [--workers N] [--quick]
`;

const sum = task(import.meta, (part: Float64Array) => {
  let sum = 0;
  for (const number of part) sum += number;
  return sum;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = wholeNumber("workers", options.workers, 2, { most: 64 });
  const length = options.quick ? 80_000 : 8_000_000;
  const numbers = Float64Array.from({ length }, (_, i) => i);

  await using pool = new Pool(workers);
  await pool.map(sum, [numbers.slice(0, 1)]); // so that the workers have begun
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
