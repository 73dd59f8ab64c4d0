/**
 * Mutual exclusion: lanes in several workers and the main thread change a counter under a lock. Some
 * die while they hold it.
 *
 * A lane in a worker of several only awaits: a worker that blocks for a lock which one of its own
 * promises holds would wait for itself.
 *
 * @module
 */

import { AbandonedLockError, Lock, LockGuard, task, TimeoutError } from "@sauropod/multiprocessing";
import { checkExclusion, type Exclusion, makeExclusion } from "./exclusion.ts";
import { Random } from "./random.ts";
import {
  ABORTED,
  count,
  fates,
  type Lane,
  meet,
  moment,
  momentSync,
  now,
  runGroups,
  soonAborted,
  Violation,
} from "./round.ts";

type Shared = Exclusion<Lock>;

const runLanes = task(import.meta, async (shared: Shared, lanes: Lane[]) => {
  await Promise.all(lanes.map((lane) => runLane(shared, lane)));
});

async function runLane(shared: Shared, { lane, seed, blocking, id, fate }: Lane): Promise<void> {
  const { board, locks, inside, counters, increments, doomed, times } = shared;
  const random = new Random(seed);
  const end = fate === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0; at < times; at++) {
    const which = random.int(0, locks.length - 1);
    const guard = await acquire(shared, which, random, lane, blocking);
    if (guard !== undefined) {
      const before = Atomics.add(inside, which, 1);
      if (before !== 0) throw new Violation(`lock ${which}: ${before + 1} lanes hold it`);
      now(board, lane, "holding");
      const value = counters[which];
      if (blocking) momentSync(random);
      else await moment(random);
      if (at >= end && end >= 0) {
        // A worker that is terminated releases what it holds while the error passes: too late.
        using _ = fate === "throw" ? undefined : guard;
        await meet(fate!, random, doomed, id);
      }
      counters[which] = value + 1;
      increments[which][lane]++;
      Atomics.sub(inside, which, 1);
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
    if (error instanceof TimeoutError || error === ABORTED) return;
    throw error;
  }
}

/** Runs one round; returns the number of operations. */
export async function lockRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const groups: Lane[][] = [];
  let lanes = 0;
  for (let id = 0; id < workers; id++) {
    const blocking = random.once(2);
    const fate = random.once(4) ? random.pick(fates) : undefined;
    const group = Array.from({ length: blocking ? 1 : random.int(1, 3) }, (_, at) => ({
      lane: lanes++,
      seed: random.fork(),
      blocking,
      id,
      fate: at === 0 ? fate : undefined,
    }));
    // Only a lane alone in its worker knows what its worker's death interrupts.
    groups.push(fate === undefined ? group : group.slice(0, 1));
  }
  const ours: Lane[] = random.once(2)
    ? [{ lane: lanes++, seed: random.fork(), blocking: false, id: -1, fate: undefined }]
    : [];
  const locks = Array.from({ length: random.int(1, 2) }, () => new Lock());
  const shared = makeExclusion(locks, lanes, random.int(20, 200));
  await runGroups(runLanes, shared, groups, random, () => runLanes(shared, ours));
  return checkExclusion(shared);
}
