/**
 * E2: Workers take tasks from a JoinableQueue and end when idle; the main program joins the queue.
 *
 * Python: `task = queue.get(timeout=5)`, `except Empty: break`, `queue.task_done()` in the workers;
 * `queue.join()` in the main program.
 *
 * @module
 */
import { Empty, JoinableQueue, Process, sleep, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Puts tasks of three seconds into a queue and waits until the workers have done all of them. A worker
ends when it has got no task for five seconds.

deno run --allow-read examples/queues/joinable_queue.ts [--workers N] [--tasks N] [--quick]
`;

interface Task {
  task: string;
  data: { n: number };
}

const processQueue = task(import.meta, async (queue: JoinableQueue<Task>, secondMs: number) => {
  for (;;) {
    let task: Task;
    try {
      task = await queue.get({ timeoutMs: 5 * secondMs });
    } catch (error) {
      if (!(error instanceof Empty)) throw error;
      break;
    }
    await doTask(task, secondMs);
    queue.taskDone();
  }
  console.log("(sub-process ends)");
});

async function doTask({ task, data }: Task, secondMs: number): Promise<void> {
  if (task !== "print_number") throw new Error(`Unknown task: ${task}`);
  console.log(data.n);
  await sleep(3 * secondMs);
}

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "tasks"] });
  const workerCount = readInteger("workers", options.workers, 4, { max: 64 });
  const taskCount = readInteger("tasks", options.tasks, 10, { max: 1000 });
  const start = performance.now();
  const seconds = () => ((performance.now() - start) / 1000).toFixed(1);

  const queue = new JoinableQueue<Task>();
  const workers = Array.from({ length: workerCount }, () => {
    return new Process({ target: processQueue, args: [queue, options.quick ? 100 : 1000] });
  });
  for (const worker of workers) worker.start();
  for (let n = 0; n < taskCount; n++) await queue.put({ task: "print_number", data: { n } });

  await queue.join();
  console.log(`(main process ends, after ${seconds()} seconds)`);
  for (const worker of workers) await worker.join();
  console.log(`(all sub-processes have ended, after ${seconds()} seconds)`);
}

if (import.meta.main) await runExample("joinable_queue", main);
