/**
 * A9: The main program goes on while workers work, and a function is called each time a task is done.
 *
 * Python: `pool.apply_async(f, args, callback=done)`.
 *
 * @module
 */
import { Pool, sleep, task } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Starts five tasks, the longest first, and prints each result by a callback as soon as it is there.

deno run --allow-read examples/pools/callback.ts [--workers N] [--quick]
`;

const square = task(import.meta, async (x: number, ms: number) => {
  await sleep(ms);
  return x * x;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = wholeNumber("workers", options.workers, 5, { most: 64 });
  const stepMs = options.quick ? 50 : 500;

  await using pool = new Pool(workers); // waits for what was submitted, at the end of the scope
  for (let x = 5; x >= 1; x--) {
    pool.applyAsync(square, [x, x * stepMs], {
      callback: (result) => console.log(`${x} squared is ${result}`),
    });
  }
  console.log("the main program goes on");
}

if (import.meta.main) await runExample("callback", main);
