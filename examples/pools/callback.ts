/**
 * A9: The main program continues while workers compute, and a callback gets each result.
 *
 * Python: `pool.apply_async(f, args, callback=done)`.
 *
 * @module
 */
import { Pool, sleep, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Starts five tasks, the longest first. A callback prints each result as soon as it is ready.

deno run --allow-read examples/pools/callback.ts [--workers N] [--quick]
`;

const square = task(import.meta, async (x: number, ms: number) => {
  await sleep(ms);
  return x * x;
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 5, { max: 64 });
  const stepMs = options.quick ? 50 : 500;

  await using pool = new Pool(workers); // waits for the tasks at the end of the scope
  for (let x = 5; x >= 1; x--) {
    pool.applyAsync(square, [x, x * stepMs], {
      callback: (result) => console.log(`${x} squared is ${result}`),
    });
  }
  console.log("the main program continues");
}

if (import.meta.main) await runExample("callback", main);
