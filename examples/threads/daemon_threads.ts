/**
 * B3: The program waits for a Thread that is not a daemon, and ends while a daemon Thread still runs.
 *
 * Python: `t.daemon = True` before `t.start()`.
 *
 * @module
 */
import { sleep } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Starts a thread that ends by itself and a daemon that never does. The program ends with the first.

deno run examples/threads/daemon_threads.ts [--iterations N] [--quick]
`;

function main(): void {
  const options = readOptions(HELP, { values: ["iterations"] });
  const iterations = readInteger("iterations", options.iterations, 6);
  const pauseMs = options.quick ? 50 : 500;

  // The package's sleep(): a timer of setTimeout() would keep the program alive, in a daemon too.
  async function longRunningTask(name: string, iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) {
      console.log(`${name}: ${i % 2 === 0 ? "Tick" : "Tock"}`);
      await sleep(pauseMs);
    }
    console.log(`${name}: done`);
  }

  const thread = new Thread({ target: longRunningTask, args: ["thread", iterations] });
  const daemon = new Thread({ target: longRunningTask, args: ["daemon", Infinity] });
  daemon.daemon = true;
  thread.start();
  daemon.start();
  console.log("main: done");
}

if (import.meta.main) await runExample("daemon_threads", main);
