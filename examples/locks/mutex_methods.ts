/**
 * B5: Two methods of one object share a lock: each start is followed by its end, in threads and processes.
 *
 * Python: `self.safeFunc1 = mutex(self.safeFunc1, lock)`, and four threads for each of two methods.
 *
 * @module
 */
import { Lock, mutex, Process, sleep, synchronized, task } from "@sauropod/multiprocessing";
import { Thread } from "@sauropod/multiprocessing/threading";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Calls two methods of an object from threads, and from processes. Each call prints when it starts and
when it ends. With --unsafe there is no lock.

deno run --allow-read examples/locks/mutex_methods.ts [--workers N] [--unsafe] [--quick]
`;

/** The methods without a lock. */
class Unsafe {
  constructor(readonly pauseMs: number) {}

  async safeFunc1(): Promise<void> {
    console.log("safeFunc1 start");
    await sleep(2 * this.pauseMs);
    console.log("safeFunc1 end");
  }

  async safeFunc2(): Promise<void> {
    console.log("safeFunc2 start");
    await sleep(2 * this.pauseMs);
    console.log("safeFunc2 end");
  }
}

/** Wrapped in the constructor, as in the tutorial: safe between the threads of one process. */
class Wrapped extends Unsafe {
  constructor(pauseMs: number) {
    super(pauseMs);
    const lock = new Lock();
    this.safeFunc1 = mutex(lock, this.safeFunc1);
    this.safeFunc2 = mutex(lock, this.safeFunc2);
  }
}

/** Decorated, with a lock that is sent with the object: safe between processes too. */
class Decorated extends Unsafe {
  readonly lock = new Lock();

  @synchronized((self: Decorated) => self.lock)
  override async safeFunc1(): Promise<void> {
    await super.safeFunc1();
  }

  @synchronized((self: Decorated) => self.lock)
  override async safeFunc2(): Promise<void> {
    await super.safeFunc2();
  }
}

task(import.meta, Unsafe);
task(import.meta, Decorated);

type Name = "safeFunc1" | "safeFunc2";

const call = task(import.meta, async (object: Unsafe, name: Name) => {
  await sleep(object.pauseMs);
  await object[name]();
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"], flags: ["unsafe"] });
  const workers = readInteger("workers", options.workers, 4, { max: 32 });
  const pauseMs = options.quick ? 5 : 100;
  const names = [
    ...Array<Name>(workers).fill("safeFunc1"),
    ...Array<Name>(workers).fill("safeFunc2"),
  ];

  console.log("threads:");
  const here = options.unsafe ? new Unsafe(pauseMs) : new Wrapped(pauseMs);
  await runAll(names.map((name) => new Thread({ target: call, args: [here, name] })));

  console.log("processes:");
  const sent = options.unsafe ? new Unsafe(pauseMs) : new Decorated(pauseMs);
  await runAll(names.map((name) => new Process({ target: call, args: [sent, name] })));
}

async function runAll(workers: (Thread | Process)[]): Promise<void> {
  for (const worker of workers) worker.start();
  for (const worker of workers) await worker.join();
}

if (import.meta.main) await runExample("mutex_methods", main);
