/**
 * B4: Processes write lines in two pieces: intertwined without a Lock, whole with one.
 *
 * @module
 */
import { Barrier, Lock, Process, task } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "./support/cli.ts";

const HELP = `
Lets processes write "Woozle" and, after a pause, "Wuzzle": without a lock, with one that is released
at the end of its scope, and with one that is released by hand.

deno run --allow-read examples/woozle_wuzzle.ts [--workers N] [--times N] [--pause MS]
`;

/** Writes a line in two pieces, so that there is time for somebody else's in between. */
async function writeSlowly(time: number, pauseMs: number): Promise<void> {
  const write = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  write(`${time} Woozle `);
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  write("Wuzzle\n");
}

const withoutLock = task(
  import.meta,
  async (_lock: Lock, start: Barrier, times: number, pauseMs: number) => {
    await start.wait();
    for (let time = 0; time < times; time++) await writeSlowly(time, pauseMs);
  },
);

const withScope = task(
  import.meta,
  async (lock: Lock, start: Barrier, times: number, pauseMs: number) => {
    await start.wait();
    for (let time = 0; time < times; time++) {
      using _ = await lock.acquire();
      await writeSlowly(time, pauseMs);
    }
  },
);

const withRelease = task(
  import.meta,
  async (lock: Lock, start: Barrier, times: number, pauseMs: number) => {
    await start.wait();
    for (let time = 0; time < times; time++) {
      await lock.acquire();
      try {
        await writeSlowly(time, pauseMs);
      } finally {
        lock.release();
      }
    }
  },
);

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers", "times", "pause"] });
  const workers = wholeNumber("workers", options.workers, 5, { most: 64 });
  const times = wholeNumber("times", options.times, 5);
  const pauseMs = wholeNumber("pause", options.pause, 100, { least: 0 });

  for (const [what, target] of Object.entries({ withoutLock, withScope, withRelease })) {
    console.log(`${what}:`);
    const [lock, start] = [new Lock(), new Barrier(workers)];
    const processes = Array.from(
      { length: workers },
      () => new Process({ target, args: [lock, start, times, pauseMs] }),
    );
    for (const process of processes) process.start();
    for (const process of processes) await process.join();
  }
}

if (import.meta.main) await runExample("woozle_wuzzle", main);
