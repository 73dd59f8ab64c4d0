/**
 * Queues: no item is lost or received twice, the items of a producer stay in order, and all lanes end.
 *
 * The lanes of a worker either all produce or all consume. They block or await at random; while one
 * blocks, the other promises of its worker wait. Each queue has one consumer that does not die, in the
 * main isolate or alone in a worker.
 *
 * @module
 */

import { ClosedError, Empty, Full, Queue, task } from "@sauropod/multiprocessing";
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
  type Board,
  countOperation,
  exitOrThrow,
  joinAll,
  makeBoard,
  pause,
  setActivity,
  sharedWords,
  totalOperations,
  Violation,
  withWatchdog,
} from "./round.ts";

/** Producer, number, and contents of varying size. */
type Item = [producer: number, number: number, filling: string | Uint8Array];

interface Shared {
  board: Board;
  queues: Queue<Item>[];
  /** Number of items that each producing lane has put, by queue. */
  put: Int32Array<SharedArrayBuffer>[];
  /** How often each item was received, by queue, at index producer * times + number. */
  got: Int32Array<SharedArrayBuffer>[];
  times: number;
}

type Lane = QueueLane<"produce" | "consume">;

const runLanes = task(import.meta, async (shared: Shared, lanes: Lane[]) => {
  await Promise.all(
    lanes.map((lane) => (lane.role === "produce" ? produce : consume)(shared, lane)),
  );
});

async function produce(shared: Shared, { lane, seed, queue: which, blocking, dieAfter }: Lane) {
  const { board, queues, put, times } = shared;
  const queue = queues[which];
  const random = new Random(seed);
  for (let number = 0; number < times;) {
    if (number === dieAfter) exitOrThrow(random);
    const item: Item = [lane, number, makeFilling(random)];
    try {
      await putOnce(board, queue, item, random, lane, blocking);
      put[which][lane] = ++number;
      countOperation(board, lane);
    } catch (error) {
      if (!(error instanceof Full) && error !== ABORT_REASON) throw error;
    }
    await pause(random, blocking);
  }
  setActivity(board, lane, "ended");
}

async function consume(shared: Shared, { lane, seed, queue: which, blocking, dieAfter }: Lane) {
  const { board, queues, got, times } = shared;
  const queue = queues[which];
  const random = new Random(seed);
  const last = new Map<number, number>();
  for (let at = 0;; at++) {
    if (at === dieAfter) exitOrThrow(random);
    let item: Item;
    try {
      item = await getOnce(board, queue, random, lane, blocking);
    } catch (error) {
      if (error instanceof ClosedError) break;
      if (error instanceof Empty || error === ABORT_REASON) {
        await pause(random, blocking);
        continue;
      }
      throw error;
    }
    const [producer, number, filling] = item;
    recordGot(got[which], times, producer, number);
    if (number <= (last.get(producer) ?? -1)) {
      throw new Violation(
        `queue ${which}: item ${number} of lane ${producer} came after ${last.get(producer)}`,
      );
    }
    last.set(producer, number);
    checkFilling(filling);
    countOperation(board, lane);
    await pause(random, blocking);
  }
  setActivity(board, lane, "ended");
}

/** Runs one round; returns the number of operations. */
export async function queueRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const times = random.int(20, 150);
  const queueCount = random.int(1, 2);
  const lanes = new QueueLanes<Lane["role"]>(random);
  const inMain: Lane[] = [];
  const groups: Group<Lane>[] = [];
  for (let queue = 0; queue < queueCount; queue++) {
    if (random.oneIn(2)) inMain.push(lanes.make("consume", queue, false));
    else groups.push(unstoppable(lanes.make("consume", queue, random.oneIn(2))));
  }
  groups.push(
    ...drawGroups(
      random,
      workers,
      { times, ends: 5, terminated: 6 },
      ({ role, blocking, dieAfter }) =>
        lanes.make(role, random.int(0, queueCount - 1), blocking, dieAfter),
    ),
  );
  const indices = Array.from({ length: queueCount }, (_, at) => at);
  const shared: Shared = {
    board: makeBoard(lanes.count),
    queues: indices.map(() => new Queue<Item>(random.pick([0, 1, 3, 20]))),
    put: indices.map(() => sharedWords(lanes.count)),
    got: indices.map(() => sharedWords(lanes.count * times)),
    times,
  };
  const consuming = runLanes(shared, inMain);
  const members = startGroups(groups, (lanes) => makeProcess(runLanes, shared, lanes));
  using _ = terminateSoon(members, random);
  await joinAll(withRole(members, "produce"), shared.board);
  for (const queue of shared.queues) queue.close();
  await joinAll(withRole(members, "consume"), shared.board);
  await withWatchdog(consuming, shared.board, "the main isolate");
  checkAll(shared, mortalLanes(groups));
  return totalOperations(shared.board);
}

/** Checks that each item was received, except one for each consumer that may have died with it. */
function checkAll({ queues, put, got, times }: Shared, mortal: Lane[]): void {
  queues.forEach((queue, which) => {
    if (queue.size() !== 0) {
      throw new Violation(`queue ${which}: ${queue.size()} items are left`);
    }
    const lost = lostItems(put[which], got[which], times);
    const mayLose = mortal.filter((it) => it.role === "consume" && it.queue === which).length;
    if (lost.length > mayLose) {
      throw new Violation(`queue ${which}: lost ${lost.join(", ")} (${mayLose} may be)`);
    }
  });
}
