/**
 * Rounds of mutual exclusion, by locks of either kind: what their lanes share, how a round runs, and what
 * must hold at its end.
 *
 * @module
 */

import { AbandonedLockError, type Lock, Queue, type RLock } from "@sauropod/multiprocessing";
import { drawLanes, type Lane, runGroups } from "./groups.ts";
import { Random } from "./random.ts";
import {
  type Board,
  deaths,
  makeBoard,
  setActivity,
  sharedWords,
  sum,
  totalOperations,
  Violation,
} from "./round.ts";

/** State that the lanes share. */
export interface Exclusion<L> {
  board: Board;
  locks: L[];
  /** Number of lanes inside the critical section, by lock. */
  inside: Int32Array<SharedArrayBuffer>;
  /** Counter that the lock protects, by lock. */
  counters: Int32Array<SharedArrayBuffer>;
  /** Number of increments of each lane, by lock. */
  increments: Int32Array<SharedArrayBuffer>[];
  endRequests: Queue<number>;
  times: number;
}

/** Makes the shared state. */
function makeExclusion<L>(locks: L[], lanes: number, times: number): Exclusion<L> {
  return {
    board: makeBoard(lanes),
    locks,
    inside: sharedWords(locks.length),
    counters: sharedWords(locks.length),
    increments: locks.map(() => sharedWords(lanes)),
    endRequests: new Queue<number>(),
    times,
  };
}

/**
 * Enters the critical section of a lock.
 *
 * @returns a function that increments the counter and leaves
 */
export function enterSection(
  { board, inside, counters, increments }: Exclusion<unknown>,
  which: number,
  lane: number,
): () => void {
  const before = Atomics.add(inside, which, 1);
  if (before !== 0) throw new Violation(`lock ${which}: ${before + 1} lanes hold it`);
  setActivity(board, lane, "holding");
  const value = counters[which];
  return () => {
    counters[which] = value + 1;
    increments[which][lane]++;
    Atomics.sub(inside, which, 1);
  };
}

/**
 * Checks the state at the end of a round.
 *
 * @returns the number of operations
 */
function checkExclusion(
  { board, locks, counters, increments }: Exclusion<Lock | RLock>,
): number {
  locks.forEach((lock, which) => {
    const expected = sum(increments[which]);
    if (counters[which] !== expected) {
      throw new Violation(`lock ${which}: counted ${counters[which]} of ${expected} increments`);
    }
    try {
      lock.tryAcquire()?.release();
    } catch (error) {
      if (!(error instanceof AbandonedLockError)) throw error;
      lock.release();
    }
    if (lock.locked()) throw new Violation(`lock ${which} is locked, but no lane lives`);
  });
  return totalOperations(board);
}

/**
 * Runs a round of lanes that acquire one or two locks.
 *
 * @param maxOurs maximum number of lanes in the main isolate
 * @param maxTimes maximum number of operations of a lane
 * @returns the number of operations
 */
export async function exclusionRound<L extends Lock | RLock>(
  seed: number,
  workers: number,
  { makeLock, runLanes, maxOurs, maxTimes }: {
    makeLock: () => L;
    runLanes: (shared: Exclusion<L>, lanes: Lane[]) => Promise<void>;
    maxOurs: number;
    maxTimes: number;
  },
): Promise<number> {
  const random = new Random(seed);
  const { groups, ours, lanes } = drawLanes(
    random,
    workers,
    random.int(0, maxOurs),
    () => random.perhaps(4, deaths),
  );
  const locks = Array.from({ length: random.int(1, 2) }, makeLock);
  const shared = makeExclusion(locks, lanes, random.int(20, maxTimes));
  await runGroups(runLanes, shared, groups, random, () => runLanes(shared, ours));
  return checkExclusion(shared);
}
