/**
 * A9: Numbers go through three processes, from each to the next through a Queue, past the main program.
 *
 * Python's document, on what it does not cover: passing data between workers, one way by a `Queue`.
 *
 * @module
 */
import { Process, Queue, task } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
One process counts, the second squares what comes, the third adds it up and prints the sum.

deno run --allow-read examples/queues/queue_between_workers.ts
`;

const count = task(import.meta, async (to: Queue<number>) => {
  for (let i = 1; i <= 10; i++) await to.put(i);
  to.close(); // what is in it can still be taken
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
