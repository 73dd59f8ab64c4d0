/**
 * D6: Ten processes print a line each, letter by letter: whole with a Lock, perhaps mixed without.
 *
 * Python: `l.acquire()`, `print(i, end=' ')` and `l.release()` in ten processes.
 *
 * @module
 */
import { Lock, Process, task } from "@sauropod/multiprocessing";
import { readInteger, readOptions, runExample } from "../support/cli.ts";

const HELP = `
Lets processes print at the same time, first with a lock, then without.

deno run --allow-read examples/locks/lock.ts [--workers N]
`;

/** Writes a line in many pieces, so that other processes have time to write in between. */
function printSlowly(line: string): void {
  const encoder = new TextEncoder();
  for (const letter of `${line}\n`) Deno.stdout.writeSync(encoder.encode(letter));
}

const printLocked = task(import.meta, (lock: Lock, id: number) => {
  using _ = lock.acquireSync();
  printSlowly(`process ${id}`);
});

const printUnlocked = task(import.meta, (id: number) => printSlowly(`process ${id}`));

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const ids = [...Array(readInteger("workers", options.workers, 10, { max: 64 })).keys()];

  console.log("with a lock:");
  const lock = new Lock();
  await runAll(ids.map((id) => new Process({ target: printLocked, args: [lock, id] })));

  console.log("without:");
  await runAll(ids.map((id) => new Process({ target: printUnlocked, args: [id] })));
}

async function runAll(processes: Process[]): Promise<void> {
  for (const process of processes) process.start();
  for (const process of processes) await process.join();
}

if (import.meta.main) await runExample("lock", main);
