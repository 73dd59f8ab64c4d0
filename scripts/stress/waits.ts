/**
 * Waiting for several things: consumers wait for overlapping sets of queues, take from those that are
 * ready or leave them to others, and die; every item comes once, and nobody sleeps while a queue has
 * one. Each worker tells what it has done through a pipe of its own, and the main thread waits for
 * all the pipes, and for all the processes.
 *
 * Most queues hold one item, so that a producer goes on only when somebody took it; and queues are
 * closed when they are empty. So a wake-up that is lost is not made good by the next.
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
  Process,
  Queue,
  task,
  waitAny,
  waitAnySync,
} from "@sauropod/multiprocessing";
import { drawGroups, type Group, immortal, startGroups, terminateSoon } from "./groups.ts";
import { neverGot, noteGot } from "./queues.ts";
import { Random } from "./random.ts";
import {
  ABORTED,
  type Board,
  count,
  die,
  guarded,
  hang,
  HANG_MS,
  joinAll,
  makeBoard,
  type Member,
  now,
  pause,
  settled,
  sharedWords,
  soonAborted,
  total,
  until,
  Violation,
} from "./round.ts";

/** Producer and number. */
type Item = [producer: number, number: number];

interface Shared {
  board: Board;
  queues: Queue<Item>[];
  /** Set and cleared again by producers, to wake everybody for nothing. */
  pulse: Event;
  /** How many items of each queue were got. */
  taken: Int32Array<SharedArrayBuffer>;
  /** Items that each producing lane has put. */
  put: Int32Array<SharedArrayBuffer>;
  /** How often each item was got: producer * times + number. */
  got: Int32Array<SharedArrayBuffer>;
  /** Reports that each lane has sent. */
  reports: Int32Array<SharedArrayBuffer>;
  times: number;
  /** Whether everybody waits for ever: nobody looks again unless it is woken. */
  patient: boolean;
}

interface Lane {
  lane: number;
  seed: number;
  role: "produce" | "consume";
  /** Those that it puts into, or waits for. */
  queues: number[];
  /** Whether to block as well as to await. */
  blocking: boolean;
  /** After how many operations the worker exits or throws; -1: never. */
  end: number;
  /** Whether it may leave what it has seen to others: not the one that nothing stops. */
  leaves: boolean;
}

const runLanes = task(
  import.meta,
  async (shared: Shared, lanes: Lane[], report: Connection<number> | undefined) => {
    await Promise.all(
      lanes.map((lane) => (lane.role === "produce" ? produce : consume)(shared, lane, report)),
    );
    report?.close();
  },
);

type Report = Connection<number> | undefined;

async function produce(shared: Shared, it: Lane, report: Report): Promise<void> {
  const { board, queues, pulse, put, times, patient } = shared;
  const { lane, blocking, end } = it;
  const random = new Random(it.seed);
  for (let number = 0; number < times;) {
    if (number === end) die(random);
    if (!patient && random.once(6)) pulse.set();
    if (random.once(3)) pulse.clear();
    const queue = queues[random.pick(it.queues)];
    const timeoutMs = random.int(0, 3);
    try {
      const way = patient ? random.int(2, 3) : random.int(0, 3);
      now(board, lane, blocking && way % 2 === 0 ? "putSync" : "put");
      if (way === 0 && blocking) queue.putSync([lane, number], { timeoutMs });
      else if (way === 1) await queue.put([lane, number], { timeoutMs });
      else if (way === 2 && blocking) queue.putSync([lane, number]);
      else await queue.put([lane, number]);
      put[lane] = ++number;
      tell(shared, lane, report);
    } catch (error) {
      if (!(error instanceof Full)) throw error;
    }
    await pause(random, blocking);
  }
  now(board, lane, "ended");
}

async function consume(shared: Shared, it: Lane, report: Report): Promise<void> {
  const { board, queues, pulse, patient } = shared;
  const { lane, blocking, end } = it;
  const random = new Random(it.seed);
  const open = new Set(it.queues.map((which) => queues[which]));
  for (let at = 0; open.size > 0; at++) {
    if (at === end) die(random);
    const objects: (Queue<Item> | Event)[] = random.once(2) ? [...open] : [...open, pulse];
    const ready = await waitForSome(shared, objects, random, lane, blocking);
    if (ready.some((object, at) => ready.indexOf(object) !== at || !objects.includes(object))) {
      throw new Violation("wait() gave what it was not asked for");
    }
    for (const queue of ready) {
      if (queue instanceof Event) continue;
      if (it.leaves && random.once(4)) await takenByOthers(shared, queue);
      try {
        const found = queue.tryGet();
        if (found !== undefined) take(shared, queue, found.value);
      } catch (error) {
        if (!(error instanceof ClosedError)) throw error;
        open.delete(queue);
      }
    }
    if (!patient && random.once(10) && open.size > 0) {
      await getOne(shared, random.pick([...open]), random);
    }
    tell(shared, lane, report);
    await pause(random, blocking);
  }
  now(board, lane, "ended");
}

async function waitForSome<T extends Queue<Item> | Event>(
  { board, patient }: Shared,
  objects: T[],
  random: Random,
  lane: number,
  blocking: boolean,
): Promise<T[]> {
  const way = patient ? random.pick([2, 3, 6, 7]) : random.int(0, 7);
  const timeoutMs = random.int(0, 3);
  now(board, lane, blocking && way < 4 ? "waitSync" : "wait");
  if (way === 0) return blocking ? waitAnySync(objects, { timeoutMs: 0 }) : [];
  if (way === 1 && blocking) return waitAnySync(objects, { timeoutMs });
  let ready: T[];
  if (way < 4 && blocking) ready = waitAnySync(objects);
  else if (way === 4) return await waitAny(objects, { timeoutMs });
  else if (way === 5) {
    try {
      ready = await soonAborted(random, (signal) => waitAny(objects, { signal }));
    } catch (error) {
      if (error !== ABORTED) throw error;
      return [];
    }
  } else ready = await waitAny(objects);
  if (ready.length === 0) throw new Violation("wait() without a time gave nothing");
  return ready;
}

