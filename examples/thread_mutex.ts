/**
 * B5: A mutex around two methods of an object, each called by four threads: no start without its end.
 *
 * @module
 */
import { Lock, sleep, Thread } from "@sauropod/multiprocessing";
import { readOptions, runExample } from "./support/cli.ts";

const HELP = `
Calls two methods of one object from eight threads; a lock lets one of them in at a time.

deno run --allow-read examples/thread_mutex.ts [--unsafe] [--quick]
`;

/** The function, which only one caller at a time is in of all that the lock is given for. */
function mutex<A extends readonly unknown[], R>(
  fn: (...args: A) => Promise<R>,
  lock: Lock,
): (...args: A) => Promise<R> {
  return async (...args) => {
    using _ = await lock.acquire();
    return await fn(...args);
  };
}

class MyClass {
  readonly safeFunc1: () => Promise<void>;
  readonly safeFunc2: () => Promise<void>;

  constructor(pauseMs: number, unsafe: boolean) {
    const func1 = () => this.work("safeFunc1", pauseMs);
    const func2 = () => this.work("safeFunc2", pauseMs);
    const lock = new Lock();
    this.safeFunc1 = unsafe ? func1 : mutex(func1, lock);
    this.safeFunc2 = unsafe ? func2 : mutex(func2, lock);
  }

  private async work(name: string, pauseMs: number): Promise<void> {
    await sleep(pauseMs);
    console.log(`${name} start`);
    await sleep(2 * pauseMs);
    console.log(`${name} end`);
  }
}

async function main(): Promise<void> {
  const { quick, unsafe } = readOptions(HELP, { flags: ["quick", "unsafe"] });
  const object = new MyClass(quick ? 5 : 100, unsafe);
  const targets = [...Array(4).fill(object.safeFunc1), ...Array(4).fill(object.safeFunc2)];
  const threads = targets.map((target) => new Thread({ target }));
  for (const thread of threads) thread.start();
  for (const thread of threads) await thread.join();
}

if (import.meta.main) await runExample("thread_mutex", main);
