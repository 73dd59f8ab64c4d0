/**
 * A9: Each Thread counts in a variable of its own, and all of them in one that they share.
 *
 * Python: `threading.local()`.
 *
 * @module
 */
import { sleep } from "@sauropod/multiprocessing";
import { currentThread, local, Thread } from "@sauropod/multiprocessing/threading";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Lets threads count at the same time, by one variable and by one that each thread has for itself.

deno run examples/threads/thread_local.ts [--workers N]
`;

const shared = { count: 0 };
const own = local(() => ({ count: 0 }));

async function count(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    shared.count++;
    own.count++;
    await sleep(1); // the others have their turn
  }
  console.log(`${currentThread().name} has counted ${own.count}`);
}

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = wholeNumber("workers", options.workers, 4, { most: 64 });
  const threads = Array.from(
    { length: workers },
    (_, i) => new Thread({ target: count, args: [10 * (i + 1)] }),
  );
  for (const thread of threads) thread.start();
  for (const thread of threads) await thread.join();
  console.log(`${currentThread().name} has counted ${own.count}, all together ${shared.count}`);
}

if (import.meta.main) await runExample("thread_local", main);
