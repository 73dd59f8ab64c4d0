/**
 * Conditions: producers and consumers of a buffer with few places. Every item that was produced is
 * consumed once, in order, and nobody sleeps while there is something to do.
 *
 * With two conditions on one lock each change notifies one waiter, so a notification that is lost
 * is not made good by the next. Some workers die: in their section, where the state is whole; or
 * while they wait, where what they were notified of must reach another.
 *
 * In the end those who live wait at a gate, behind some that die there: there are as many
 * notifications as live, and the dead were given some of them.
 *
 * @module
 */

import {
  AbandonedLockError,
  Condition,
  Lock,
  LockOwner,
  type Process,
  Queue,
  RLock,
  task,
  TimeoutError,
} from "@sauropod/multiprocessing";
import {
  beside,
  drawLanes,
  type Lane as BaseLane,
  MAIN,
  runGroups,
  terminateOrKill,
} from "./groups.ts";
import { Random } from "./random.ts";
import {
  ABORTED,
  type Board,
  count,
  type Fate,
  fates,
  hang,
  HANG_MS,
  makeBoard,
  meet,
  moment,
  momentSync,
  now,
  sharedWords,
  soonAborted,
  total,
  until,
  Violation,
} from "./round.ts";

/** Words of the state that the lock protects. */
const State = { HEAD: 0, TAIL: 1, PRODUCERS: 2, INSIDE: 3, WORDS: 4 } as const;

type AnyCondition = Condition<Lock | RLock>;

interface Shared {
  board: Board;
  lock: Lock | RLock;
  notEmpty: AnyCondition;
  /** The same as `notEmpty` at times: then all are notified of everything. */
  notFull: AnyCondition;
  state: Int32Array<SharedArrayBuffer>;
  /** The items: producer * times + number. */
  buffer: Int32Array<SharedArrayBuffer>;
  /** Items that each producing lane has put. */
  produced: Int32Array<SharedArrayBuffer>;
  /** How often each item was taken. */
  taken: Int32Array<SharedArrayBuffer>;
  doomed: Queue<number>;
  times: number;
  gate: AnyCondition;
  /** Lanes that have come to the gate: word 0. */
  atGate: Int32Array<SharedArrayBuffer>;
}

/** `"waiting"`: it is ended while it waits, or just before; `"at gate"`: it only waits there. */
type ItsFate = Fate | "waiting" | "at gate";

interface Lane extends BaseLane<ItsFate> {
  isProducer: boolean;
}

const runLanes = task(import.meta, beside(runLane));

async function runLane(shared: Shared, lane: Lane): Promise<void> {
  const { board, times, state } = shared;
  const { blocking, isProducer, fate } = lane;
  const random = new Random(lane.seed);
  if (fate === "at gate") return await passGate(shared, lane);
  const spend = () => blocking ? momentSync(random) : moment(random);
  const end = fate === undefined ? Infinity : random.int(0, times - 1);
  for (let at = 0; !isProducer || at < times; at++) {
    await spend();
    const depth = await enter(shared, lane, random);
    const isReady = isProducer
      ? () => state[State.TAIL] - state[State.HEAD] < shared.buffer.length
      : () => state[State.TAIL] > state[State.HEAD] || state[State.PRODUCERS] === 0;
    if (at >= end && fate === "waiting") await waitForDeath(shared, lane, random);
    await waitUntil(shared, lane, random, isReady);
    const isDone = !isProducer && state[State.TAIL] === state[State.HEAD];
    if (isDone) {
      leave(shared, depth);
      break;
    }
    now(board, lane.lane, "holding");
    await spend();
    const diesLater = random.once(2);
    const meets = at >= end;
    if (meets && !diesLater) await die(shared, lane, random);
    if (isProducer) put(shared, lane.lane);
    else take(shared);
    await spend();
    if (meets) await die(shared, lane, random); // before it notifies
    notify(shared, isProducer ? shared.notEmpty : shared.notFull);
    leave(shared, depth);
    count(board, lane.lane);
  }
  if (isProducer) await withdraw(shared, lane, random);
  if (fate === undefined) await passGate(shared, lane);
  now(board, lane.lane, "ended");
}

/** Waits to be notified at the gate. */
async function passGate({ board, gate, atGate }: Shared, { lane, blocking }: Lane): Promise<void> {
  using _ = blocking ? gate.acquireSync() : await gate.acquire();
  atGate[0]++;
  now(board, lane, blocking ? "waitSync" : "wait");
  if (blocking) gate.waitSync();
  else await gate.wait();
}

