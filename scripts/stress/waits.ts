/**
 * Waiting for several objects: consumers wait for overlapping sets of queues, take from the ready ones or
 * leave them to others, and die. Each item is received once, and no consumer sleeps while a queue has an
 * item. Each worker reports its operations through a pipe; the main isolate waits for all pipes, and for
 * all processes.
 *
 * Most queues hold one item, so a producer continues only after its item was taken, and queues are closed
 * when they are empty. So no later wake-up hides that one was lost.
 *
 * @module
 */

import {
  ClosedError,
  type Connection,
  Empty,
  EOFError,
  Event,
  Full,
  Pipe,
  Queue,
  task,
  waitAny,
  waitAnySync,
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
import { lostItems, recordGot } from "./queue_items.ts";
import { Random } from "./random.ts";
import {
  ABORT_REASON,
  becomesTrue,
  type Board,
  countOperation,
  exitOrThrow,
  hangViolation,
  joinAll,
  makeBoard,
  type Member,
  patience,
  pause,
  poll,
  setActivity,
  sharedWords,
  totalOperations,
  Violation,
  withAbort,
  withWatchdog,
} from "./round.ts";

/** Producer and number. */
type Item = [producer: number, number: number];

interface Shared {
  board: Board;
  queues: Queue<Item>[];
  /** Set and cleared by producers, to wake consumers without an item. */
  pulse: Event;
  /** Number of items of each queue that were taken. */
  taken: Int32Array<SharedArrayBuffer>;
  /** Number of items that each producing lane has put. */
  put: Int32Array<SharedArrayBuffer>;
  /** How often each item was received, at index producer * times + number. */
  got: Int32Array<SharedArrayBuffer>;
  /** Number of reports that each lane has sent. */
  reports: Int32Array<SharedArrayBuffer>;
  times: number;
  /** Whether no wait has a time limit: a consumer that is not woken never checks again. */
  onlyUntimed: boolean;
}

interface Lane {
  lane: number;
  seed: number;
  role: "produce" | "consume";
  /** The queues that it puts into, or waits for. */
  queues: number[];
  /** Whether it blocks as well as awaits. */
  blocking: boolean;
  /** Number of operations after which the worker exits or throws; -1: never. */
  dieAfter: number;
  /** Whether it may leave a ready queue to others; the consumer that does not die may not. */
  mayLeave: boolean;
}

const runLanes = task(
  import.meta,
  async (shared: Shared, lanes: Lane[], reportEnd: Connection<number> | undefined) => {
    await Promise.all(
      lanes.map((lane) => (lane.role === "produce" ? produce : consume)(shared, lane, reportEnd)),
    );
    reportEnd?.close();
  },
);

type ReportEnd = Connection<number> | undefined;

async function produce(shared: Shared, it: Lane, reportEnd: ReportEnd): Promise<void> {
  const { board, queues, pulse, put, times, onlyUntimed } = shared;
  const { lane, blocking, dieAfter } = it;
  const random = new Random(it.seed);
  for (let number = 0; number < times;) {
    if (number === dieAfter) exitOrThrow(random);
    if (!onlyUntimed && random.oneIn(6)) pulse.set();
    if (random.oneIn(3)) pulse.clear();
    const queue = queues[random.pick(it.queues)];
    const timeoutMs = random.int(0, 3);
    try {
      const way = onlyUntimed ? random.int(2, 3) : random.int(0, 3);
      setActivity(board, lane, blocking && way % 2 === 0 ? "putSync" : "put");
      if (way === 0 && blocking) queue.putSync([lane, number], { timeoutMs });
      else if (way === 1) await queue.put([lane, number], { timeoutMs });
      else if (way === 2 && blocking) queue.putSync([lane, number]);
      else await queue.put([lane, number]);
      put[lane] = ++number;
      sendReport(shared, lane, reportEnd);
    } catch (error) {
      if (!(error instanceof Full)) throw error;
    }
    await pause(random, blocking);
  }
  setActivity(board, lane, "ended");
}

async function consume(shared: Shared, it: Lane, reportEnd: ReportEnd): Promise<void> {
  const { board, queues, pulse, onlyUntimed } = shared;
  const { lane, blocking, dieAfter } = it;
  const random = new Random(it.seed);
  const open = new Set(it.queues.map((which) => queues[which]));
  for (let at = 0; open.size > 0; at++) {
    if (at === dieAfter) exitOrThrow(random);
    const objects: (Queue<Item> | Event)[] = random.oneIn(2) ? [...open] : [...open, pulse];
    const ready = await waitForSome(shared, objects, random, lane, blocking);
    if (ready.some((object, at) => ready.indexOf(object) !== at || !objects.includes(object))) {
      throw new Violation("waitAny() returned an object that was not passed to it");
    }
    for (const queue of ready) {
      if (queue instanceof Event) continue;
      if (it.mayLeave && random.oneIn(4)) await leaveToOthers(shared, queue);
      try {
        const found = queue.tryGet();
        if (found !== undefined) take(shared, queue, found.value);
      } catch (error) {
        if (!(error instanceof ClosedError)) throw error;
        open.delete(queue);
      }
    }
    if (!onlyUntimed && random.oneIn(10) && open.size > 0) {
      await getOne(shared, random.pick([...open]), random);
    }
    sendReport(shared, lane, reportEnd);
    await pause(random, blocking);
  }
  setActivity(board, lane, "ended");
}

async function waitForSome<T extends Queue<Item> | Event>(
  { board, onlyUntimed }: Shared,
  objects: T[],
  random: Random,
  lane: number,
  blocking: boolean,
): Promise<T[]> {
  const way = onlyUntimed ? random.pick([2, 3, 6, 7]) : random.int(0, 7);
  const timeoutMs = random.int(0, 3);
  setActivity(board, lane, blocking && way < 4 ? "waitSync" : "wait");
  if (way === 0) return blocking ? waitAnySync(objects, { timeoutMs: 0 }) : [];
  if (way === 1 && blocking) return waitAnySync(objects, { timeoutMs });
  let ready: T[];
  if (way < 4 && blocking) ready = waitAnySync(objects);
  else if (way === 4) return await waitAny(objects, { timeoutMs });
  else if (way === 5) {
    try {
      ready = await withAbort(random, (signal) => waitAny(objects, { signal }));
    } catch (error) {
      if (error !== ABORT_REASON) throw error;
      return [];
    }
  } else ready = await waitAny(objects);
  if (ready.length === 0) throw new Violation("waitAny() without a time limit returned no object");
  return ready;
}

/** Waits until another lane has taken the item: the wake-up for it must have been forwarded. */
async function leaveToOthers({ queues, taken }: Shared, queue: Queue<Item>): Promise<void> {
  const which = queues.indexOf(queue);
  const before = Atomics.load(taken, which);
  await poll(() => Atomics.load(taken, which) !== before || queue.size() === 0);
}

/** Gets an item by waiting for one queue only. */
async function getOne(shared: Shared, queue: Queue<Item>, random: Random): Promise<void> {
  const timeoutMs = random.int(0, 3);
  try {
    const blocks = random.oneIn(2);
    take(shared, queue, blocks ? queue.getSync({ timeoutMs }) : await queue.get({ timeoutMs }));
  } catch (error) {
    if (!(error instanceof Empty || error instanceof ClosedError)) throw error;
  }
}

function take(shared: Shared, queue: Queue<Item>, [producer, number]: Item): void {
  const { queues, taken, got, times } = shared;
  Atomics.add(taken, queues.indexOf(queue), 1);
  recordGot(got, times, producer, number);
}

/** Records an operation, and reports it to the main isolate. */
function sendReport({ board, reports }: Shared, lane: number, reportEnd: ReportEnd): void {
  countOperation(board, lane);
  if (reportEnd === undefined) return;
  reportEnd.sendSync(lane);
  reports[lane]++;
}

/** Counts the reports of the workers, until all pipes have ended. */
async function collect(pipes: Connection<number>[], random: Random): Promise<number[]> {
  const reported: number[] = [];
  const open = new Set(pipes);
  while (open.size > 0) {
    for (const pipe of await waitAny(open)) {
      try {
        do {
          const lane = pipe.recvSync({ timeoutMs: 0 }); // it is ready
          reported[lane] = (reported[lane] ?? 0) + 1;
        } while (random.oneIn(2) && pipe.pollSync());
      } catch (error) {
        if (!(error instanceof EOFError)) throw error;
        open.delete(pipe);
      }
    }
  }
  return reported;
}

/** Waits for all processes at once, as they end. */
async function joinAsTheyEnd(members: Member[], board: Board): Promise<void> {
  const running = new Map(members.map((member) => [member.process, member]));
  while (running.size > 0) {
    const ended = await waitAny(running.keys(), { timeoutMs: patience.hangMs });
    if (ended.length === 0) break;
    await joinAll(ended.map((process) => running.get(process)!), board);
    for (const process of ended) running.delete(process);
  }
  await joinAll([...running.values()], board); // throws, naming what hangs
}

/** Runs one round; returns the number of operations. */
export async function waitRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const times = random.int(20, 100);
  const all = Array.from({ length: random.int(2, 5) }, (_, at) => at);
  let lanes = 0;
  const makeLane = (
    role: Lane["role"],
    queues: number[],
    blocking: boolean,
    mayLeave: boolean,
    dieAfter = -1,
  ): Lane => ({ lane: lanes++, seed: random.fork(), role, queues, blocking, mayLeave, dieAfter });
  const someOf = (): number[] => {
    const some = all.filter(() => random.oneIn(2));
    return some.length > 0 ? some : [random.pick(all)];
  };
  const groups: Group<Lane>[] = [];
  const inMain: Lane[] = [];
  // A consumer that does not die waits for all queues.
  if (random.oneIn(2)) inMain.push(makeLane("consume", all, false, false));
  else groups.push(unstoppable(makeLane("consume", all, random.oneIn(2), false)));
  groups.push(
    ...drawGroups(
      random,
      workers,
      { times, ends: 5, terminated: 6 },
      ({ role, blocking, dieAfter }) => makeLane(role, someOf(), blocking, true, dieAfter),
    ),
  );
  const shared: Shared = {
    board: makeBoard(lanes),
    queues: all.map(() => new Queue<Item>(random.pick([1, 1, 1, 3, 0]))),
    pulse: new Event(),
    taken: sharedWords(all.length),
    put: sharedWords(lanes),
    got: sharedWords(lanes * times),
    reports: sharedWords(lanes),
    times,
    onlyUntimed: random.oneIn(2),
  };
  const pipes: Connection<number>[] = [];
  const consuming = runLanes(shared, inMain, undefined);
  const members = startGroups(groups, (lanes) => {
    const [here, there] = Pipe<number>({ duplex: false });
    pipes.push(here);
    return makeProcess(runLanes, shared, lanes, there);
  });
  using _ = terminateSoon(members, random);
  const collecting = collect(pipes, new Random(random.fork()));
  await joinAsTheyEnd(withRole(members, "produce"), shared.board);
  await waitUntilEmpty(shared);
  for (const queue of shared.queues) queue.close();
  await joinAsTheyEnd(withRole(members, "consume"), shared.board);
  await withWatchdog(consuming, shared.board, "the main isolate");
  const reported = await withWatchdog(collecting, shared.board, "the collector of reports");
  checkAll(shared, mortalLanes(groups), reported);
  return totalOperations(shared.board);
}

/** Waits until the consumers have taken all items, while nothing else wakes them. */
async function waitUntilEmpty({ queues, board }: Shared): Promise<void> {
  if (!await becomesTrue(() => queues.every((queue) => queue.size() === 0))) {
    throw hangViolation(board, "a consumer of a queue that has items");
  }
}

/** Checks that each item was received, except one for each consumer that may have died with it. */
function checkAll({ put, got, reports, times }: Shared, mortal: Lane[], reported: number[]): void {
  const lost = lostItems(put, got, times);
  const mayLose = mortal.filter((it) => it.role === "consume").length;
  if (lost.length > mayLose) {
    throw new Violation(`lost ${lost.join(", ")} (${mayLose} may be)`);
  }
  reports.forEach((sent, lane) => {
    const received = reported[lane] ?? 0;
    // A lane that died may have sent a report without counting it.
    if (received !== sent && !(received === sent + 1 && mortal.some((it) => it.lane === lane))) {
      throw new Violation(`lane ${lane}: ${received} of ${sent} reports were received`);
    }
  });
}
