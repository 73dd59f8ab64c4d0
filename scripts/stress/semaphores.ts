/**
 * Semaphores: never more lanes hold permits than there are, and no permit is lost, also not those of workers
 * that died. Some workers are ended while they wait, or at any other point.
 *
 * At the end all living lanes wait at a gate, a semaphore that then gets exactly as many permits, in several releases.
 *
 * @module
 */

import {
  AbandonedLockError,
  BoundedSemaphore,
  LockGuard,
  Queue,
  Semaphore,
  task,
} from "@sauropod/multiprocessing";
import { concurrently, drawLanes, type Lane as BaseLane, runGroups } from "./groups.ts";
import { Random } from "./random.ts";
import {
  becomesTrue,
  type Board,
  countOperation,
  type Death,
  deaths,
  endWorker,
  isTimeoutOrAbort,
  makeBoard,
  poll,
  setActivity,
  sharedWords,
  spendTime,
  spendTimeSync,
  totalOperations,
  Violation,
  withAbort,
} from "./round.ts";

interface Shared {
  board: Board;
  semaphore: Semaphore;
  /** The most permits that may count as in use: those of a worker that dies do so for ever. */
  limit: number;
  /** Word 0: number of permits in use. */
  inside: Int32Array<SharedArrayBuffer>;
  endRequests: Queue<number>;
  times: number;
  gate: Semaphore;
  /** Word 0: number of lanes that wait at the gate. */
  atGate: Int32Array<SharedArrayBuffer>;
}

/** A worker that dies at `"any moment"` requests its end and continues until then. */
type Lane = BaseLane<Death | "any moment">;

const runLanes = task(import.meta, concurrently(runLane));

async function runLane(shared: Shared, { lane, seed, blocking, id, death }: Lane): Promise<void> {
  const { board, semaphore, limit, inside, endRequests, times } = shared;
  const random = new Random(seed);
  const end = death === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0; at < times; at++) {
    if (death === "any moment" && at === end) endRequests.putSync(id);
    const guard = await acquire(shared, random, lane, blocking);
    if (guard !== undefined) {
      setActivity(board, lane, "holding");
      // More permits only by tryAcquire(): lanes that wait for each other's permits would deadlock.
      let more = 0;
      while (death === undefined && random.oneIn(3) && tryMore(semaphore)) more++;
      const inUse = Atomics.add(inside, 0, 1 + more) + 1 + more;
      if (inUse > limit) {
        throw new Violation(`${inUse} permits are in use; at most ${limit} can be`);
      }
      if (blocking) spendTimeSync(random);
      else await spendTime(random);
      if (death !== undefined && death !== "any moment" && at >= end) {
        await endWorker(death, random, endRequests, id);
      }
      Atomics.sub(inside, 0, 1 + more);
      if (more > 0) semaphore.release(1 + more);
      else if (random.oneIn(2)) guard.release();
      else semaphore.release();
    }
    countOperation(board, lane);
    if (!blocking) await spendTime(random);
  }
  if (death === undefined) {
    setActivity(board, lane, blocking ? "waitSync" : "wait");
    Atomics.add(shared.atGate, 0, 1);
    if (blocking) shared.gate.acquireSync();
    else await shared.gate.acquire();
  }
  setActivity(board, lane, "ended");
}

/** Opens the gate for all lanes, once all of them wait there. */
async function openGate({ gate, atGate }: Shared, lanes: number, random: Random): Promise<void> {
  await poll(() => Atomics.load(atGate, 0) >= lanes);
  for (let left = lanes; left > 0;) {
    const n = random.int(1, left);
    gate.release(n);
    left -= n;
    await spendTime(random);
  }
}

/** Acquires a permit; returns `undefined` if the wait times out or is aborted. */
async function acquire(
  { board, semaphore }: Shared,
  random: Random,
  lane: number,
  blocking: boolean,
): Promise<LockGuard | undefined> {
  const way = random.int(0, 7);
  const timeoutMs = random.int(0, 3);
  try {
    if (way === 0) return semaphore.tryAcquire();
    setActivity(board, lane, blocking || way === 1 ? "acquireSync" : "acquire");
    if (way === 1) return semaphore.acquireSync({ timeoutMs }); // blocks the other promises for a short time
    if (blocking) return semaphore.acquireSync();
    if (way === 2) return await semaphore.acquire({ timeoutMs });
    if (way === 3) return await withAbort(random, (signal) => semaphore.acquire({ signal }));
    return await semaphore.acquire();
  } catch (error) {
    if (error instanceof AbandonedLockError) return new LockGuard(semaphore); // the permit of a dead worker
    if (isTimeoutOrAbort(error)) return;
    throw error;
  }
}

function tryMore(semaphore: Semaphore): boolean {
  try {
    return semaphore.tryAcquire() !== undefined;
  } catch (error) {
    if (error instanceof AbandonedLockError) return true;
    throw error;
  }
}

/** Runs one round; returns the number of operations. */
export async function semaphoreRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const { groups, ours, lanes } = drawLanes(
    random,
    workers,
    random.int(0, 2),
    () => random.perhaps(3, [...deaths, "any moment"] as const),
  );
  const permits = random.int(1, 4);
  const dying = groups.flat().filter(({ death }) => death !== undefined).length;
  const isBounded = random.oneIn(2);
  const semaphore = isBounded ? new BoundedSemaphore(permits) : new Semaphore(permits);
  const shared: Shared = {
    board: makeBoard(lanes),
    semaphore,
    limit: permits + dying,
    inside: sharedWords(1),
    endRequests: new Queue<number>(),
    times: random.int(20, 200),
    gate: new Semaphore(0),
    atGate: sharedWords(1),
  };
  const living = [...groups.flat(), ...ours].filter(({ death }) => death === undefined).length;
  await runGroups(
    runLanes,
    shared,
    groups,
    random,
    () =>
      Promise.all([runLanes(shared, ours), openGate(shared, living, new Random(random.fork()))]),
  );
  if (!await becomesTrue(() => semaphore.value === permits)) {
    throw new Violation(`${semaphore.value} of ${permits} permits are available`);
  }
  if (shared.gate.value !== 0) throw new Violation(`the gate has ${shared.gate.value} permits`);
  if (isBounded && !throwsRangeError(() => semaphore.release())) {
    throw new Violation("a BoundedSemaphore was released too often");
  }
  return totalOperations(shared.board);
}

function throwsRangeError(release: () => void): boolean {
  try {
    release();
    return false;
  } catch (error) {
    if (error instanceof RangeError) return true;
    throw error;
  }
}
