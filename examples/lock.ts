/**
 * D6: Ten processes print a line each, piece by piece: whole lines under a Lock, maybe not without.
 *
 * @module
 */
import { Lock, Process, SharedEvent, task } from "@sauropod/multiprocessing";
import { readOptions, runExample, wholeNumber } from "./support/cli.ts";

const HELP = `
Lets processes print at the same time, first under a lock, then without.

deno run --allow-read examples/lock.ts [--workers N]
`;

/** Writes a line letter by letter, so that there is time for somebody else's in between. */
function printSlowly(line: string): void {
  const encoder = new TextEncoder();
  for (const letter of `${line}\n`) Deno.stdout.writeSync(encoder.encode(letter));
}

const printAlone = task(import.meta, (start: SharedEvent, id: number, lock: Lock) => {
  start.waitSync();
  using _ = lock.acquireSync();
  printSlowly(`process ${id}`);
});

const printAnyhow = task(import.meta, (start: SharedEvent, id: number) => {
  start.waitSync();
  printSlowly(`process ${id}`);
});

async function main(): Promise<void> {
  const options = readOptions(HELP, { values: ["workers"] });
  const ids = [...Array(wholeNumber("workers", options.workers, 10, { most: 64 })).keys()];

  console.log("with a lock:");
  const lock = new Lock();
  await runAll((start) =>
    ids.map((id) => new Process({ target: printAlone, args: [start, id, lock] }))
  );

  console.log("without:");
  await runAll((start) => ids.map((id) => new Process({ target: printAnyhow, args: [start, id] })));
}

/** Starts processes, lets them all go at once, and waits for their ends. */
async function runAll(make: (start: SharedEvent) => Process[]): Promise<void> {
  const start = new SharedEvent();
  const processes = make(start);
  for (const process of processes) process.start();
  start.set();
  for (const process of processes) await process.join();
}

if (import.meta.main) await runExample("lock", main);
