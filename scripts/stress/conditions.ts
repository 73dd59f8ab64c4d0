/**
 * Conditions: producers and consumers of a small buffer. Each item is consumed once, in order, and no
 * lane sleeps while it could continue.
 *
 * With two conditions on one lock, each change notifies one waiter, so no later notification hides that
 * one was lost. Some workers die: inside the critical section, with the state consistent; or while they
 * wait, so that their notification must be passed to another waiter.
 *
 * At the end all living lanes wait at a gate, behind some that die there. There are as many notifications
 * as living lanes, and some of them reach lanes that die.
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
  concurrently,
  drawLanes,
  type Lane as BaseLane,
  MAIN_ID,
  runGroups,
  terminateOrKill,
} from "./groups.ts";
import { Random } from "./random.ts";
import {
  ABORT_REASON,
  type Board,
  countOperation,
  type Death,
  deaths,
  endWorker,
  joinMember,
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

/** Words of the state that the lock protects. */
const State = { HEAD: 0, TAIL: 1, PRODUCERS: 2, INSIDE: 3, WORDS: 4 } as const;

type AnyCondition = Condition<Lock | RLock>;

interface Shared {
  board: Board;
  lock: Lock | RLock;
  notEmpty: AnyCondition;
  /** In some rounds the same as `notEmpty`: then each change notifies all waiters. */
  notFull: AnyCondition;
  state: Int32Array<SharedArrayBuffer>;
  /** Items: producer * times + number. */
  buffer: Int32Array<SharedArrayBuffer>;
  /** Number of items that each producing lane has put. */
  produced: Int32Array<SharedArrayBuffer>;
  /** How often each item was taken. */
  taken: Int32Array<SharedArrayBuffer>;
  endRequests: Queue<number>;
  times: number;
  gate: AnyCondition;
  /** Word 0: number of lanes that wait at the gate. */
  atGate: Int32Array<SharedArrayBuffer>;
}

/**
 * `"waiting"`: the worker is ended while it waits, or just before. `"at gate"`: it only waits at the
 * gate, and is ended there.
 */
type LaneDeath = Death | "waiting" | "at gate";

interface Lane extends BaseLane<LaneDeath> {
  isProducer: boolean;
}

const runLanes = task(import.meta, concurrently(runLane));

async function runLane(shared: Shared, lane: Lane): Promise<void> {
  const { board, times, state } = shared;
  const { blocking, isProducer, death } = lane;
  const random = new Random(lane.seed);
  if (death === "at gate") return await passGate(shared, lane);
  const spend = () => blocking ? spendTimeSync(random) : spendTime(random);
  const end = death === undefined ? Infinity : random.int(0, times - 1);
  for (let at = 0; !isProducer || at < times; at++) {
    await spend();
    const depth = await enter(shared, lane, random);
    const isReady = isProducer
      ? () => state[State.TAIL] - state[State.HEAD] < shared.buffer.length
      : () => state[State.TAIL] > state[State.HEAD] || state[State.PRODUCERS] === 0;
    if (at >= end && death === "waiting") await waitToDie(shared, lane, random);
    await waitUntil(shared, lane, random, isReady);
    const isDone = !isProducer && state[State.TAIL] === state[State.HEAD];
    if (isDone) {
      leave(shared, depth);
      break;
    }
    setActivity(board, lane.lane, "holding");
    await spend();
    const diesLater = random.oneIn(2);
    const isLast = at >= end;
    if (isLast && !diesLater) await dieInSection(shared, lane, random);
    if (isProducer) put(shared, lane.lane);
    else take(shared);
    await spend();
    if (isLast) await dieInSection(shared, lane, random); // before notifying
    notify(shared, isProducer ? shared.notEmpty : shared.notFull);
    leave(shared, depth);
    countOperation(board, lane.lane);
  }
  if (isProducer) await unregisterProducer(shared, lane, random);
  if (death === undefined) await passGate(shared, lane);
  setActivity(board, lane.lane, "ended");
}

/** Waits at the gate for a notification. */
async function passGate({ board, gate, atGate }: Shared, { lane, blocking }: Lane): Promise<void> {
  using _ = blocking ? gate.acquireSync() : await gate.acquire();
  atGate[0]++;
  setActivity(board, lane, blocking ? "waitSync" : "wait");
  if (blocking) gate.waitSync();
  else await gate.wait();
}

/** Notifies as many waiters as there are living lanes; the others at the gate die meanwhile. */
async function openGate(
  { gate, atGate }: Shared,
  living: number,
  dying: Process[],
  random: Random,
): Promise<void> {
  await poll(() => Atomics.load(atGate, 0) >= living + dying.length);
  using _ = await gate.acquire();
  let left = living;
  const notifySome = (n: number) => {
    gate.notify(n);
    left -= n;
  };
  for (const process of dying) {
    if (random.oneIn(2)) notifySome(random.int(0, left));
    terminateOrKill(process, random);
  }
  notifySome(left);
  for (const process of dying) await process.join();
}

/** Dies holding the lock. Writes nothing afterwards: another lane may get the lock before it stops. */
async function dieInSection(
  { state, endRequests }: Shared,
  { id, death }: Lane,
  random: Random,
): Promise<void> {
  Atomics.sub(state, State.INSIDE, 1);
  await endWorker(death as Death, random, endRequests, id);
}

