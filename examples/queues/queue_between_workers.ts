/**
 * A9: Numbers pass through three processes by Queues between them, and not through the main program.
 *
 * Python's tutorial lists it as not covered: passing data between workers in one direction by a `Queue`.
 *
 * @module
 */
import { Process, Queue, task } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
One process counts, the second squares the numbers, the third adds up the squares and prints the sum.

deno run --allow-read examples/queues/queue_between_workers.ts
`;

const count = task(import.meta, async (to: Queue<number>) => {
  for (let i = 1; i <= 10; i++) await to.put(i);
  to.close(); // its items can still be got
});

const square = task(import.meta, async (from: Queue<number>, to: Queue<number>) => {
  for await (const number of from) await to.put(number ** 2);
  to.close();
});

const addUp = task(import.meta, async (from: Queue<number>) => {
  let sum = 0;
  for await (const number of from) sum += number;
  console.log(`the sum of the squares is ${sum}`);
});

async function main(): Promise<void> {
  readOptions(HELP);
  const [numbers, squares] = [new Queue<number>(), new Queue<number>()];
  const processes = [
    new Process({ target: count, args: [numbers] }),
    new Process({ target: square, args: [numbers, squares] }),
    new Process({ target: addUp, args: [squares] }),
  ];
  for (const process of processes) process.start();
  for (const process of processes) await process.join();
}

if (import.meta.main) await runExample("queue_between_workers", main);
