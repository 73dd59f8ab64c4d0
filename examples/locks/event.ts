/**
 * B6: The main program waits for an Event that a Thread, then a Process, sets after processing.
 *
 * Python: `processingFinished.set()` in the thread, `processingFinished.wait()` in the main program.
 *
 * @module
 */
import { Event, Process, sleep, task } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { readOptions, runExample } from "../support/cli.ts";

const HELP = `
Computes a mean in a thread, then in a process, and waits for the event that says it is finished.

deno run --allow-read examples/locks/event.ts [--quick]
`;

const processData = task(
  import.meta,
  async (data: number[], processingMs: number, processingFinished: Event) => {
    console.log("Processing data ...");
    await sleep(processingMs);
    console.log(`Result: ${data.reduce((a, b) => a + b) / data.length}`);
    processingFinished.set();
  },
);

async function main(): Promise<void> {
  const { quick } = readOptions(HELP);
  const data = Array.from({ length: 100 }, () => 1 + Math.floor(99 * Math.random()));
  for (const Worker of [Thread, Process]) {
    console.log(`${Worker.name}:`);
    const processingFinished = new Event();
    new Worker({ target: processData, args: [data, quick ? 20 : 2000, processingFinished] })
      .start();
    await processingFinished.wait();
    console.log("Processing finished!");
  }
}

if (import.meta.main) await runExample("event", main);
