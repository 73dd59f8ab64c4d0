/**
 * D2: A Process says hello to bob.
 *
 * Python: `Process(target=f, args=('bob',))`, `p.start()`, `p.join()`.
 *
 * @module
 */
import { Process, task } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Starts a process that prints a greeting, and joins it.

deno run --allow-read examples/processes/hello.ts [--to NAME]
`;

const hello = task(import.meta, (name: string) => console.log("hello", name));

async function main(): Promise<void> {
  const { to = "bob" } = readOptions(HELP, { values: ["to"] });
  const process = new Process({ target: hello, args: [to] });
  process.start();
  await process.join();
}

if (import.meta.main) await runExample("hello", main);
