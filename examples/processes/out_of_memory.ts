/**
 * A9: A task that fills its memory ends its own process, and the pool goes on with the other tasks.
 *
 * A worker whose memory is full ends the program. A process of the operating system has a memory of its own:
 * `maxOldSpaceMb` limits its JavaScript heap. V8 prints several lines on stderr when the heap is full. They
 * cannot be silenced.
 *
 * @module
 */
import { Pool, task, type WorkerDiedError } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Runs tasks that need 1, 10, 1000 and 20 MiB in processes that may have 100 MiB each.

deno run --allow-read --allow-run --allow-env examples/processes/out_of_memory.ts
`;

/** Keeps arrays of numbers, of 1 MiB each, and returns how many. */
const fill = task(import.meta, (mib: number) => {
  const kept: number[][] = [];
  while (kept.length < mib) kept.push(new Array<number>(2 ** 17).fill(0.5));
  return kept.length;
});

async function main(): Promise<void> {
  readOptions(HELP);
  await using pool = new Pool({ processes: 2, startMethod: "process", maxOldSpaceMb: 100 });

  const sizes = [1, 10, 1000, 20];
  const results = await Promise.allSettled(sizes.map((mib) => pool.apply(fill, [mib])));
  for (const [at, result] of results.entries()) {
    if (result.status === "fulfilled") {
      console.log(`${sizes[at]} MiB: done`);
    } else {
      const { name, exitCode, cause } = result.reason as WorkerDiedError;
      console.log(`${sizes[at]} MiB: ${name}, exit code ${exitCode}`);
      console.log(`  caused by ${cause}`);
    }
  }
  console.log(`the pool still works: ${await pool.apply(fill, [5])} MiB`);
}

if (import.meta.main) await runExample("out_of_memory", main);
