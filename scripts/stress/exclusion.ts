/**
 * Lanes that exclude each other, by locks of either kind: what they share, and what is to be seen when
 * they have ended.
 *
 * @module
 */

import { AbandonedLockError, type Lock, Queue, type RLock } from "@sauropod/multiprocessing";
import { type Board, makeBoard, now, sharedWords, total, Violation } from "./round.ts";

/** What lanes share that exclude each other by locks of some kind. */
export interface Exclusion<L> {
  board: Board;
  locks: L[];
  /** Lanes that are inside, by lock. */
  inside: Int32Array<SharedArrayBuffer>;
  /** What is protected, by lock. */
  counters: Int32Array<SharedArrayBuffer>;
  /** Increments done by each lane, by lock. */
  increments: Int32Array<SharedArrayBuffer>[];
  doomed: Queue<number>;
  times: number;
}

/** What `lanes` lanes share. */
export function makeExclusion<L>(locks: L[], lanes: number, times: number): Exclusion<L> {
  return {
    board: makeBoard(lanes),
    locks,
    inside: sharedWords(locks.length),
    counters: sharedWords(locks.length),
    increments: locks.map(() => sharedWords(lanes)),
    doomed: new Queue<number>(),
    times,
  };
}

/**
 * Goes in where only who holds the lock may be.
 *
 * @returns how to come out, having counted
 */
export function goIn(
  { board, inside, counters, increments }: Exclusion<unknown>,
  which: number,
  lane: number,
): () => void {
  const before = Atomics.add(inside, which, 1);
  if (before !== 0) throw new Violation(`lock ${which}: ${before + 1} lanes hold it`);
  now(board, lane, "holding");
  const value = counters[which];
  return () => {
    counters[which] = value + 1;
    increments[which][lane]++;
    Atomics.sub(inside, which, 1);
  };
}

/**
 * Looks at what a round has left.
 *
 * @returns the number of operations
 */
export function checkExclusion(
  { board, locks, counters, increments }: Exclusion<Lock | RLock>,
): number {
  locks.forEach((lock, which) => {
    const sum = increments[which].reduce((a, b) => a + b, 0);
    if (counters[which] !== sum) {
      throw new Violation(`lock ${which}: counted ${counters[which]} of ${sum} increments`);
    }
    try {
      lock.tryAcquire()?.release();
    } catch (error) {
      if (!(error instanceof AbandonedLockError)) throw error;
      lock.release();
    }
    if (lock.locked()) throw new Violation(`lock ${which} is held by nobody who lives`);
  });
  return total(board);
}
