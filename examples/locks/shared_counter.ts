/**
 * A9: Processes count in one shared number, and lose counts without a lock, but none with one.
 *
 * Python's tutorial lists it as not covered: locking shared data, so that only one process uses it at a
 * time. A mere addition needs no lock here: `add` is atomic.
 *
 * @module
 */
import { Barrier, Process, task, Value } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets processes add to a number at the same time: without a lock, under the number's lock, with add().

deno run --allow-read examples/locks/shared_counter.ts [--workers N] [--quick]
`;

const withoutLock = task(import.meta, (start: Barrier, counter: Value<"i">, times: number) => {
  start.waitSync(); // until all are ready
  for (let i = 0; i < times; i++) counter.value += 1;
});

const withLock = task(import.meta, (start: Barrier, counter: Value<"i">, times: number) => {
  start.waitSync(); // until all are ready
  for (let i = 0; i < times; i++) {
    using _ = counter.acquireSync();
    counter.value += 1;
  }
});

const inOneStep = task(import.meta, (start: Barrier, counter: Value<"i">, times: number) => {
  start.waitSync(); // until all are ready
  for (let i = 0; i < times; i++) counter.add(1);
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 4, { max: 64 });
  const times = options.quick ? 1000 : 100_000;

  for (const [how, target] of Object.entries({ withoutLock, withLock, inOneStep })) {
    const [start, counter] = [new Barrier(workers), new Value("i")];
    const processes = Array.from(
      { length: workers },
      () => new Process({ target, args: [start, counter, times] }),
    );
    for (const process of processes) process.start();
    for (const process of processes) await process.join();
    console.log(`${how}: ${counter.value} of ${workers * times}`);
  }
}

if (import.meta.main) await runExample("shared_counter", main);
