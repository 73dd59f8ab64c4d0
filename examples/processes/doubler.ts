/**
 * D12: Processes double numbers and print their names, given or default ones.
 *
 * Python: `current_process().name` in `doubler`, and `Process(target=doubler, name='Test', args=(2,))`.
 * As in the tutorial, the first process is made but not started, so the names begin with Process-2.
 *
 * @module
 */
import { currentProcess, Process, task } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Doubles five numbers in processes with default names, and one in a process named Test.

deno run --allow-read examples/processes/doubler.ts
`;

/** Doubles a number, in a process. */
const doubler = task(import.meta, (number: number) => {
  console.log(`${number} doubled to ${number * 2} by: ${currentProcess().name}`);
});

async function main(): Promise<void> {
  readOptions(HELP);
  new Process({ target: doubler, args: [5] });

  const processes = [5, 10, 15, 20, 25].map((number) =>
    new Process({ target: doubler, args: [number] })
  );
  processes.push(new Process({ target: doubler, name: "Test", args: [2] }));
  for (const process of processes) process.start();
  for (const process of processes) await process.join();
}

if (import.meta.main) await runExample("doubler", main);
