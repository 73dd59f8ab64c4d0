/**
 * D12: Processes double numbers and tell their names, which they are given or get by themselves.
 *
 * Python: `current_process().name` in `doubler`, and `Process(target=doubler, name='Test', args=(2,))`.
 * The first process is made and not started there as well, which is why the second begins.
 *
 * @module
 */
import { currentProcess, Process, task } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Doubles five numbers in processes that have no names of their own, and one in a process named Test.

deno run --allow-read examples/processes/doubler.ts
`;

/** A doubling function that can be used by a process. */
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