/** Notifies as many as live, with the others at the gate dying before they can go on. */
async function openGate(
  { gate, atGate }: Shared,
  living: number,
  dying: Process[],
  random: Random,
): Promise<void> {
  await until(() => Atomics.load(atGate, 0) >= living + dying.length);
  using _ = await gate.acquire();
  let left = living;
  const notifySome = (n: number) => {
    gate.notify(n);
    left -= n;
  };
  for (const process of dying) {
    if (random.once(2)) notifySome(random.int(0, left));
    terminateOrKill(process, random);
  }
  notifySome(left);
  for (const process of dying) await process.join();
}

/** Dies with the lock. It writes nothing from then on: its lock may be another's before it stops. */
async function die({ state, doomed }: Shared, { id, fate }: Lane, random: Random): Promise<void> {
  Atomics.sub(state, State.INSIDE, 1);
  await meet(fate as Fate, random, doomed, id);
}

/** One producer less: consumers may be done. */
async function withdraw(shared: Shared, lane: Lane, random: Random): Promise<void> {
  const depth = await enter(shared, lane, random);
  shared.state[State.PRODUCERS]--;
  shared.notEmpty.notifyAll();
  leave(shared, depth);
}

function put({ state, buffer, produced, times }: Shared, lane: number): void {
  const tail = state[State.TAIL];
  if (tail - state[State.HEAD] >= buffer.length) throw new Violation("the buffer is too full");
  buffer[tail % buffer.length] = lane * times + produced[lane]++;
  state[State.TAIL] = tail + 1;
}

function take({ state, buffer, taken, times }: Shared): void {
  const head = state[State.HEAD];
  if (head >= state[State.TAIL]) throw new Violation("the buffer is empty");
  const item = buffer[head % buffer.length];
  if (taken[item]++ !== 0) throw new Violation(`item ${item} was taken twice`);
  if (item % times > 0 && taken[item - 1] !== 1) throw new Violation(`item ${item} is too early`);
  state[State.HEAD] = head + 1;
}

function notify({ notEmpty, notFull }: Shared, condition: AnyCondition): void {
  if (notEmpty === notFull) condition.notifyAll();
  else condition.notify();
}

/** Acquires the lock, an RLock more than once at times; returns how often. */
async function enter(shared: Shared, { lane, blocking }: Lane, random: Random): Promise<number> {
  const { board, lock } = shared;
  for (;;) {
    const way = random.int(0, 5);
    const timeoutMs = random.int(0, 3);
    now(board, lane, blocking || way === 0 ? "acquireSync" : "acquire");
    const owned = blocking || lock instanceof Lock ? {} : { owner: new LockOwner() };
    let depth = 1;
    try {
      if (way === 0) lock.acquireSync({ ...owned, timeoutMs });
      else if (blocking) lock.acquireSync();
      else await lock.acquire({ ...owned, timeoutMs: way === 1 ? timeoutMs : undefined });
      if (lock instanceof RLock && random.once(2)) {
        lock.acquireSync(owned);
        depth++;
      }
    } catch (error) {
      if (error instanceof TimeoutError) continue;
      if (!(error instanceof AbandonedLockError)) throw error;
    }
    goIn(shared);
    return depth;
  }
}

function goIn({ state }: Shared): void {
  const before = Atomics.add(state, State.INSIDE, 1);
  if (before !== 0) throw new Violation(`${before + 1} lanes hold the lock`);
}

/** Releases the lock, as often as it was acquired. */
function leave({ lock, state }: Shared, depth: number): void {
  if (lock instanceof RLock && lock.depth !== depth) {
    throw new Violation(`depth ${lock.depth}, not ${depth}`);
  }
  Atomics.sub(state, State.INSIDE, 1);
  for (; depth > 0; depth--) lock.release();
}

/** Waits, as it happens to, until the predicate holds. */
async function waitUntil(
  shared: Shared,
  lane: Lane,
  random: Random,
  isReady: () => boolean,
): Promise<void> {
  const condition = lane.isProducer ? shared.notFull : shared.notEmpty;
  const checked = () => {
    if (shared.state[State.INSIDE] !== 0) throw new Violation("somebody is inside");
    return isReady();
  };
  while (!isReady()) {
    const way = random.int(0, 6);
    const options = { timeoutMs: way === 0 ? random.int(0, 3) : undefined };
    await waiting(shared, lane, async () => {
      if (lane.blocking) {
        if (way < 4) condition.waitSync(options);
        else condition.waitForSync(checked, options);
      } else if (way === 1) await soonAborted(random, (signal) => condition.wait({ signal }));
      else if (way === 2 && lane.id >= 0) condition.waitSync({ timeoutMs: 1 }); // its promises stand
      else if (way < 5) await condition.wait(options);
      else await condition.waitFor(checked, options);
    });
  }
}

