/**
 * B7: Eight processes enter a room, and a Semaphore admits at most three at a time.
 *
 * Python's tutorial mentions `Semaphore` and refers to the documentation.
 *
 * @module
 */
import { Process, Semaphore, sleep, task, Value } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets processes into a room, a limited number at a time, and counts those inside.

deno run --allow-read examples/locks/semaphore.ts [--workers N] [--room N] [--quick]
`;

const visit = task(
  import.meta,
  async (
    semaphore: Semaphore,
    inside: Value<"i">,
    maxInside: Value<"i">,
    id: number,
    ms: number,
  ) => {
    using _ = await semaphore.acquire();
    const now = inside.add(1) + 1; // add() returns the old value
    maxInside.update((before) => Math.max(before, now));
    console.log(`visitor ${id} is in, ${now} inside`);
    await sleep(ms);
    inside.sub(1);
  },
);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "room"] });
  const workers = readInteger("workers", options.workers, 8, { max: 64 });
  const room = readInteger("room", options.room, 3);
  const semaphore = new Semaphore(room);
  const [inside, maxInside] = [new Value("i"), new Value("i")];
  const ms = options.quick ? 50 : 500;
  const processes = Array.from(
    { length: workers },
    (_, id) => new Process({ target: visit, args: [semaphore, inside, maxInside, id, ms] }),
  );
  for (const process of processes) process.start();
  for (const process of processes) await process.join();
  console.log(`never more than ${maxInside.value}`);
}

if (import.meta.main) await runExample("semaphore", main);
