/**
 * B4: Threads and processes write lines in two pieces: mixed without a Lock, whole with one.
 *
 * Python: five threads, `with lock:` around two calls of `print` and a pause between them.
 *
 * @module
 */
import { Barrier, Lock, Process, sleep, task } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets threads, then processes, write "Woozle" and, after a pause, "Wuzzle": without a lock, with a lock
that is released at the end of its scope, and with a lock that is released by hand.

deno run --allow-read examples/locks/woozle_wuzzle.ts [--workers N] [--quick]
`;

const TIMES = 5;

/** Writes a line in two pieces, so that others have time to write in between. */
async function writeSlowly(time: number, pauseMs: number): Promise<void> {
  const write = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  write(`${time} Woozle `);
  await sleep(pauseMs);
  write("Wuzzle\n");
}

const withoutLock = task(import.meta, async (_lock: Lock, start: Barrier, pauseMs: number) => {
  await start.wait();
  for (let time = 0; time < TIMES; time++) await writeSlowly(time, pauseMs);
});

const withScope = task(import.meta, async (lock: Lock, start: Barrier, pauseMs: number) => {
  await start.wait();
  for (let time = 0; time < TIMES; time++) {
    using _ = await lock.acquire();
    await writeSlowly(time, pauseMs);
  }
});

const withRelease = task(import.meta, async (lock: Lock, start: Barrier, pauseMs: number) => {
  await start.wait();
  for (let time = 0; time < TIMES; time++) {
    await lock.acquire();
    try {
      await writeSlowly(time, pauseMs);
    } finally {
      lock.release();
    }
  }
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const count = readInteger("workers", options.workers, 5, { max: 64 });
  const pauseMs = options.quick ? 5 : 100;

  for (const Worker of [Thread, Process]) {
    for (const [what, target] of Object.entries({ withoutLock, withScope, withRelease })) {
      console.log(`${Worker.name} ${what}:`);
      const [lock, start] = [new Lock(), new Barrier(count)];
      const workers = Array.from(
        { length: count },
        () => new Worker({ target, args: [lock, start, pauseMs] }),
      );
      for (const worker of workers) worker.start();
      for (const worker of workers) await worker.join();
    }
  }
}

if (import.meta.main) await runExample("woozle_wuzzle", main);
