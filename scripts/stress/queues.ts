/**
 * Queues: nothing lost, nothing twice, first in first out for each producer, and everybody ends.
 *
 * A worker has lanes that produce or lanes that consume, and either blocks or awaits at random, its
 * other promises waiting meanwhile. Each queue has one consumer that nothing can stop, in the main
 * thread or alone in a worker.
 *
 * @module
 */

import { ClosedError, Empty, Full, Process, Queue, task } from "@sauropod/multiprocessing";
import { drawGroups, type Group, immortal, startGroups, terminateSoon } from "./groups.ts";
import { Random } from "./random.ts";
import {
  ABORTED,
  type Board,
  count,
  die,
  guarded,
  joinAll,
  makeBoard,
  now,
  pause,
  sharedWords,
  soonAborted,
  total,
  Violation,
} from "./round.ts";

/** Producer, number, and something to fill the message up. */
type Item = [producer: number, number: number, filling: string | Uint8Array];

interface Shared {
  board: Board;
  queues: Queue<Item>[];
  /** Items that each producing lane has put, by queue. */
  put: Int32Array<SharedArrayBuffer>[];
  /** How often each item was got, by queue: producer * times + number. */
  got: Int32Array<SharedArrayBuffer>[];
  times: number;
}

interface Lane {
  lane: number;
  seed: number;
  role: "produce" | "consume";
  queue: number;
  /** Whether to block as well as to await. */
  blocking: boolean;
  /** After how many operations the worker exits or throws; -1: never. */
  end: number;
}

const runLanes = task(import.meta, async (shared: Shared, lanes: Lane[]) => {
  await Promise.all(
    lanes.map((lane) => (lane.role === "produce" ? produce : consume)(shared, lane)),
  );
});

async function produce(shared: Shared, { lane, seed, queue: which, blocking, end }: Lane) {
  const { board, queues, put, times } = shared;
  const queue = queues[which];
  const random = new Random(seed);
  for (let number = 0; number < times;) {
    if (number === end) die(random);
    const item: Item = [lane, number, filling(random)];
    try {
      await putSomehow(board, queue, item, random, lane, blocking);
      put[which][lane] = ++number;
      count(board, lane);
    } catch (error) {
      if (!(error instanceof Full) && error !== ABORTED) throw error;
    }
    await pause(random, blocking);
  }
  now(board, lane, "ended");
}

/**
 * Puts an item in one of the ways there are.
 *
 * @throws {Full} or `ABORTED`, if it did not
 */
export async function putSomehow<T>(
  board: Board,
  queue: Queue<T>,
  item: T,
  random: Random,
  lane: number,
  blocking: boolean,
): Promise<void> {
  const way = random.int(0, 7);
  const timeoutMs = random.int(0, 3);
  now(board, lane, blocking && way < 4 ? "putSync" : "put");
  if (way === 0) {
    if (!queue.tryPut(item)) throw new Full();
  } else if (way === 1 && blocking) queue.putSync(item, { timeoutMs });
  else if (way < 4 && blocking) queue.putSync(item);
  else if (way === 4) await queue.put(item, { timeoutMs });
  else if (way === 5) await soonAborted(random, (signal) => queue.put(item, { signal }));
  else await queue.put(item);
}

async function consume(shared: Shared, { lane, seed, queue: which, blocking, end }: Lane) {
  const { board, queues, got, times } = shared;
  const queue = queues[which];
  const random = new Random(seed);
  const last = new Map<number, number>();
  for (let at = 0;; at++) {
    if (at === end) die(random);
    let item: Item;
    try {
      item = await getSomehow(board, queue, random, lane, blocking);
    } catch (error) {
      if (error instanceof ClosedError) break;
      if (error instanceof Empty || error === ABORTED) {
        await pause(random, blocking);
        continue;
      }
      throw error;
    }
    const [producer, number, filling] = item;
    noteGot(got[which], times, producer, number);
    if (number <= (last.get(producer) ?? -1)) {
      throw new Violation(
        `queue ${which}: item ${number} of lane ${producer} came after ${last.get(producer)}`,
      );
    }
    last.set(producer, number);
    checkFilling(filling);
    count(board, lane);
    await pause(random, blocking);
  }
  now(board, lane, "ended");
}

/**
 * Gets an item in one of the ways there are.
 *
 * @param patient whether it may wait until there is one
 * @throws {Empty} or `ABORTED`, if it did not
 */
