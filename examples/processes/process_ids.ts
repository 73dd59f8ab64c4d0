/**
 * E1: Four processes print their ids, and the main program its own.
 *
 * Python: `print("Sub-process %s: %s" % (n, os.getpid()))`. Here processes are workers of one process
 * of the operating system, and their ids are the package's own: the main program is 1.
 *
 * @module
 */
import { currentProcess, Process, task } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Starts processes that print their ids.

deno run --allow-read examples/processes/process_ids.ts [--workers N]
`;

const hello = task(import.meta, (n: number) => {
  console.log(`Sub-process ${n}: ${currentProcess().pid}`);
});

function main(): void {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = wholeNumber("workers", options.workers, 4, { most: 64 });
  for (let n = 0; n < workers; n++) new Process({ target: hello, args: [n] }).start();
  console.log(`Main process: ${currentProcess().pid}`);
}

if (import.meta.main) await runExample("process_ids", main);
