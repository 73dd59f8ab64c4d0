/**
 * A9: Each Thread counts in its own variable, and all of them count in a shared one.
 *
 * Python: `threading.local()`.
 *
 * @module
 */
import { sleep } from "@sauropod/multiprocessing";
import { currentThread, local, Thread } from "@sauropod/multiprocessing/threading";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets threads count at the same time, in one shared variable and in one variable per thread.

deno run examples/threads/thread_local.ts [--workers N]
`;

const shared = { count: 0 };
const own = local(() => ({ count: 0 }));

async function count(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    shared.count++;
    own.count++;
    await sleep(1); // lets the other threads run
  }
  console.log(`${currentThread().name} has counted ${own.count}`);
}

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 4, { max: 64 });
  const threads = Array.from(
    { length: workers },
    (_, i) => new Thread({ target: count, args: [10 * (i + 1)] }),
  );
  for (const thread of threads) thread.start();
  for (const thread of threads) await thread.join();
  console.log(`${currentThread().name} has counted ${own.count}, all together ${shared.count}`);
}

if (import.meta.main) await runExample("thread_local", main);
