/**
 * B4: Five threads say Woozle Wuzzle, with a pause in between: intertwined, then whole lines under a Lock.
 *
 * @module
 */
import { Lock, sleep, Thread } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "./support/cli.ts";

const HELP = `
Lets threads print half a line, pause and print the other half: first anyhow, then under a lock.

deno run --allow-read examples/thread_lock.ts [--quick]
`;

const THREADS = 5;
const LINES = 5;

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

async function main(): Promise<void> {
  const { quick } = readOptions(HELP, { flags: ["quick"] });
  const pauseMs = quick ? 5 : 100;
  const lock = new Lock();

  async function sayLine(i: number): Promise<void> {
    print(`${i} Woozle `);
    await sleep(pauseMs);
    print("Wuzzle\n");
  }

  async function withoutLock(): Promise<void> {
    for (let i = 0; i < LINES; i++) await sayLine(i);
  }

  async function withGuard(): Promise<void> {
    for (let i = 0; i < LINES; i++) {
      using _ = await lock.acquire();
      await sayLine(i);
    }
  }

  async function withAcquireAndRelease(): Promise<void> {
    for (let i = 0; i < LINES; i++) {
      await lock.acquire();
      try {
        await sayLine(i);
      } finally {
        lock.release();
      }
    }
  }

  for (const target of [withoutLock, withGuard, withAcquireAndRelease]) {
    print(`${target.name}:\n`);
    const threads = Array.from({ length: THREADS }, () => new Thread({ target }));
    for (const thread of threads) thread.start();
    for (const thread of threads) await thread.join();
  }
}

if (import.meta.main) await runExample("thread_lock", main);
