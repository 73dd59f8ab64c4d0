/**
 * E1: Four processes print their ids, and so does the main program.
 *
 * Python: `print("Sub-process %s: %s" % (n, os.getpid()))`. Here processes are workers of one operating
 * system process, and the package numbers them: the main program is 1.
 *
 * @module
 */
import { currentProcess, Process, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Starts processes that print their ids.

deno run --allow-read examples/processes/process_ids.ts [--workers N]
`;

const hello = task(import.meta, (n: number) => {
  console.log(`Sub-process ${n}: ${currentProcess().pid}`);
});

function main(): void {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 4, { max: 64 });
  for (let n = 0; n < workers; n++) new Process({ target: hello, args: [n] }).start();
  console.log(`Main process: ${currentProcess().pid}`);
}

if (import.meta.main) await runExample("process_ids", main);
