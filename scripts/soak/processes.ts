/**
 * The part of a soak test that starts processes, which die while they put into queues and get from them.
 *
 * @module
 */

import { activeChildren, Process, Queue } from "@sauropod/multiprocessing";
import type { Random } from "../stress/random.ts";
import { consume, produce } from "./tasks.ts";
import type { Tally } from "./tally.ts";

/** Sends numbers through a queue, and compares how many came with how many went. */
export async function moveItems(
  random: Random,
  tally: Tally,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const producers = random.int(1, 3);
    const queue = new Queue<number>(random.pick([0, 1, 10]));
    const done = new Int32Array(new SharedArrayBuffer(4 * (producers + 1)));
    const count = random.int(1, 2000);
    const all = Array.from({ length: producers }, (_, at) => {
      const blocking = random.oneIn(2);
      return new Process({ target: produce, args: [queue, count, done, at, blocking] });
    });
    const reader = new Process({ target: consume, args: [queue, done, producers] });
    for (const process of [reader, ...all]) process.start();
    let killed = 0;
    for (const process of all) {
      if (!random.oneIn(3)) continue;
      killed++;
      const way = random.pick(["terminate", "kill"] as const);
      tally.fault(`${way} producer`);
      setTimeout(() => process.isAlive() && process[way](), random.int(0, 60));
    }
    await tally.watch(`queue of ${producers} producers, ${killed} of which are ended`, async () => {
      for (const process of all) await process.join();
      queue.close();
      await reader.join();
      let sent = 0;
      for (let at = 0; at < producers; at++) sent += done[at];
      const received = done[producers];
      tally.sent += sent;
      tally.received += received;
      // A producer that was ended may have put one item that it has not counted.
      if (received < sent || received > sent + killed) {
        tally.lost.push(`of ${sent} items in a queue ${received} came, ${killed} producers ended`);
      }
    });
  }
  await tally.watch("the end of all processes", async () => {
    for (const process of activeChildren()) await process.join();
  });
}
