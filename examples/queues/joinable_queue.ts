/**
 * E2: Workers take tasks from a JoinableQueue and end when idle; the main program joins the queue.
 *
 * @module
 */
import { Empty, JoinableQueue, Process, task } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Puts tasks into a queue, waits until workers have done them all, and then for the workers, which end
when they have been idle for a while.

deno run --allow-read examples/queues/joinable_queue.ts [--workers N] [--tasks N]
`;

const TASK_MS = 100;
const IDLE_MS = 300;

const work = task(import.meta, async (queue: JoinableQueue<number>, id: number) => {
  for (;;) {
    let number: number;
    try {
      number = await queue.get({ timeoutMs: IDLE_MS });
    } catch (error) {
      if (!(error instanceof Empty)) throw error;
      console.log(`worker ${id} is idle and ends`);
      return;
    }
    console.log(`worker ${id} does task ${number}`);
    await new Promise((resolve) => setTimeout(resolve, TASK_MS));
    queue.taskDone();
  }
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "tasks"] });
  const workerCount = wholeNumber("workers", options.workers, 4, { most: 64 });
  const taskCount = wholeNumber("tasks", options.tasks, 10, { most: 1000 });
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;

  const queue = new JoinableQueue<number>();
  const workers = Array.from(
    { length: workerCount },
    (_, at) => new Process({ target: work, args: [queue, at + 1] }),
  );
  for (const worker of workers) worker.start();
  for (let number = 1; number <= taskCount; number++) await queue.put(number);

  await queue.join();
  console.log(`all ${taskCount} tasks are done after ${seconds()}`);
  for (const worker of workers) await worker.join();
  console.log(`all ${workerCount} workers have ended after ${seconds()}`);
}

if (import.meta.main) await runExample("joinable_queue", main);
