/**
 * Semaphores: never more lanes inside than there are permits, and none of the permits is lost but
 * those that a dead worker had. Some workers are ended while they wait, or at any other moment.
 *
 * There are more permits than workers that die, so that somebody can always go on. In the end those
 * who live wait at a gate, to which there are exactly as many permits, given in a few releases.
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
import { beside, drawLanes, type Lane as BaseLane, runGroups } from "./groups.ts";
import { Random } from "./random.ts";
import {
  type Board,
  count,
  type Fate,
  fates,
  gaveUp,
  makeBoard,
  meet,
  moment,
  momentSync,
  now,
  settled,
  sharedWords,
  soonAborted,
  total,
  until,
  Violation,
} from "./round.ts";

/** What a lane may have of the semaphore: the permit is known to be its own only when it has `ONE`. */
const Has = { NONE: 0, PERHAPS: 1, ONE: 2 } as const;

interface Shared {
  board: Board;
  semaphore: Semaphore;
  permits: number;
  /** Permits that are in use: word 0. */
  inside: Int32Array<SharedArrayBuffer>;
  /** What each lane has. */
  has: Int32Array<SharedArrayBuffer>;
  doomed: Queue<number>;
  times: number;
  gate: Semaphore;
  /** Lanes that have come to the gate: word 0. */
  atGate: Int32Array<SharedArrayBuffer>;
}

/** One that ends at `"any moment"` asks to be ended, and goes on until then. */
type Lane = BaseLane<Fate | "any moment">;

const runLanes = task(import.meta, beside(runLane));

async function runLane(shared: Shared, { lane, seed, blocking, id, fate }: Lane): Promise<void> {
  const { board, semaphore, permits, inside, has, doomed, times } = shared;
  const random = new Random(seed);
  const end = fate === undefined ? -1 : random.int(0, times - 1);
  for (let at = 0; at < times; at++) {
    if (fate === "any moment" && at === end) doomed.putSync(id);
    Atomics.store(has, lane, Has.PERHAPS);
    const guard = await acquire(shared, random, lane, blocking);
    Atomics.store(has, lane, guard === undefined ? Has.NONE : Has.ONE);
    if (guard !== undefined) {
      now(board, lane, "holding");
      // More at once, and only if that takes no time: else all could wait for each other's.
      let more = 0;
      while (fate === undefined && random.once(3) && semaphore.tryAcquire() !== undefined) more++;
      const most = Atomics.add(inside, 0, 1 + more) + 1 + more;
      if (most > permits) throw new Violation(`${most} of ${permits} permits are in use`);
      if (blocking) momentSync(random);
      else await moment(random);
      if (fate !== undefined && fate !== "any moment" && at >= end) {
        await meet(fate, random, doomed, id);
      }
      Atomics.sub(inside, 0, 1 + more);
      Atomics.store(has, lane, Has.PERHAPS);
      if (more > 0) semaphore.release(1 + more);
      else if (random.once(2)) guard.release();
      else semaphore.release();
      Atomics.store(has, lane, Has.NONE);
    }
    count(board, lane);
    if (!blocking) await moment(random);
  }
  if (fate === undefined) {
    now(board, lane, blocking ? "waitSync" : "wait");
    Atomics.add(shared.atGate, 0, 1);
    if (blocking) shared.gate.acquireSync();
    else await shared.gate.acquire();
  }
  now(board, lane, "ended");
}

/** Lets all who come to the gate through, once all have come. */
async function openGate({ gate, atGate }: Shared, lanes: number, random: Random): Promise<void> {
  await until(() => Atomics.load(atGate, 0) >= lanes);
  for (let left = lanes; left > 0;) {
    const n = random.int(1, left);
    gate.release(n);
    left -= n;
    await moment(random);
  }
}

/** Acquires a permit, or gives up. */
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
    now(board, lane, blocking || way === 1 ? "acquireSync" : "acquire");
    if (way === 1) return semaphore.acquireSync({ timeoutMs }); // blocks promises for a moment
    if (blocking) return semaphore.acquireSync();
    if (way === 2) return await semaphore.acquire({ timeoutMs });
    if (way === 3) return await soonAborted(random, (signal) => semaphore.acquire({ signal }));
    return await semaphore.acquire();
  } catch (error) {
    if (gaveUp(error)) return;
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
    () => random.perhaps(3, [...fates, "any moment"] as const),
  );
  const permits = groups.filter(([{ fate }]) => fate !== undefined).length + random.int(1, 3);
  const isBounded = random.once(2);
  const semaphore = isBounded ? new BoundedSemaphore(permits) : new Semaphore(permits);
  const shared: Shared = {
    board: makeBoard(lanes),
    semaphore,
    permits,
    inside: sharedWords(1),
    has: sharedWords(lanes),
    doomed: new Queue<number>(),
    times: random.int(20, 200),
    gate: new Semaphore(0),
    atGate: sharedWords(1),
  };
  const living = [...groups.flat(), ...ours].filter(({ fate }) => fate === undefined).length;
  await runGroups(
    runLanes,
    shared,
    groups,
    random,
    () =>
      Promise.all([runLanes(shared, ours), openGate(shared, living, new Random(random.fork()))]),
  );
  const lost = () => permits - semaphore.value;
  const having = (least: number) => shared.has.filter((what) => what >= least).length;
  const isConserved = () => lost() >= having(Has.ONE) && lost() <= having(Has.PERHAPS);
  if (!await settled(isConserved)) {
    throw new Violation(
      `${lost()} of ${permits} permits are lost; the dead had ${having(Has.ONE)} to ` +
        `${having(Has.PERHAPS)}`,
    );
  }
  if (shared.gate.value !== 0) throw new Violation(`the gate has ${shared.gate.value} permits`);
  if (lost() > 0) semaphore.release(lost());
  if (isBounded && !refuses(() => semaphore.release())) throw new Violation("it is not bounded");
  return total(shared.board);
}

function refuses(release: () => void): boolean {
  try {
    release();
    return false;
  } catch (error) {
    if (error instanceof RangeError) return true;
    throw error;
  }
}
