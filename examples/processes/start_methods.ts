/**
 * D3: Starts processes by each start method, by a context and by default; fork is an error.
 *
 * Python: `spawn`, `fork` and `forkserver`, chosen by `get_context()` or `set_start_method()`. Here
 * spawn makes a worker, forkserver takes one that was made ahead of time, and fork does not exist: a
 * worker cannot be a copy of another. A fourth method, process, makes a process of the operating system.
 *
 * @module
 */
import {
  currentProcess,
  getAllStartMethods,
  getContext,
  getStartMethod,
  Process,
  setStartMethod,
  type SimpleQueue,
  type StartMethod,
  task,
} from "@sauropod/multiprocessing";
import { readOptions, runExample, timed } from "../support/cli.ts";

const HELP = `
Starts a process by each start method, and prints the time until its first message.

deno run --allow-read --allow-run --allow-env examples/processes/start_methods.ts
`;

const hello = task(import.meta, async (queue: SimpleQueue<string>) => {
  await queue.put(`hello from ${currentProcess().name}`);
});

async function main(): Promise<void> {
  readOptions(HELP);
  const methods = getAllStartMethods();
  for (const method of [...methods, ...methods]) {
    const context = getContext(method);
    const queue = new context.SimpleQueue<string>();
    const { seconds, result } = await timed(() => {
      new context.Process({ target: hello, args: [queue] }).start();
      return queue.get();
    });
    console.log(`${method}: ${result} after ${(1000 * seconds).toFixed(1)} ms`);
  }

  console.log(`default: ${getStartMethod()}`);
  setStartMethod("forkserver");
  console.log(`default: ${getStartMethod()}`);
  const process = new Process({ target: console.log, args: ["hello from the new default"] });
  process.start();
  await process.join();

  try {
    getContext("fork" as StartMethod); // without `as`, the compiler rejects it
  } catch (error) {
    console.log(String(error));
  }
}

if (import.meta.main) await runExample("start_methods", main);