/** Counts out a producer, and wakes the consumers, which may be done. */
async function unregisterProducer(shared: Shared, lane: Lane, random: Random): Promise<void> {
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

/** Acquires the lock, an RLock sometimes twice; returns how often. */
async function enter(shared: Shared, { lane, blocking }: Lane, random: Random): Promise<number> {
  const { board, lock } = shared;
  for (;;) {
    const way = random.int(0, 5);
    const timeoutMs = random.int(0, 3);
    setActivity(board, lane, blocking || way === 0 ? "acquireSync" : "acquire");
    const owned = blocking || lock instanceof Lock ? {} : { owner: new LockOwner() };
    let depth = 1;
    try {
      if (way === 0) lock.acquireSync({ ...owned, timeoutMs });
      else if (blocking) lock.acquireSync();
      else await lock.acquire({ ...owned, timeoutMs: way === 1 ? timeoutMs : undefined });
      if (lock instanceof RLock && random.oneIn(2)) {
        lock.acquireSync(owned);
        depth++;
      }
    } catch (error) {
      if (error instanceof TimeoutError) continue;
      if (!(error instanceof AbandonedLockError)) throw error;
    }
    countIn(shared);
    return depth;
  }
}

function countIn({ state }: Shared): void {
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

/** Waits by a random method until the predicate holds. */
async function waitUntil(
  shared: Shared,
  lane: Lane,
  random: Random,
  isReady: () => boolean,
): Promise<void> {
  const condition = lane.isProducer ? shared.notFull : shared.notEmpty;
  const checked = () => {
    if (shared.state[State.INSIDE] !== 0) throw new Violation("another lane holds the lock");
    return isReady();
  };
  while (!isReady()) {
    const way = random.int(0, 6);
    const options = { timeoutMs: way === 0 ? random.int(0, 3) : undefined };
    await countOutDuring(shared, lane, async () => {
      if (lane.blocking) {
        if (way < 4) condition.waitSync(options);
        else condition.waitForSync(checked, options);
      } else if (way === 1) await withAbort(random, (signal) => condition.wait({ signal }));
      else if (way === 2 && lane.id >= 0) condition.waitSync({ timeoutMs: 1 }); // blocks the other promises
      else if (way < 5) await condition.wait(options);
      else await condition.waitFor(checked, options);
    });
  }
}

/** Counts the lane out while `wait` runs. The main isolate never blocks: it serves end requests. */
async function countOutDuring(
  shared: Shared,
  { lane, blocking }: Lane,
  wait: () => Promise<void>,
): Promise<void> {
  setActivity(shared.board, lane, blocking ? "waitSync" : "wait");
  Atomics.sub(shared.state, State.INSIDE, 1);
  try {
    await wait();
  } catch (error) {
    if (!(error instanceof AbandonedLockError) && error !== ABORT_REASON) throw error;
  }
  countIn(shared);
}

/** Waits, and forwards each notification, until this worker is ended. Writes nothing. */
async function waitToDie(shared: Shared, lane: Lane, random: Random): Promise<never> {
  const condition = random.oneIn(2) ? shared.notFull : shared.notEmpty;
  setActivity(shared.board, lane.lane, "waiting to be terminated");
  Atomics.sub(shared.state, State.INSIDE, 1);
  shared.endRequests.putSync(lane.id);
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

/** Waits until a worker has died, and counts it out if it was a producer. */
async function unregisterDeadProducer(
  shared: Shared,
  process: Process,
  lane: Lane,
  random: Random,
): Promise<void> {
  await joinMember(process, shared.board);
  if (lane.isProducer) {
    await unregisterProducer(shared, { ...lane, blocking: false, id: MAIN_ID }, random);
  }
}

/** Runs one round; returns the number of operations. */
export async function conditionRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const drawn = drawLanes<LaneDeath>(
    random,
    workers,
    random.int(1, 2),
    () => random.perhaps(3, [...deaths, "waiting", "waiting", "at gate", "at gate"] as const),
  );
  const groups = drawn.groups.map((group) =>
    group.map((lane) => ({ ...lane, isProducer: lane.death !== "at gate" && random.oneIn(2) }))
  );
  // One consumer that does not die, so that no producer waits forever.
  const ours = drawn.ours.map((lane, at) => ({ ...lane, isProducer: at > 0 }));
  const all = [...groups.flat(), ...ours];
  const { lanes } = drawn;
  const lock = random.oneIn(2) ? new Lock() : new RLock();
  const notEmpty: AnyCondition = new Condition(lock);
  const times = random.int(20, 100);
  const shared: Shared = {
    board: makeBoard(lanes),
    lock,
    notEmpty,
    notFull: random.oneIn(3) ? notEmpty : new Condition<Lock | RLock>(lock),
    state: sharedWords(State.WORDS),
    buffer: sharedWords(random.int(1, 4)),
    produced: sharedWords(lanes),
    taken: sharedWords(lanes * times),
    endRequests: new Queue<number>(),
    times,
    gate: new Condition<Lock | RLock>(random.oneIn(2) ? new Lock() : new RLock()),
    atGate: sharedWords(1),
  };
  shared.state[State.PRODUCERS] = all.filter(({ isProducer }) => isProducer).length;
  const fork = () => new Random(random.fork());
  const living = all.filter(({ death }) => death === undefined).length;
  await runGroups(runLanes, shared, groups, random, (processes) => {
    const dying = processes.filter((_, id) => groups[id][0].death === "at gate");
    const withdrawn = groups.map(([lane], id) =>
      lane.death === undefined
        ? undefined
        : unregisterDeadProducer(shared, processes[id], lane, fork())
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
  return totalOperations(shared.board);
}
