/**
 * Mutual exclusion: lanes in several workers and the main thread change a counter under a lock. Some
 * die while they hold it.
 *
 * A lane in a worker of several only awaits: a worker that blocks for a lock which one of its own
 * promises holds would wait for itself.
 *
 * @module
 */

import { AbandonedLockError, Lock, LockGuard, task } from "@sauropod/multiprocessing";
import { checkExclusion, type Exclusion, goIn, makeExclusion } from "./exclusion.ts";
import { beside, drawLanes, type Lane, runGroups } from "./groups.ts";
import { Random } from "./random.ts";
import { count, fates, gaveUp, meet, moment, momentSync, now, soonAborted } from "./round.ts";

type Shared = Exclusion<Lock>;

const runLanes = task(import.meta, beside(runLane));

async function runLane(shared: Shared, { lane, seed, blocking, id, fate }: Lane): Promise<void> {
  const { board, locks, doomed, times } = shared;
  const random = new Random(seed);
  const end = fate === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0; at < times; at++) {
    const which = random.int(0, locks.length - 1);
    const guard = await acquire(shared, which, random, lane, blocking);
    if (guard !== undefined) {
      const comeOut = goIn(shared, which, lane);
      if (blocking) momentSync(random);
      else await moment(random);
      if (at >= end && end >= 0) {
        // A worker that is terminated releases what it holds while the error passes: too late.
        using _ = fate === "throw" ? undefined : guard;
        await meet(fate!, random, doomed, id);
      }
      comeOut();
      if (random.once(2)) guard.release();
      else locks[which].release();
    }
    count(board, lane);
    if (!blocking) await moment(random);
  }
  now(board, lane, "ended");
}

/** Acquires the lock, or gives up. */
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
    now(board, lane, blocking ? "acquireSync" : "acquire");
    const timeoutMs = way === 1 ? random.int(0, 3) : undefined;
    if (blocking) return lock.acquireSync(timeoutMs === undefined ? undefined : { timeoutMs });
    if (timeoutMs !== undefined) return await lock.acquire({ timeoutMs });
    if (way === 2) return await soonAborted(random, (signal) => lock.acquire({ signal }));
    return await lock.acquire();
  } catch (error) {
    if (error instanceof AbandonedLockError) {
      Atomics.store(inside, which, 0); // the one that was inside is dead
      return new LockGuard(lock);
    }
    if (gaveUp(error)) return;
    throw error;
  }
}

/** Runs one round; returns the number of operations. */
export async function lockRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const { groups, ours, lanes } = drawLanes(
    random,
    workers,
    random.int(0, 1),
    () => random.perhaps(4, fates),
  );
  const locks = Array.from({ length: random.int(1, 2) }, () => new Lock());
  const shared = makeExclusion(locks, lanes, random.int(20, 200));
  await runGroups(runLanes, shared, groups, random, () => runLanes(shared, ours));
  return checkExclusion(shared);
}
