/**
 * B7: Eight processes enter a room in which a Semaphore lets no more than three be at a time.
 *
 * Python's document names `Semaphore` and refers to the documentation.
 *
 * @module
 */
import { Process, Semaphore, sleep, task, Value } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "../support/cli.ts";

const HELP = `
Lets processes into a room, at most some of them at a time, and counts who is inside.

deno run --allow-read examples/locks/semaphore.ts [--workers N] [--room N] [--quick]
`;

const visit = task(
  import.meta,
  async (semaphore: Semaphore, inside: Value<"i">, most: Value<"i">, id: number, ms: number) => {
    using _ = await semaphore.acquire();
    const now = inside.add(1) + 1; // add() returns what it was before
    most.update((before) => Math.max(before, now));
    console.log(`visitor ${id} is in, ${now} inside`);
    await sleep(ms);
    inside.sub(1);
  },
);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "room"] });
  const workers = wholeNumber("workers", options.workers, 8, { most: 64 });
  const room = wholeNumber("room", options.room, 3);
  const semaphore = new Semaphore(room);
  const [inside, most] = [new Value("i"), new Value("i")];
  const ms = options.quick ? 50 : 500;
  const processes = Array.from(
    { length: workers },
    (_, id) => new Process({ target: visit, args: [semaphore, inside, most, id, ms] }),
  );
  for (const process of processes) process.start();
  for (const process of processes) await process.join();
  console.log(`never more than ${most.value}`);
}

if (import.meta.main) await runExample("semaphore", main);
