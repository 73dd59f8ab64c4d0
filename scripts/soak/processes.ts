/**
 * The parts of a soak test that start processes, which die while they use queues and locks.
 *
 * @module
 */

import { activeChildren, Lock, Process, Queue, RawValue } from "@sauropod/multiprocessing";
import type { Random } from "../stress/random.ts";
import { processOptions, type Runner } from "./runners.ts";
import { addInTurn, consume, produce } from "./tasks.ts";
import type { Tally } from "./tally.ts";

/** How much a process does at most. A process of the operating system takes a thousand times as long for it. */
const maxCount: Readonly<Record<Runner, number>> = { thread: 2000, worker: 2000, process: 200 };

/** Sends numbers through a queue, and compares how many came with how many went. */
export async function moveItems(
  random: Random,
  tally: Tally,
  isOver: () => boolean,
  runner: Runner,
): Promise<void> {
  while (!isOver()) {
    const producers = random.int(1, 3);
    const queue = new Queue<number>(random.pick([0, 1, 10]));
    const count = random.int(1, maxCount[runner]);
    const put = Array.from({ length: producers }, () => new RawValue("int32"));
    const all = put.map((put) => {
      const args = [queue, count, put, random.oneIn(2)] as const;
      return new Process({ target: produce, args, ...processOptions[runner] });
    });
    const got = new RawValue("int32");
    const args = [queue, got] as const;
    const reader = new Process({ target: consume, args, ...processOptions[runner] });
    for (const process of [reader, ...all]) process.start();
    endSome(all, random, tally);
    await tally.watch(`a queue of ${producers} producers`, async () => {
      let rest = 0;
      const read = reader.join().then(async () => {
        for await (const _ of queue) rest++; // if the reader was killed
      });
      for (const process of all) await process.join();
      queue.close();
      await read;
      const sent = put.reduce((sum, { value }) => sum + value, 0);
      const received = got.value + rest;
      const ended = countEnded(all, tally);
      tally.sent += sent;
      tally.received += received;
      // A process that was ended may have put, or got, one item that it has not counted.
      if (received < sent - countEnded([reader], tally) || received > sent + ended) {
        tally.lost.push(`of ${sent} items in a queue ${received} came, ${ended} producers ended`);
      }
    });
  }
  await tally.watch("the end of all processes", async () => {
    for (const process of activeChildren()) await process.join();
  });
}

/** Adds numbers by processes that own a lock in turn. */
export async function addUp(
  random: Random,
  tally: Tally,
  isOver: () => boolean,
  runner: Runner,
): Promise<void> {
  while (!isOver()) {
    const [lock, sum] = [new Lock(), new RawValue("int32")];
    const count = random.int(1, maxCount[runner] / 4);
    const added = Array.from({ length: random.int(1, 3) }, () => new RawValue("int32"));
    const all = added.map((added) => {
      const args = [lock, sum, count, added, random.oneIn(2)] as const;
      return new Process({ target: addInTurn, args, ...processOptions[runner] });
    });
    for (const process of all) process.start();
    endSome(all, random, tally);
    await tally.watch(`a lock of ${all.length} processes`, async () => {
      for (const process of all) await process.join();
      const sent = added.reduce((sum, { value }) => sum + value, 0);
      const ended = countEnded(all, tally);
      tally.sent += sent;
      tally.received += sum.value;
      if (sum.value < sent || sum.value > sent + ended) {
        tally.lost.push(`of ${sent} added numbers ${sum.value} are in the sum, ${ended} ended`);
      }
    });
  }
}

/** Ends some of the processes, soon. */
function endSome(all: readonly Process[], random: Random, tally: Tally): void {
  for (const process of all) {
    if (!random.oneIn(3)) continue;
    const way = random.pick(["terminate", "kill"] as const);
    tally.fault(`${way} a Process`);
    setTimeout(() => process.isAlive() && process[way](), random.int(0, 60));
  }
}

/** Returns how many of the processes were ended. */
function countEnded(all: readonly Process[], tally: Tally): number {
  for (const { name, exitCode, error } of all) {
    if ([0, -9, -15].includes(exitCode!)) continue;
    tally.lost.push(`${name} ended with exit code ${exitCode}: ${error}`);
  }
  return all.filter(({ exitCode }) => exitCode !== 0).length;
}
