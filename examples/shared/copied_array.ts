/**
 * A5: A Process adds one to a copy of an array, which the main program does not see, then to a shared one.
 *
 * Python: `Process(target=add_one, args=[data,])` leaves `data` as it was.
 *
 * @module
 */
import { Process, task } from "@sauropod/multiprocessing";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets a process add one to each element of an array: first to a copy, then in shared memory.

deno run --allow-read examples/shared/copied_array.ts
`;

const addOne = task(import.meta, (data: Float64Array) => {
  for (let i = 0; i < data.length; i++) data[i] += 1;
});

async function main(): Promise<void> {
  readOptions(HELP);
  const arrays = { copied: new Float64Array(4), shared: sharedArray("float64", 4) };
  for (const [how, data] of Object.entries(arrays)) {
    console.log(`${how}: starting with ${data.join(" ")}`);
    const process = new Process({ target: addOne, args: [data] });
    process.start();
    await process.join();
    console.log(`${how}: I think my worker just added one: ${data.join(" ")}`);
  }
}

if (import.meta.main) await runExample("copied_array", main);
