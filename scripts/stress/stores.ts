/**
 * Queues that join, stacks and priority queues: nothing lost, nothing twice, everything in its order,
 * and who joins is told exactly what was lost with workers that died.
 *
 * Each queue has joiners that join again and again, one in the main thread. A round is of one of
 * three kinds: what is put is consumed by somebody whom nothing can stop; or part of it is left, and
 * the main thread looks at the order of the rest; or it is dropped in the middle.
 *
 * @module
 */

import {
  ClosedError,
  Empty,
  Full,
  JoinableQueue,
  LifoQueue,
  PriorityQueue,
  Process,
  task,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import { drawGroups, type Group, immortal, startGroups, terminateSoon } from "./groups.ts";
import { checkFilling, filling, getSomehow, neverGot, noteGot, putSomehow } from "./queues.ts";
import { Random } from "./random.ts";
import {
  ABORTED,
  type Board,
  count,
  die,
  guarded,
  HANG_MS,
  joinAll,
  makeBoard,
  now,
  pause,
  settled,
  sharedWords,
  total,
  Violation,
} from "./round.ts";

/** Priority, producer, number, and something to fill the message up. */
type Item = [priority: number, producer: number, number: number, filling: string | Uint8Array];

interface Shared {
  board: Board;
  queues: JoinableQueue<Item>[];
  /** Items that each producing lane has put, by queue. */
  put: Int32Array<SharedArrayBuffer>[];
  /** How often each item was got, by queue: producer * times + number. */
  got: Int32Array<SharedArrayBuffer>[];
  /** Items that joiners were told are lost, by queue. */
  told: Int32Array<SharedArrayBuffer>;
  /** Whether the joiners are to end. */
  over: Int32Array<SharedArrayBuffer>;
  times: number;
  /** Whether consumers stop while there is something left. */
  leave: boolean;
}

interface Lane {
  lane: number;
  seed: number;
  role: "produce" | "consume" | "join" | "drop";
  queue: number;
  blocking: boolean;
  /** After how many operations the worker exits or throws; -1: never. */
  end: number;
}

const runLanes = task(import.meta, async (shared: Shared, lanes: Lane[]) => {
  const roles = { produce, consume, join, drop };
  await Promise.all(lanes.map((lane) => roles[lane.role](shared, lane)));
});

async function produce(shared: Shared, { lane, seed, queue: which, blocking, end }: Lane) {
  const { board, queues, put, times } = shared;
  const random = new Random(seed);
  for (let number = 0; number < times;) {
    if (number === end) die(random);
    const item: Item = [random.int(0, 3), lane, number, filling(random)];
    try {
      await putSomehow(board, queues[which], item, random, lane, blocking);
      put[which][lane] = ++number;
      count(board, lane);
    } catch (error) {
      if (error instanceof ClosedError) break;
      if (!(error instanceof Full) && error !== ABORTED) throw error;
    }
    await pause(random, blocking);
  }
  now(board, lane, "ended");
}

async function consume(shared: Shared, { lane, seed, queue: which, blocking, end }: Lane) {
  const { board, queues, leave, times } = shared;
  const queue = queues[which];
  const random = new Random(seed);
  let inHand = 0;
  for (let at = 0; !leave || at < times; at++) {
    try {
      const item = await getSomehow(board, queue, random, lane, blocking, !leave && inHand === 0);
      inHand++;
      note(shared, which, item);
      count(board, lane);
    } catch (error) {
      if (error instanceof ClosedError) break;
      if (!(error instanceof Empty) && error !== ABORTED) throw error;
    }
    if (at === end) die(random);
    await pause(random, blocking);
    for (; inHand > 0 && random.once(2); inHand--) queue.taskDone();
  }
  for (; inHand > 0; inHand--) queue.taskDone();
  now(board, lane, "ended");
}

function note({ got, times }: Shared, which: number, item: Item): void {
  const [, producer, number, filling] = item;
  noteGot(got[which], times, producer, number);
  checkFilling(filling);
}

async function join(shared: Shared, { lane, seed, queue: which, blocking }: Lane) {
  const { board, queues, told, over } = shared;
  const queue = queues[which];
  const random = new Random(seed);
  while (Atomics.load(over, 0) === 0) {
    const sync = blocking && random.once(2);
    now(board, lane, sync ? "joinSync" : "join");
    const timeoutMs = random.once(3) ? random.int(0, 3) : HANG_MS * 2;
    try {
      if (sync) queue.joinSync({ timeoutMs });
      else await queue.join({ timeoutMs });
      count(board, lane);
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      Atomics.add(told, which, Number(/marked (\d+) items/.exec(error.message)?.[1] ?? 1));
    }
    await new Promise((resolve) => setTimeout(resolve, random.int(0, 2)));
  }
  now(board, lane, "ended");
}

async function drop({ queues, board }: Shared, { lane, seed, queue: which }: Lane) {
  const random = new Random(seed);
  await new Promise((resolve) => setTimeout(resolve, random.int(0, 30)));
  queues[which].shutdown({ immediate: true });
  now(board, lane, "ended");
}

/** Runs one round; returns the number of operations. */
export async function storeRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const times = random.int(20, 120);
  const [leave, dropping] = random.pick([[false, false], [true, false], [false, true]]);
  const queueCount = random.int(1, 2);
  const indices = Array.from({ length: queueCount }, (_, at) => at);
  let laneCount = 0;
  const makeLane = (role: Lane["role"], queue: number, blocking: boolean, end = -1): Lane => ({
    lane: laneCount++,
    seed: random.fork(),
    role,
    queue,
    blocking,
    end,
  });
  const groups: Group<Lane>[] = [];
  const add = (lane: Lane) => groups.push(immortal(lane));
  const inMain: Lane[] = indices.map((queue) => makeLane("join", queue, false));
  let joiners = 1;
  if (random.once(3)) {
    joiners++;
    for (const queue of indices) add(makeLane("join", queue, random.once(2)));
  }
  for (const queue of indices) {
    add(makeLane("consume", queue, random.once(2)));
    if (dropping && random.once(2)) add(makeLane("drop", queue, false));
  }
  groups.push(
    ...drawGroups(
      random,
      workers,
      { times, ends: 3, terminated: 4 },
      ({ role, blocking, end }) => makeLane(role, random.int(0, queueCount - 1), blocking, end),
    ),
  );
  const shared: Shared = {
    board: makeBoard(laneCount),
    queues: indices.map(() => {
      const kind = random.pick([JoinableQueue, LifoQueue, PriorityQueue]);
      return new kind<Item>(leave ? 0 : random.pick([0, 1, 3, 20]));
    }),
    put: indices.map(() => sharedWords(laneCount)),
    got: indices.map(() => sharedWords(laneCount * times)),
    told: sharedWords(queueCount),
    over: sharedWords(1),
    times,
    leave,
  };
  const joining = runLanes(shared, inMain);
  joining.catch(() => {}); // it is looked at when the workers have ended
  const members = startGroups(
    groups,
    (lanes) => new Process({ target: runLanes, args: [shared, lanes] }),
  );
  using _ = terminateSoon(members, random);
  const those = (role: Lane["role"]) => members.filter(({ lanes }) => lanes[0].role === role);
  await joinAll([...those("drop"), ...those("produce")], shared.board);
  if (leave) await joinAll(those("consume"), shared.board);
  shared.queues.forEach((queue) => random.once(2) ? queue.close() : queue.shutdown());
  await joinAll(those("consume"), shared.board);
  for (const which of indices) {
    if (leave) drain(shared, which);
    if (shared.queues[which].size() !== 0) throw new Violation(`queue ${which}: items are left`);
    const lost = await checkTold(shared, which, joiners > 1);
    if (!dropping) checkGot(shared, which, groups, lost);
  }
  Atomics.store(shared.over, 0, 1);
  for (const queue of shared.queues) while (queue.unfinishedTasks > 0) queue.taskDone();
  await guarded(joining, shared.board, "the main thread");
  await joinAll(those("join"), shared.board);
  return total(shared.board);
}