/** Waits until somebody else has taken an item: it was woken for it, so it has to wake the others. */
async function takenByOthers({ queues, taken }: Shared, queue: Queue<Item>): Promise<void> {
  const which = queues.indexOf(queue);
  const before = Atomics.load(taken, which);
  await until(() => Atomics.load(taken, which) !== before || queue.size() === 0);
}

/** Stands in the queue as those do who do not wait for several. */
async function getOne(shared: Shared, queue: Queue<Item>, random: Random): Promise<void> {
  const timeoutMs = random.int(0, 3);
  try {
    const blocks = random.once(2);
    take(shared, queue, blocks ? queue.getSync({ timeoutMs }) : await queue.get({ timeoutMs }));
  } catch (error) {
    if (!(error instanceof Empty || error instanceof ClosedError)) throw error;
  }
}

function take(shared: Shared, queue: Queue<Item>, [producer, number]: Item): void {
  const { queues, taken, got, times } = shared;
  Atomics.add(taken, queues.indexOf(queue), 1);
  noteGot(got, times, producer, number);
}

/** Notes an operation, and tells the main thread. */
function tell({ board, reports }: Shared, lane: number, report: Report): void {
  count(board, lane);
  if (report === undefined) return;
  report.sendSync(lane);
  reports[lane]++;
}

/** Counts what the workers report, until all the pipes have ended. */
async function collect(pipes: Connection<number>[], random: Random): Promise<number[]> {
  const reported: number[] = [];
  const open = new Set(pipes);
  while (open.size > 0) {
    for (const pipe of await waitAny(open)) {
      try {
        do {
          const lane = pipe.recvSync({ timeoutMs: 0 }); // it is ready
          reported[lane] = (reported[lane] ?? 0) + 1;
        } while (random.once(2) && pipe.pollSync());
      } catch (error) {
        if (!(error instanceof EOFError)) throw error;
        open.delete(pipe);
      }
    }
  }
  return reported;
}

/** Waits for all of them at a time, as they end. */
async function joinAsTheyEnd(members: Member[], board: Board): Promise<void> {
  const running = new Map(members.map((member) => [member.process, member]));
  while (running.size > 0) {
    const ended = await waitAny(running.keys(), { timeoutMs: HANG_MS });
    if (ended.length === 0) break;
    await joinAll(ended.map((process) => running.get(process)!), board);
    for (const process of ended) running.delete(process);
  }
  await joinAll([...running.values()], board); // says who hangs
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
    leaves: boolean,
    end = -1,
  ): Lane => ({ lane: lanes++, seed: random.fork(), role, queues, blocking, leaves, end });
  const someOf = (): number[] => {
    const some = all.filter(() => random.once(2));
    return some.length > 0 ? some : [random.pick(all)];
  };
  const groups: Group<Lane>[] = [];
  const inMain: Lane[] = [];
  // One that nothing can stop waits for all the queues.
  if (random.once(2)) inMain.push(makeLane("consume", all, false, false));
  else groups.push(immortal(makeLane("consume", all, random.once(2), false)));
  groups.push(
    ...drawGroups(
      random,
      workers,
      { times, ends: 5, terminated: 6 },
      ({ role, blocking, end }) => makeLane(role, someOf(), blocking, true, end),
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
    patient: random.once(2),
  };
  const pipes: Connection<number>[] = [];
  const consuming = runLanes(shared, inMain, undefined);
  const members = startGroups(groups, (lanes) => {
    const [here, there] = Pipe<number>({ duplex: false });
    pipes.push(here);
    return new Process({ target: runLanes, args: [shared, lanes, there] });
  });
  using _ = terminateSoon(members, random);
  const collecting = collect(pipes, new Random(random.fork()));
  const those = (role: Lane["role"]) => members.filter(({ lanes }) => lanes[0].role === role);
  await joinAsTheyEnd(those("produce"), shared.board);
  await emptied(shared);
  for (const queue of shared.queues) queue.close();
  await joinAsTheyEnd(those("consume"), shared.board);
  await guarded(consuming, shared.board, "the main thread");
  const reported = await guarded(collecting, shared.board, "the collector of reports");
  checkAll(shared, groups.flatMap((it) => (it.doomed ? it.lanes : [])), reported);
  return total(shared.board);
}

/** Waits until the consumers have taken everything, with nothing happening that would wake them. */
async function emptied({ queues, board }: Shared): Promise<void> {
  if (!await settled(() => queues.every((queue) => queue.size() === 0))) {
    throw hang(board, "a queue has items, and who waits for it");
  }
}

/** Checks that all that was put came out; what a lane had in hand may die with it. */
function checkAll({ put, got, reports, times }: Shared, mortal: Lane[], reported: number[]): void {
  const lost = neverGot(put, got, times);
  const mayLose = mortal.filter((it) => it.role === "consume").length;
  if (lost.length > mayLose) {
    throw new Violation(`lost ${lost.join(", ")} (${mayLose} may be)`);
  }
  reports.forEach((sent, lane) => {
    const came = reported[lane] ?? 0;
    // One that dies may have sent a report that it did not count.
    if (came !== sent && !(came === sent + 1 && mortal.some((it) => it.lane === lane))) {
      throw new Violation(`lane ${lane}: ${came} of ${sent} reports came`);
    }
  });
}