export async function getSomehow<T>(
  board: Board,
  queue: Queue<T>,
  random: Random,
  lane: number,
  blocking: boolean,
  patient = true,
): Promise<T> {
  const way = patient ? random.int(0, 7) : random.pick([0, blocking ? 1 : 4, 4, 5]);
  const timeoutMs = random.int(0, 3);
  now(board, lane, blocking && way < 4 ? "getSync" : "get");
  if (way === 0) {
    const found = queue.tryGet();
    if (found === undefined) throw new Empty();
    return found.value;
  }
  if (way === 1 && blocking) return queue.getSync({ timeoutMs });
  if (way < 4 && blocking) return queue.getSync();
  if (way === 4) return await queue.get({ timeoutMs });
  if (way === 5) return await soonAborted(random, (signal) => queue.get({ signal }));
  return await queue.get();
}

/** Notes in `got` that an item came: once only. */
export function noteGot(got: Int32Array, times: number, producer: number, number: number): void {
  if (Atomics.add(got, producer * times + number, 1) !== 0) {
    throw new Violation(`item ${number} of lane ${producer} came twice`);
  }
}

/** The items that were put and never came. */
export function neverGot(put: Int32Array, got: Int32Array, times: number): string[] {
  const lost: string[] = [];
  put.forEach((upTo, producer) => {
    for (let number = 0; number < upTo; number++) {
      if (got[producer * times + number] === 0) lost.push(`${number} of lane ${producer}`);
    }
  });
  return lost;
}

/** Small ones lie in the slots, larger ones in blocks of their own. */
export function filling(random: Random): string | Uint8Array {
  const length = random.pick([0, 3, 30, 200, 5000]);
  if (random.once(2)) return "x".repeat(length);
  return new Uint8Array(length).fill(length % 251);
}

/** Checks that a {@linkcode filling} is what it was. */
export function checkFilling(filling: string | Uint8Array): void {
  const intact = typeof filling === "string"
    ? /^x*$/.test(filling)
    : filling.every((byte) => byte === filling.length % 251);
  if (!intact) throw new Violation("an item came with other contents");
}

/** Runs one round; returns the number of operations. */
export async function queueRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const times = random.int(20, 150);
  const queueCount = random.int(1, 2);
  let lanes = 0;
  const makeLane = (role: Lane["role"], queue: number, blocking: boolean, end = -1): Lane => ({
    lane: lanes++,
    seed: random.fork(),
    role,
    queue,
    blocking,
    end,
  });
  const inMain: Lane[] = [];
  const groups: Group<Lane>[] = [];
  for (let queue = 0; queue < queueCount; queue++) {
    if (random.once(2)) inMain.push(makeLane("consume", queue, false));
    else groups.push(immortal(makeLane("consume", queue, random.once(2))));
  }
  groups.push(
    ...drawGroups(
      random,
      workers,
      { times, ends: 5, terminated: 6 },
      ({ role, blocking, end }) => makeLane(role, random.int(0, queueCount - 1), blocking, end),
    ),
  );
  const indices = Array.from({ length: queueCount }, (_, at) => at);
  const shared: Shared = {
    board: makeBoard(lanes),
    queues: indices.map(() => new Queue<Item>(random.pick([0, 1, 3, 20]))),
    put: indices.map(() => sharedWords(lanes)),
    got: indices.map(() => sharedWords(lanes * times)),
    times,
  };
  const consuming = runLanes(shared, inMain);
  const members = startGroups(
    groups,
    (lanes) => new Process({ target: runLanes, args: [shared, lanes] }),
  );
  using _ = terminateSoon(members, random);
  const those = (role: Lane["role"]) => members.filter(({ lanes }) => lanes[0].role === role);
  await joinAll(those("produce"), shared.board);
  for (const queue of shared.queues) queue.close();
  await joinAll(those("consume"), shared.board);
  await guarded(consuming, shared.board, "the main thread");
  checkAll(shared, groups.flatMap((it) => (it.doomed ? it.lanes : [])));
  return total(shared.board);
}

/** Checks that all that was put came out; what a lane had in hand may die with it. */
function checkAll({ queues, put, got, times }: Shared, mortal: Lane[]): void {
  queues.forEach((queue, which) => {
    if (queue.size() !== 0) {
      throw new Violation(`queue ${which}: ${queue.size()} items are left, and nobody got them`);
    }
    const lost = neverGot(put[which], got[which], times);
    const mayLose = mortal.filter((it) => it.role === "consume" && it.queue === which).length;
    if (lost.length > mayLose) {
      throw new Violation(`queue ${which}: lost ${lost.join(", ")} (${mayLose} may be)`);
    }
  });
}