/** Goes out for as long as `wait` takes. The main thread never blocks: it ends those who ask for it. */
async function waiting(
  shared: Shared,
  { lane, blocking }: Lane,
  wait: () => Promise<void>,
): Promise<void> {
  now(shared.board, lane, blocking ? "waitSync" : "wait");
  Atomics.sub(shared.state, State.INSIDE, 1);
  try {
    await wait();
  } catch (error) {
    if (!(error instanceof AbandonedLockError) && error !== ABORTED) throw error;
  }
  goIn(shared);
}

/** Waits, and passes on what it is notified of, until this worker is ended. It writes nothing. */
async function waitForDeath(shared: Shared, lane: Lane, random: Random): Promise<never> {
  const condition = random.once(2) ? shared.notFull : shared.notEmpty;
  now(shared.board, lane.lane, "waiting to be terminated");
  Atomics.sub(shared.state, State.INSIDE, 1);
  shared.doomed.putSync(lane.id);
  for (;;) {
    try {
      if (lane.blocking) condition.waitSync();
      else await condition.wait();
    } catch (error) {
      if (!(error instanceof AbandonedLockError)) throw error;
    }
    condition.notify();
  }
}

/** Counts out a producer that died, as each that is doomed does. */
async function withdrawDead(
  shared: Shared,
  process: Process,
  lane: Lane,
  random: Random,
): Promise<void> {
  if (!await process.join({ timeoutMs: HANG_MS })) throw hang(shared.board, process.name);
  if (lane.isProducer) await withdraw(shared, { ...lane, blocking: false, id: MAIN }, random);
}

/** Runs one round; returns the number of operations. */
export async function conditionRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const drawn = drawLanes<ItsFate>(
    random,
    workers,
    random.int(1, 2),
    () => random.perhaps(3, [...fates, "waiting", "waiting", "at gate", "at gate"] as const),
  );
  const groups = drawn.groups.map((group) =>
    group.map((lane) => ({ ...lane, isProducer: lane.fate !== "at gate" && random.once(2) }))
  );
  // One consumer that lives, so that no producer waits in vain.
  const ours = drawn.ours.map((lane, at) => ({ ...lane, isProducer: at > 0 }));
  const all = [...groups.flat(), ...ours];
  const { lanes } = drawn;
  const lock = random.once(2) ? new Lock() : new RLock();
  const notEmpty: AnyCondition = new Condition(lock);
  const times = random.int(20, 100);
  const shared: Shared = {
    board: makeBoard(lanes),
    lock,
    notEmpty,
    notFull: random.once(3) ? notEmpty : new Condition<Lock | RLock>(lock),
    state: sharedWords(State.WORDS),
    buffer: sharedWords(random.int(1, 4)),
    produced: sharedWords(lanes),
    taken: sharedWords(lanes * times),
    doomed: new Queue<number>(),
    times,
    gate: new Condition<Lock | RLock>(random.once(2) ? new Lock() : new RLock()),
    atGate: sharedWords(1),
  };
  shared.state[State.PRODUCERS] = all.filter(({ isProducer }) => isProducer).length;
  const fork = () => new Random(random.fork());
  const living = all.filter(({ fate }) => fate === undefined).length;
  await runGroups(runLanes, shared, groups, random, (processes) => {
    const dying = processes.filter((_, id) => groups[id][0].fate === "at gate");
    const withdrawn = groups.map(([lane], id) =>
      lane.fate === undefined ? undefined : withdrawDead(shared, processes[id], lane, fork())
    );
    return Promise.all([
      runLanes(shared, ours),
      openGate(shared, living, dying, fork()),
      ...withdrawn,
    ]);
  });
  const { state, produced, taken } = shared;
  if (state[State.HEAD] !== state[State.TAIL] || state[State.PRODUCERS] !== 0) {
    throw new Violation(`at the end: ${state}`);
  }
  for (let item = 0; item < taken.length; item++) {
    const expected = item % times < produced[Math.floor(item / times)] ? 1 : 0;
    if (taken[item] !== expected) {
      throw new Violation(`item ${item}: taken ${taken[item]} times, not ${expected}`);
    }
  }
  return total(shared.board);
}
