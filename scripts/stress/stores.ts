/**
 * Joinable queues, stacks and priority queues: no item is lost or received twice, items come in order,
 * and join() reports exactly the items that were lost with workers that died.
 *
 * Each queue has lanes that join it repeatedly, one of them in the main isolate. A round is of one of
 * three kinds: a consumer that does not die takes all items; or consumers keep a rest, whose order the
 * main isolate checks; or a lane shuts the queue down at a random time.
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
  task,
  WorkerDiedError,
} from "@sauropod/multiprocessing";
import {
  drawGroups,
  type Group,
  makeProcess,
  mortalLanes,
  startGroups,
  terminateSoon,
  unstoppable,
  withRole,
} from "./groups.ts";
import {
  checkFilling,
  getOnce,
  lostItems,
  makeFilling,
  putOnce,
  type QueueLane,
  QueueLanes,
  recordGot,
} from "./queue_items.ts";
import { Random } from "./random.ts";
import {
  ABORT_REASON,
  becomesTrue,
  type Board,
  countOperation,
  exitOrThrow,
  joinAll,
  makeBoard,
  patience,
  pause,
  setActivity,
  sharedWords,
  totalOperations,
  Violation,
  withWatchdog,
} from "./round.ts";

/** Priority, producer, number, and contents of varying size. */
type Item = [priority: number, producer: number, number: number, filling: string | Uint8Array];

interface Shared {
  board: Board;
  queues: JoinableQueue<Item>[];
  /** Number of items that each producing lane has put, by queue. */
  put: Int32Array<SharedArrayBuffer>[];
  /** How often each item was received, by queue, at index producer * times + number. */
  got: Int32Array<SharedArrayBuffer>[];
  /** Number of items that join() reported as lost, by queue. */
  reported: Int32Array<SharedArrayBuffer>;
  /** Word 0: 1 if the joiners are to end. */
  stop: Int32Array<SharedArrayBuffer>;
  times: number;
  /** Whether consumers stop while items are left. */
  keepsRest: boolean;
}

type Lane = QueueLane<"produce" | "consume" | "join" | "drop">;

const runLanes = task(import.meta, async (shared: Shared, lanes: Lane[]) => {
  const roles = { produce, consume, join, drop };
  await Promise.all(lanes.map((lane) => roles[lane.role](shared, lane)));
});

async function produce(shared: Shared, { lane, seed, queue: which, blocking, dieAfter }: Lane) {
  const { board, queues, put, times } = shared;
  const random = new Random(seed);
  for (let number = 0; number < times;) {
    if (number === dieAfter) exitOrThrow(random);
    const item: Item = [random.int(0, 3), lane, number, makeFilling(random)];
    try {
      await putOnce(board, queues[which], item, random, lane, blocking);
      put[which][lane] = ++number;
      countOperation(board, lane);
    } catch (error) {
      if (error instanceof ClosedError) break;
      if (!(error instanceof Full) && error !== ABORT_REASON) throw error;
    }
    await pause(random, blocking);
  }
  setActivity(board, lane, "ended");
}

async function consume(shared: Shared, { lane, seed, queue: which, blocking, dieAfter }: Lane) {
  const { board, queues, keepsRest, times } = shared;
  const queue = queues[which];
  const random = new Random(seed);
  let inHand = 0;
  for (let at = 0; !keepsRest || at < times; at++) {
    try {
      const item = await getOnce(board, queue, random, lane, blocking, !keepsRest && inHand === 0);
      inHand++;
      recordItem(shared, which, item);
      countOperation(board, lane);
    } catch (error) {
      if (error instanceof ClosedError) break;
      if (!(error instanceof Empty) && error !== ABORT_REASON) throw error;
    }
    if (at === dieAfter) exitOrThrow(random);
    await pause(random, blocking);
    for (; inHand > 0 && random.oneIn(2); inHand--) queue.taskDone();
  }
  for (; inHand > 0; inHand--) queue.taskDone();
  setActivity(board, lane, "ended");
}

function recordItem({ got, times }: Shared, which: number, item: Item): void {
  const [, producer, number, filling] = item;
  recordGot(got[which], times, producer, number);
  checkFilling(filling);
}

async function join(shared: Shared, { lane, seed, queue: which, blocking }: Lane) {
  const { board, queues, reported, stop } = shared;
  const queue = queues[which];
  const random = new Random(seed);
  while (Atomics.load(stop, 0) === 0) {
    const sync = blocking && random.oneIn(2);
    setActivity(board, lane, sync ? "joinSync" : "join");
    const timeoutMs = random.oneIn(3) ? random.int(0, 3) : patience.hangMs * 2;
    try {
      if (sync) queue.joinSync({ timeoutMs });
      else await queue.join({ timeoutMs });
      countOperation(board, lane);
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      Atomics.add(reported, which, Number(/(\d+) items/.exec(error.message)?.[1] ?? 1));
    }
    await new Promise((resolve) => setTimeout(resolve, random.int(0, 2)));
  }
  setActivity(board, lane, "ended");
}

async function drop({ queues, board }: Shared, { lane, seed, queue: which }: Lane) {
  const random = new Random(seed);
  await new Promise((resolve) => setTimeout(resolve, random.int(0, 30)));
  queues[which].shutdown({ immediate: true });
  setActivity(board, lane, "ended");
}

