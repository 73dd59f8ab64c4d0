/**
 * D4: A Process puts a list into a Queue, and the main program gets it.
 *
 * Python: `q.put([42, None, 'hello'])` in the process, `q.get()` in the main program.
 *
 * @module
 */
import { Process, Queue, task } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Sends a list of mixed values from a process to the main program through a queue.

deno run --allow-read examples/queues/queue.ts
`;

type Item = number | null | string;

const produce = task(import.meta, async (queue: Queue<Item[]>) => {
  await queue.put([42, null, "hello"]);
});

async function main(): Promise<void> {
  readOptions(HELP);
  const queue = new Queue<Item[]>();
  const process = new Process({ target: produce, args: [queue] });
  process.start();
  console.log(await queue.get());
  await process.join();
}

if (import.meta.main) await runExample("queue", main);
