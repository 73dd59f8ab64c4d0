/**
 * Semaphores: never more lanes hold permits than there are, and no permit is lost except those of dead
 * workers. Some workers are ended while they wait, or at any other point.
 *
 * There are more permits than workers that die, so that some lane can always continue. At the end all
 * living lanes wait at a gate, a semaphore that then gets exactly as many permits, in several releases.
 *
 * @module
 */

import {
  BoundedSemaphore,
  type LockGuard,
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

/** Whether a lane holds a permit; `PERHAPS` while it acquires or releases one. */
const Holds = { NONE: 0, PERHAPS: 1, ONE: 2 } as const;

interface Shared {
  board: Board;
  semaphore: Semaphore;
  permits: number;
  /** Word 0: number of permits in use. */
  inside: Int32Array<SharedArrayBuffer>;
  /** Whether each lane holds a permit: a value of {@linkcode Holds}. */
  holds: Int32Array<SharedArrayBuffer>;
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
  const { board, semaphore, permits, inside, holds, endRequests, times } = shared;
  const random = new Random(seed);
  const end = death === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0; at < times; at++) {
    if (death === "any moment" && at === end) endRequests.putSync(id);
    Atomics.store(holds, lane, Holds.PERHAPS);
    const guard = await acquire(shared, random, lane, blocking);
    Atomics.store(holds, lane, guard === undefined ? Holds.NONE : Holds.ONE);
    if (guard !== undefined) {
      setActivity(board, lane, "holding");
      // More permits only by tryAcquire(): lanes that wait for each other's permits would deadlock.
      let more = 0;
      while (death === undefined && random.oneIn(3) && semaphore.tryAcquire() !== undefined) more++;
      const inUse = Atomics.add(inside, 0, 1 + more) + 1 + more;
      if (inUse > permits) throw new Violation(`${inUse} of ${permits} permits are in use`);
      if (blocking) spendTimeSync(random);
      else await spendTime(random);
      if (death !== undefined && death !== "any moment" && at >= end) {
        await endWorker(death, random, endRequests, id);
      }
      Atomics.sub(inside, 0, 1 + more);
      Atomics.store(holds, lane, Holds.PERHAPS);
      if (more > 0) semaphore.release(1 + more);
      else if (random.oneIn(2)) guard.release();
      else semaphore.release();
      Atomics.store(holds, lane, Holds.NONE);
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
    if (isTimeoutOrAbort(error)) return;
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
  const permits = groups.filter(([{ death }]) => death !== undefined).length + random.int(1, 3);
  const isBounded = random.oneIn(2);
  const semaphore = isBounded ? new BoundedSemaphore(permits) : new Semaphore(permits);
  const shared: Shared = {
    board: makeBoard(lanes),
    semaphore,
    permits,
    inside: sharedWords(1),
    holds: sharedWords(lanes),
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
  const lost = () => permits - semaphore.value;
  const holding = (min: number) => shared.holds.filter((value) => value >= min).length;
  const isConserved = () => lost() >= holding(Holds.ONE) && lost() <= holding(Holds.PERHAPS);
  if (!await becomesTrue(isConserved)) {
    throw new Violation(
      `${lost()} of ${permits} permits are lost; dead lanes held ${holding(Holds.ONE)} to ` +
        `${holding(Holds.PERHAPS)}`,
    );
  }
  if (shared.gate.value !== 0) throw new Violation(`the gate has ${shared.gate.value} permits`);
  if (lost() > 0) semaphore.release(lost());
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