/** Gets what was left, and checks its order. */
function drain(shared: Shared, which: number): void {
  const queue = shared.queues[which];
  const rest: Item[] = [];
  for (let length = queue.size(); length > 0; length--) rest.push(queue.getSync());
  rest.forEach((item) => note(shared, which, item));
  rest.forEach(() => queue.taskDone());
  for (let at = 1; at < rest.length; at++) {
    const [priority, , number] = rest[at];
    if (queue instanceof PriorityQueue && rest[at - 1][0] > priority) {
      throw new Violation(`queue ${which}: priority ${priority} came after ${rest[at - 1][0]}`);
    }
    const before = rest.findLast(([its, producer], index) =>
      index < at && producer === rest[at][1] &&
      (!(queue instanceof PriorityQueue) || its === priority)
    );
    if (before !== undefined && before[2] < number !== !(queue instanceof LifoQueue)) {
      throw new Violation(`queue ${which}: ${number} came after ${before[2]} of the same producer`);
    }
  }
}

/**
 * Waits until the joiners were told all that is unfinished, since everybody has ended.
 *
 * @returns how many items died in somebody's hands
 */
async function checkTold({ queues, told }: Shared, which: number, several: boolean) {
  const lost = queues[which].unfinishedTasks;
  if (!await settled(() => Atomics.load(told, which) >= lost)) {
    throw new Violation(`queue ${which}: ${lost} items are lost, and ${told[which]} were told`);
  }
  if (told[which] > lost && !several) { // several may be told the same
    throw new Violation(`queue ${which}: ${lost} items are lost, but ${told[which]} were told`);
  }
  return lost;
}

/** Checks that all that was put came out; what a mortal lane just got may not have been noted. */
function checkGot(
  { put, got, times }: Shared,
  which: number,
  groups: Group<Lane>[],
  lostInHand: number,
): void {
  const missing = neverGot(put[which], got[which], times).length;
  const mortal = groups.filter(({ doomed }) => doomed).flatMap(({ lanes }) => lanes)
    .filter(({ role, queue }) => role === "consume" && queue === which).length;
  if (missing > Math.min(mortal, lostInHand)) {
    throw new Violation(`queue ${which}: ${missing} are missing, ${lostInHand} were lost in hand`);
  }
}
