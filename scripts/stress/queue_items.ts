/**
 * Operations and lanes of rounds that put items into queues.
 *
 * @module
 */

import { Empty, Full, type Queue } from "@sauropod/multiprocessing";
import type { Random } from "./random.ts";
import { type Board, setActivity, Violation, withAbort } from "./round.ts";

/** A lane that works on one queue. */
export interface QueueLane<Role> {
  lane: number;
  seed: number;
  role: Role;
  /** Index of the queue. */
  queue: number;
  /** Whether it blocks as well as awaits. */
  blocking: boolean;
  /** Number of operations after which the worker exits or throws; -1: never. */
  dieAfter: number;
}

/** Makes lanes with consecutive numbers. */
export class QueueLanes<Role> {
  readonly #random: Random;
  /** Number of lanes that were made. */
  count = 0;

  /** Draws the seeds of lanes from `random`. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** Makes a lane. */
  make(role: Role, queue: number, blocking: boolean, dieAfter = -1): QueueLane<Role> {
    const seed = this.#random.fork();
    return { lane: this.count++, seed, role, queue, blocking, dieAfter };
  }
}

/**
 * Puts an item by a random method.
 *
 * @throws {Full} if it times out
 * @throws `ABORT_REASON` if it is aborted
 */
export async function putOnce<T>(
  board: Board,
  queue: Queue<T>,
  item: T,
  random: Random,
  lane: number,
  blocking: boolean,
): Promise<void> {
  const way = random.int(0, 7);
  const timeoutMs = random.int(0, 3);
  setActivity(board, lane, blocking && way < 4 ? "putSync" : "put");
  if (way === 0) {
    if (!queue.tryPut(item)) throw new Full();
  } else if (way === 1 && blocking) queue.putSync(item, { timeoutMs });
  else if (way < 4 && blocking) queue.putSync(item);
  else if (way === 4) await queue.put(item, { timeoutMs });
  else if (way === 5) await withAbort(random, (signal) => queue.put(item, { signal }));
  else await queue.put(item);
}

/**
 * Gets an item by a random method.
 *
 * @param patient whether it may wait without a time limit
 * @throws {Empty} if it times out
 * @throws `ABORT_REASON` if it is aborted
 */
export async function getOnce<T>(
  board: Board,
  queue: Queue<T>,
  random: Random,
  lane: number,
  blocking: boolean,
  patient = true,
): Promise<T> {
  const way = patient ? random.int(0, 7) : random.pick([0, blocking ? 1 : 4, 4, 5]);
  const timeoutMs = random.int(0, 3);
  setActivity(board, lane, blocking && way < 4 ? "getSync" : "get");
  if (way === 0) {
    const found = queue.tryGet();
    if (found === undefined) throw new Empty();
    return found.value;
  }
  if (way === 1 && blocking) return queue.getSync({ timeoutMs });
  if (way < 4 && blocking) return queue.getSync();
  if (way === 4) return await queue.get({ timeoutMs });
  if (way === 5) return await withAbort(random, (signal) => queue.get({ signal }));
  return await queue.get();
}

/** Records in `got` that an item was received; throws if it was received before. */
export function recordGot(got: Int32Array, times: number, producer: number, number: number): void {
  if (Atomics.add(got, producer * times + number, 1) !== 0) {
    throw new Violation(`item ${number} of lane ${producer} was received twice`);
  }
}

/** Returns the items that were put but never received. */
export function lostItems(put: Int32Array, got: Int32Array, times: number): string[] {
  const lost: string[] = [];
  put.forEach((upTo, producer) => {
    for (let number = 0; number < upTo; number++) {
      if (got[producer * times + number] === 0) lost.push(`${number} of lane ${producer}`);
    }
  });
  return lost;
}

/** Makes contents of a random size: small ones are stored in slots, larger ones in separate blocks. */
export function makeFilling(random: Random): string | Uint8Array {
  const length = random.pick([0, 3, 30, 200, 5000]);
  if (random.oneIn(2)) return "x".repeat(length);
  return new Uint8Array(length).fill(length % 251);
}

/** Checks that contents are those that {@linkcode makeFilling} made. */
export function checkFilling(filling: string | Uint8Array): void {
  const intact = typeof filling === "string"
    ? /^x*$/.test(filling)
    : filling.every((byte) => byte === filling.length % 251);
  if (!intact) throw new Violation("an item has other contents");
}
