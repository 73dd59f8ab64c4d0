/**
 * A9: Processes add up the parts of a large array: first each gets a copy, then all share the array.
 *
 * An array on shared memory is shared by workers. Processes of the operating system share one that is made with
 * `processes: true`, on Linux and with `--allow-ffi`.
 *
 * @module
 */
import { Pool, task } from "@sauropod/multiprocessing";
import { distribute, sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readInteger, readOptions, runExample, timed } from "../support/cli.ts";

const HELP = `
Adds up 8 million numbers, 64 MB, in processes: first copied to them, then read from shared memory.

deno run --allow-read --allow-run --allow-env --allow-ffi examples/shared/process_array.ts [--workers N] [--quick]
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

  await using pool = new Pool({ processes: workers, startMethod: "process" });
  await pool.map(sum, Array.from({ length: workers }, () => numbers.slice(0, 1))); // starts them
  const shared = sharedArray("float64", numbers, { processes: true });
  for (const [how, data] of [["copied", numbers], ["shared", shared], ["again", shared]] as const) {
    const { seconds, result } = await timed(async () => {
      const parts = distribute(length, workers).map(([start, end]) => data.subarray(start, end));
      const sums = await pool.map(sum, parts);
      return sums.reduce((a, b) => a + b);
    });
    console.log(`${how}: the sum is ${result}, after ${seconds.toFixed(3)} seconds`);
  }
}

if (import.meta.main) await runExample("process_array", main);
