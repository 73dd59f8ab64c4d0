/**
 * Locks that their owner acquires again: lanes nest, and give up and free them in any order, while
 * they change a counter that they protect. Some die at some depth.
 *
 * A lane that only awaits is an owner of its own; one that blocks is alone in its worker. A lane that
 * awaits also blocks at times, for a moment: its thread then lends the wake-ups of its promises.
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
import { checkExclusion, type Exclusion, goIn, makeExclusion } from "./exclusion.ts";
import { beside, drawLanes, type Lane, runGroups } from "./groups.ts";
import { Random } from "./random.ts";
import {
  count,
  fates,
  gaveUp,
  meet,
  moment,
  momentSync,
  now,
  soonAborted,
  Violation,
} from "./round.ts";

type Shared = Exclusion<RLock>;

/** A lock that a lane holds: how to acquire and release it once more. */
interface Held {
  lock: RLock;
  /** Whose it is; `undefined`: the thread's. */
  owner: LockOwner | undefined;
  /** One for each acquire, but for that of a dead holder's lock. */
  guards: RLockGuard[];
}

const runLanes = task(import.meta, beside(runLane));

async function runLane(shared: Shared, { lane, seed, blocking, id, fate }: Lane): Promise<void> {
  const { board, locks, doomed, times } = shared;
  const random = new Random(seed);
  const owner = blocking ? undefined : new LockOwner();
  const spend = () => blocking ? momentSync(random) : moment(random);
  const end = fate === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0; at < times; at++) {
    const which = random.int(0, locks.length - 1);
    const held = await acquire(shared, which, random, lane, owner);
    if (held !== undefined) {
      const comeOut = goIn(shared, which, lane);
      const deepest = random.int(1, 4);
      for (let depth = 1; depth <= deepest; depth++) {
        if (held.lock.depth !== depth) {
          throw new Violation(`depth ${held.lock.depth}, not ${depth}`);
        }
        await spend();
        if (depth < deepest) await again(held, random);
      }
      if (!blocking && held.lock.tryAcquire() !== undefined) {
        throw new Violation(`lock ${which}: the thread holds what its promise holds`);
      }
      if (at >= end && end >= 0) await meet(fate!, random, doomed, id);
      for (let depth = deepest; depth > 1; depth--) {
        releaseOnce(held, random);
        await spend();
        if (held.lock.depth !== depth - 1) throw new Violation(`depth ${held.lock.depth}`);
      }
      comeOut();
      releaseOnce(held, random);
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
  owner: LockOwner | undefined,
): Promise<Held | undefined> {
  const lock = locks[which];
  const way = random.int(0, 6);
  const timeoutMs = random.int(0, 3);
  const isSync = owner === undefined;
  now(board, lane, isSync || way === 2 ? "acquireSync" : "acquire");
  const get = (): Promise<RLockGuard> | RLockGuard | undefined => {
    if (way === 0) return lock.tryAcquire({ owner });
    if (way === 1) {
      return isSync ? lock.acquireSync({ timeoutMs }) : lock.acquire({ owner, timeoutMs });
    }
    if (way === 2) return lock.acquireSync({ owner, timeoutMs });
    if (isSync) return lock.acquireSync();
    if (way > 3) return lock.acquire({ owner });
    return soonAborted(random, (signal) => lock.acquire({ owner, signal }));
  };
  try {
    const guard = isSync ? get() as RLockGuard | undefined : await get();
    return guard && { lock, owner, guards: [guard] };
  } catch (error) {
    if (error instanceof AbandonedLockError) {
      Atomics.store(inside, which, 0); // the one that was inside is dead
      return { lock, owner, guards: [] };
    }
    if (gaveUp(error)) return;
    throw error;
  }
}

/** Acquires it once more, which takes no time. */
async function again({ lock, owner, guards }: Held, random: Random): Promise<void> {
  const whose = owner !== undefined && guards.length > 0 && random.once(2) ? guards[0] : owner;
  const way = random.int(0, 3);
  if (way === 0 && owner !== undefined) guards.push(await lock.acquire({ owner: whose }));
  else if (way === 1) guards.push(lock.acquireSync({ owner: whose, timeoutMs: 0 }));
  else if (way === 2) guards.push(lock.acquireSync({ owner: whose }));
  else {
    const guard = lock.tryAcquire({ owner: whose });
    if (guard === undefined) throw new Violation("its owner cannot acquire a lock again");
    guards.push(guard);
  }
}

/** Releases one acquire, whichever it was. */
function releaseOnce({ lock, owner, guards }: Held, random: Random): void {
  const guard = guards.splice(random.int(0, guards.length - 1), 1).at(0);
  if (guard !== undefined && random.once(2)) guard.release();
  else lock.release(random.once(2) ? { owner } : undefined);
}

/** Runs one round; returns the number of operations. */
export async function rlockRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const { groups, ours, lanes } = drawLanes(
    random,
    workers,
    random.int(0, 2),
    () => random.perhaps(4, fates),
  );
  const locks = Array.from({ length: random.int(1, 2) }, () => new RLock());
  const shared = makeExclusion(locks, lanes, random.int(20, 150));
  await runGroups(runLanes, shared, groups, random, () => runLanes(shared, ours));
  return checkExclusion(shared);
}
