/**
 * B7: Processes move money under an RLock, which its owner can acquire again, unlike a Lock.
 *
 * Python's tutorial mentions `RLock`, the re-entrant `Lock`, and refers to the documentation.
 *
 * @module
 */
import { DeadlockError, Lock, Process, RLock, task, Value } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets processes transfer money back and forth between two accounts, with one lock for both.

deno run --allow-read examples/locks/rlock.ts [--workers N]
`;

type Account = Value<"i">;

/** Acquires the lock itself, since it may be called alone. */
function deposit(lock: RLock | Lock, to: Account, amount: number): void {
  using _ = lock.acquireSync();
  to.value += amount;
}

/** Acquires the lock too, so that no other process sees the state between the two deposits. */
function transfer(lock: RLock | Lock, from: Account, to: Account, amount: number): void {
  using _ = lock.acquireSync();
  deposit(lock, from, -amount);
  deposit(lock, to, amount);
}

const transferOften = task(import.meta, (lock: RLock, from: Account, to: Account) => {
  for (let i = 0; i < 1000; i++) transfer(lock, from, to, 3);
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const workers = readInteger("workers", options.workers, 4, { max: 64 });
  const lock = new RLock();
  const [one, other] = [new Value("i", 100), new Value("i", 100)];
  const processes = Array.from({ length: workers }, (_, i) => {
    const [from, to] = i % 2 === 0 ? [one, other] : [other, one];
    return new Process({ target: transferOften, args: [lock, from, to] });
  });
  for (const process of processes) process.start();
  for (const process of processes) await process.join();
  console.log(`${one.value} + ${other.value} = ${one.value + other.value}`);

  try {
    transfer(new Lock(), one, other, 3);
  } catch (error) {
    if (!(error instanceof DeadlockError)) throw error;
    console.log(String(error));
  }
}

if (import.meta.main) await runExample("rlock", main);
