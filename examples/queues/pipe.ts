/**
 * D5: A Process sends a list through one end of a Pipe, and the main program receives it at the other end.
 *
 * Python: `conn.send([42, None, 'hello'])` in the process, `parent_conn.recv()` in the main program.
 *
 * @module
 */
import { type Connection, Pipe, Process, task } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Sends a list of mixed values from a process to the main program through a pipe.

deno run --allow-read examples/queues/pipe.ts
`;

const produce = task(import.meta, async (connection: Connection) => {
  await connection.send([42, null, "hello"]);
  connection.close();
});

async function main(): Promise<void> {
  readOptions(HELP);
  const [parentEnd, childEnd] = Pipe();
  const process = new Process({ target: produce, args: [childEnd] });
  process.start();
  console.log(await parentEnd.recv());
  await process.join();
}

if (import.meta.main) await runExample("pipe", main);
