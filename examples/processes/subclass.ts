/**
 * B2: Subclasses of Thread and of Process override run, and are used alike.
 *
 * A thread shares the variables of the main program. A process gets a copy of the properties of its
 * object, and its class is registered, so that the worker finds it.
 *
 * Python: `class LongRunningThread(threading.Thread)`, with `def run(self)`.
 *
 * @module
 */
import { Process, sleep, task } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Prints Tick and Tock in a subclass of Thread, then in a subclass of Process.

deno run --allow-read examples/processes/subclass.ts [--iterations N] [--quick]
`;

async function tickTock(iterations: number, pauseMs: number): Promise<void> {
  for (let i = 0; i < iterations; i++) {
    console.log(i % 2 === 0 ? "Tick" : "Tock");
    await sleep(pauseMs);
  }
}

class LongRunningThread extends Thread {
  constructor(readonly iterations: number, readonly pauseMs: number) {
    super();
  }
  override run(): Promise<void> {
    return tickTock(this.iterations, this.pauseMs);
  }
}

class LongRunningProcess extends Process {
  constructor(readonly iterations: number, readonly pauseMs: number) {
    super();
  }
  override run(): Promise<void> {
    return tickTock(this.iterations, this.pauseMs);
  }
}
task(import.meta, LongRunningProcess);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["iterations"] });
  const iterations = readInteger("iterations", options.iterations, 6);
  const pauseMs = options.quick ? 10 : 500;

  for (const Kind of [LongRunningThread, LongRunningProcess]) {
    console.log(`${Kind.name}:`);
    const runner = new Kind(iterations, pauseMs);
    runner.start();
    await runner.join();
    console.log("Done");
  }
}

if (import.meta.main) await runExample("subclass", main);