/** Runs one round; returns the number of operations. */
export async function storeRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const times = random.int(20, 120);
  const [keepsRest, dropping] = random.pick([[false, false], [true, false], [false, true]]);
  const queueCount = random.int(1, 2);
  const indices = Array.from({ length: queueCount }, (_, at) => at);
  const lanes = new QueueLanes<Lane["role"]>(random);
  const groups: Group<Lane>[] = [];
  const add = (lane: Lane) => groups.push(unstoppable(lane));
  const inMain: Lane[] = indices.map((queue) => lanes.make("join", queue, false));
  let joiners = 1;
  if (random.oneIn(3)) {
    joiners++;
    for (const queue of indices) add(lanes.make("join", queue, random.oneIn(2)));
  }
  for (const queue of indices) {
    add(lanes.make("consume", queue, random.oneIn(2)));
    if (dropping && random.oneIn(2)) add(lanes.make("drop", queue, false));
  }
  groups.push(
    ...drawGroups(
      random,
      workers,
      { times, ends: 3, terminated: 4 },
      ({ role, blocking, dieAfter }) =>
        lanes.make(role, random.int(0, queueCount - 1), blocking, dieAfter),
    ),
  );
  const shared: Shared = {
    board: makeBoard(lanes.count),
    queues: indices.map(() => {
      const kind = random.pick([JoinableQueue, LifoQueue, PriorityQueue]);
      return new kind<Item>(keepsRest ? 0 : random.pick([0, 1, 3, 20]));
    }),
    put: indices.map(() => sharedWords(lanes.count)),
    got: indices.map(() => sharedWords(lanes.count * times)),
    reported: sharedWords(queueCount),
    stop: sharedWords(1),
    times,
    keepsRest,
  };
  const joining = runLanes(shared, inMain);
  joining.catch(() => {}); // awaited when the workers have ended
  const members = startGroups(groups, (lanes) => makeProcess(runLanes, shared, lanes));
  using _ = terminateSoon(members, random);
  await joinAll([...withRole(members, "drop"), ...withRole(members, "produce")], shared.board);
  if (keepsRest) await joinAll(withRole(members, "consume"), shared.board);
  shared.queues.forEach((queue) => random.oneIn(2) ? queue.close() : queue.shutdown());
  await joinAll(withRole(members, "consume"), shared.board);
  for (const which of indices) {
    if (keepsRest) drain(shared, which);
    if (shared.queues[which].size() !== 0) throw new Violation(`queue ${which}: items are left`);
    const lost = await checkReported(shared, which, joiners > 1);
    if (!dropping) checkGot(shared, which, groups, lost);
  }
  Atomics.store(shared.stop, 0, 1);
  for (const queue of shared.queues) while (queue.unfinishedTasks > 0) queue.taskDone();
  await withWatchdog(joining, shared.board, "the main isolate");
  await joinAll(withRole(members, "join"), shared.board);
  return totalOperations(shared.board);
}

/** Gets the items that are left, and checks their order. */
function drain(shared: Shared, which: number): void {
  const queue = shared.queues[which];
  const rest: Item[] = [];
  for (let length = queue.size(); length > 0; length--) rest.push(queue.getSync());
  rest.forEach((item) => recordItem(shared, which, item));
  rest.forEach(() => queue.taskDone());
  for (let at = 1; at < rest.length; at++) {
    const [priority, , number] = rest[at];
    if (queue instanceof PriorityQueue && rest[at - 1][0] > priority) {
      throw new Violation(`queue ${which}: priority ${priority} came after ${rest[at - 1][0]}`);
    }
    const before = rest.findLast(([otherPriority, producer], index) =>
      index < at && producer === rest[at][1] &&
      (!(queue instanceof PriorityQueue) || otherPriority === priority)
    );
    if (before !== undefined && before[2] < number !== !(queue instanceof LifoQueue)) {
      throw new Violation(`queue ${which}: ${number} came after ${before[2]} of the same producer`);
    }
  }
}

/**
 * Waits until join() has reported all unfinished items: all consumers have ended.
 *
 * @param several whether several lanes join, which may get the same report
 * @returns the number of items that were lost with consumers
 */
async function checkReported({ queues, reported }: Shared, which: number, several: boolean) {
  const lost = queues[which].unfinishedTasks;
  if (!await becomesTrue(() => Atomics.load(reported, which) >= lost)) {
    throw new Violation(
      `queue ${which}: ${lost} items are lost, and ${reported[which]} were reported`,
    );
  }
  if (reported[which] > lost && !several) {
    throw new Violation(
      `queue ${which}: ${lost} items are lost, but ${reported[which]} were reported`,
    );
  }
  return lost;
}

/** Checks that each item was received, except one for each consumer that may have died before recording. */
function checkGot(
  { put, got, times }: Shared,
  which: number,
  groups: Group<Lane>[],
  lostByConsumers: number,
): void {
  const missing = lostItems(put[which], got[which], times).length;
  const mortal = mortalLanes(groups)
    .filter(({ role, queue }) => role === "consume" && queue === which).length;
  if (missing > Math.min(mortal, lostByConsumers)) {
    throw new Violation(
      `queue ${which}: ${missing} are missing, ${lostByConsumers} were lost by consumers`,
    );
  }
}
