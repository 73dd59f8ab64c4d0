/**
 * Reentrant locks: lanes acquire a lock several times, release in any order, and increment a counter that
 * it protects. Some die at some depth.
 *
 * A lane that only awaits has its own owner; a lane that blocks is alone in its worker. A lane that awaits
 * also blocks for short times: its isolate then forwards the wake-ups of its promises.
 *
 * @module
 */

import {
  AbandonedLockError,
  LockOwner,
  RLock,
  type RLockGuard,
  task,
} from "@sauropod/multiprocessing";
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
  Violation,
  withAbort,
} from "./round.ts";

type Shared = Exclusion<RLock>;

/** A lock that a lane holds, and how it was acquired. */
interface Held {
  lock: RLock;
  /** Its owner; `undefined`: the isolate. */
  owner: LockOwner | undefined;
  /** One for each acquire, except the acquire of an abandoned lock. */
  guards: RLockGuard[];
}

const runLanes = task(import.meta, concurrently(runLane));

async function runLane(shared: Shared, { lane, seed, blocking, id, death }: Lane): Promise<void> {
  const { board, locks, endRequests, times } = shared;
  const random = new Random(seed);
  const owner = blocking ? undefined : new LockOwner();
  const spend = () => blocking ? spendTimeSync(random) : spendTime(random);
  const end = death === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0; at < times; at++) {
    const which = random.int(0, locks.length - 1);
    const held = await acquire(shared, which, random, lane, owner);
    if (held !== undefined) {
      const leaveSection = enterSection(shared, which, lane);
      const deepest = random.int(1, 4);
      for (let depth = 1; depth <= deepest; depth++) {
        if (held.lock.depth !== depth) {
          throw new Violation(`depth ${held.lock.depth}, not ${depth}`);
        }
        await spend();
        if (depth < deepest) await acquireAgain(held, random);
      }
      if (!blocking && held.lock.tryAcquire() !== undefined) {
        throw new Violation(`lock ${which}: the isolate holds a lock that belongs to its promise`);
      }
      if (at >= end && end >= 0) await endWorker(death!, random, endRequests, id);
      for (let depth = deepest; depth > 1; depth--) {
        releaseOnce(held, random);
        await spend();
        if (held.lock.depth !== depth - 1) throw new Violation(`depth ${held.lock.depth}`);
      }
      leaveSection();
      releaseOnce(held, random);
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
  owner: LockOwner | undefined,
): Promise<Held | undefined> {
  const lock = locks[which];
  const way = random.int(0, 6);
  const timeoutMs = random.int(0, 3);
  const isSync = owner === undefined;
  setActivity(board, lane, isSync || way === 2 ? "acquireSync" : "acquire");
  const get = (): Promise<RLockGuard> | RLockGuard | undefined => {
    if (way === 0) return lock.tryAcquire({ owner });
    if (way === 1) {
      return isSync ? lock.acquireSync({ timeoutMs }) : lock.acquire({ owner, timeoutMs });
    }
    if (way === 2) return lock.acquireSync({ owner, timeoutMs });
    if (isSync) return lock.acquireSync();
    if (way > 3) return lock.acquire({ owner });
    return withAbort(random, (signal) => lock.acquire({ owner, signal }));
  };
  try {
    const guard = isSync ? get() as RLockGuard | undefined : await get();
    return guard && { lock, owner, guards: [guard] };
  } catch (error) {
    if (error instanceof AbandonedLockError) {
      Atomics.store(inside, which, 0); // the lane inside is dead
      return { lock, owner, guards: [] };
    }
    if (isTimeoutOrAbort(error)) return;
    throw error;
  }
}

/** Acquires the lock again, which does not wait. */
async function acquireAgain({ lock, owner, guards }: Held, random: Random): Promise<void> {
  const ownerOrGuard = owner !== undefined && guards.length > 0 && random.oneIn(2)
    ? guards[0]
    : owner;
  const way = random.int(0, 3);
  if (way === 0 && owner !== undefined) guards.push(await lock.acquire({ owner: ownerOrGuard }));
  else if (way === 1) guards.push(lock.acquireSync({ owner: ownerOrGuard, timeoutMs: 0 }));
  else if (way === 2) guards.push(lock.acquireSync({ owner: ownerOrGuard }));
  else {
    const guard = lock.tryAcquire({ owner: ownerOrGuard });
    if (guard === undefined) throw new Violation("an owner cannot acquire its lock again");
    guards.push(guard);
  }
}

/** Releases the lock once, by any of its guards or without one. */
function releaseOnce({ lock, owner, guards }: Held, random: Random): void {
  const guard = guards.splice(random.int(0, guards.length - 1), 1).at(0);
  if (guard !== undefined && random.oneIn(2)) guard.release();
  else lock.release(random.oneIn(2) ? { owner } : undefined);
}

/** Runs one round; returns the number of operations. */
export async function rlockRound(seed: number, workers: number): Promise<number> {
  const makeLock = () => new RLock();
  const limits = { maxOurs: 2, maxTimes: 150 };
  return await exclusionRound(seed, workers, { makeLock, runLanes, ...limits });
}
