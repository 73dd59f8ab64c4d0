/**
 * D5: The main program receives from the pipes of four Processes, whichever is ready, until all are closed.
 *
 * Python: `multiprocessing.connection.wait(readers)`.
 *
 * @module
 */
import { type Connection, EOFError, Pipe, Process, task, waitAny } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Waits for the pipes of four processes at once, and prints the messages until all have ended.

deno run --allow-read examples/queues/wait_for_several.ts
`;

const count = task(import.meta, async (connection: Connection<string>, id: number) => {
  for (let at = 1; at <= 3; at++) {
    await new Promise((resolve) => setTimeout(resolve, 100)); // some work
    await connection.send(`process ${id}: ${at} of 3`);
  }
  // The worker ends here, which closes its end of the pipe.
});

async function main(): Promise<void> {
  readOptions(HELP);
  const open = new Set<Connection<string>>();
  for (let id = 1; id <= 4; id++) {
    const [reader, writer] = Pipe<string>({ duplex: false });
    open.add(reader);
    new Process({ target: count, args: [writer, id] }).start();
  }
  while (open.size > 0) {
    for (const connection of await waitAny(open)) {
      try {
        console.log(await connection.recv());
      } catch (error) {
        if (!(error instanceof EOFError)) throw error;
        open.delete(connection);
      }
    }
  }
}

if (import.meta.main) await runExample("wait_for_several", main);
