/**
 * Locks: lanes in several workers and the main isolate increment a counter under a lock. Some die while
 * they hold it.
 *
 * In a worker with several lanes, all of them only await: a worker that blocks for a lock that one of its
 * own promises holds would wait for itself.
 *
 * @module
 */

import { AbandonedLockError, Lock, LockGuard, task } from "@sauropod/multiprocessing";
import { enterSection, type Exclusion, exclusionRound } from "./exclusion.ts";
import { concurrently, type Lane } from "./groups.ts";
import { Random } from "./random.ts";
import {
  countOperation,
  endWorker,
  isTimeoutOrAbort,
  setActivity,
  spendTime,
  spendTimeSync,
  withAbort,
} from "./round.ts";

type Shared = Exclusion<Lock>;

const runLanes = task(import.meta, concurrently(runLane));

async function runLane(shared: Shared, { lane, seed, blocking, id, death }: Lane): Promise<void> {
  const { board, locks, endRequests, times } = shared;
  const random = new Random(seed);
  const end = death === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0; at < times; at++) {
    const which = random.int(0, locks.length - 1);
    const guard = await acquire(shared, which, random, lane, blocking);
    if (guard !== undefined) {
      const leaveSection = enterSection(shared, which, lane);
      if (blocking) spendTimeSync(random);
      else await spendTime(random);
      if (at >= end && end >= 0) {
        // The error that terminates a worker also disposes its guards, after the lock is abandoned.
        using _ = death === "throw" ? undefined : guard;
        await endWorker(death!, random, endRequests, id);
      }
      leaveSection();
      if (random.oneIn(2)) guard.release();
      else locks[which].release();
    }
    countOperation(board, lane);
    if (!blocking) await spendTime(random);
  }
  setActivity(board, lane, "ended");
}

/** Acquires the lock; returns `undefined` if the wait times out or is aborted. */
async function acquire(
  { board, locks, inside }: Shared,
  which: number,
  random: Random,
  lane: number,
  blocking: boolean,
): Promise<LockGuard | undefined> {
  const lock = locks[which];
  const way = random.int(0, 5);
  try {
    if (way === 0) return lock.tryAcquire();
    setActivity(board, lane, blocking ? "acquireSync" : "acquire");
    const timeoutMs = way === 1 ? random.int(0, 3) : undefined;
    if (blocking) return lock.acquireSync(timeoutMs === undefined ? undefined : { timeoutMs });
    if (timeoutMs !== undefined) return await lock.acquire({ timeoutMs });
    if (way === 2) return await withAbort(random, (signal) => lock.acquire({ signal }));
    return await lock.acquire();
  } catch (error) {
    if (error instanceof AbandonedLockError) {
      Atomics.store(inside, which, 0); // the lane inside is dead
      return new LockGuard(lock);
    }
    if (isTimeoutOrAbort(error)) return;
    throw error;
  }
}

/** Runs one round; returns the number of operations. */
export async function lockRound(seed: number, workers: number): Promise<number> {
  const makeLock = () => new Lock();
  const limits = { maxOurs: 1, maxTimes: 200 };
  return await exclusionRound(seed, workers, { makeLock, runLanes, ...limits });
}
