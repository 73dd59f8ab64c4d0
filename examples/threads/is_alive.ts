/**
 * B1: A Thread prints Tick and Tock while the main program polls isAlive(); a second one is joined.
 *
 * Python: `while t.is_alive(): time.sleep(0.4)`, and `t.join()`.
 *
 * @module
 */
import { sleep } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Runs a task in a thread and checks every 0.4 seconds whether it has ended. Then runs it once more
and joins the thread.

deno run examples/threads/is_alive.ts [--iterations N] [--quick]
`;

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["iterations"] });
  const iterations = readInteger("iterations", options.iterations, 8);
  const secondMs = options.quick ? 100 : 1000;

  async function longRunningTask(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) {
      console.log(i % 2 === 0 ? "Tick" : "Tock");
      await sleep(0.5 * secondMs);
    }
  }

  const polled = new Thread({ target: longRunningTask, args: [iterations] });
  polled.start();
  while (polled.isAlive()) {
    await sleep(0.4 * secondMs);
    console.log("Waiting for thread to finish...");
  }
  console.log("Finished!");

  const joined = new Thread({ target: longRunningTask, args: [iterations] });
  joined.start();
  console.log("Joining thread ...");
  await joined.join();
  console.log("Finished!");
}

if (import.meta.main) await runExample("is_alive", main);
