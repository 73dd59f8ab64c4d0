/**
 * Barriers: all lanes pass in lockstep, while waits time out or are aborted, the barrier is reset and its
 * action fails. Either all lanes pass or none, each with a different index.
 *
 * A round has stages, each with a barrier for the living lanes. A stage may end with the death of a
 * worker whose lanes wait at the barrier, or one of whose lanes runs the action. The main isolate then
 * arrives last, or not at all, so only the death can release the other lanes.
 *
 * @module
 */

import {
  Barrier,
  BrokenBarrierError,
  Event,
  type Process,
  Queue,
  sleepSync,
  task,
} from "@sauropod/multiprocessing";
import { drawLanes, type Lane, MAIN_ID, runGroups, terminateOrKill } from "./groups.ts";
import { Random } from "./random.ts";
import {
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

/** When a worker dies: while it waits, as the main isolate arrives, or in the action. */
const moments = ["waiting", "racing", "acting"] as const;

interface StageDeath {
  /** The worker that dies. */
  id: number;
  /** Its lanes; the first runs the action if `when` is `"acting"`. */
  lanes: number[];
  when: typeof moments[number];
  /** Set when its lanes wait at the barrier. */
  go: Event;
}

interface Stage {
  barrier: Barrier;
  /** Living lanes. */
  lanes: number[];
  passes: number;
  dying: StageDeath | undefined;
}

interface Shared {
  board: Board;
  stages: Stage[];
  hasAction: boolean;
  /** Whether nothing times out, fails or is reset in this round. */
  isCalm: boolean;
  /** Number of the pass that each lane has arrived for. */
  arrived: Int32Array<SharedArrayBuffer>;
  /** Indices that wait() has returned in each pass, as bits. */
  given: Int32Array<SharedArrayBuffer>;
  /** Word 0: how often the action has completed. */
  actions: Int32Array<SharedArrayBuffer>;
  /** Outcome of each lane at the end of each stage. */
  outcomes: Int32Array<SharedArrayBuffer>;
  endRequests: Queue<number>;
}

/** Outcome of a wait during which a worker dies. */
const Outcome = { NONE: 0, PASSED: 1, BROKEN: 2 } as const;

const ACTION_FAILED = "the action fails on purpose";

/** State of this isolate for the action, which runs in any of them. */
interface ActionState {
  shared: Shared;
  random: Random;
  blocking: boolean;
  /** Makes this worker die in the action. */
  die?: () => unknown;
}

/** Of the round that runs in this isolate. */
let actionState: ActionState | undefined;

const action = task(import.meta, () => {
  const { shared, random, blocking, die } = actionState!;
  if (die !== undefined) return die();
  checkAllArrived(shared);
  if (!shared.isCalm && random.oneIn(20)) throw ACTION_FAILED;
  const spent = blocking ? spendTimeSync(random) : spendTime(random);
  const end = () => {
    checkAllArrived(shared);
    Atomics.add(shared.actions, 0, 1);
  };
  return spent === undefined ? end() : spent.then(end);
});

function hasRace({ stages }: Shared): boolean {
  return stages.some(({ dying }) => dying?.when === "racing");
}

/**
 * Checks that all living lanes have arrived for the same pass. No lane passes while the action runs,
 * unless a death lets the others continue.
 */
function checkAllArrived(shared: Shared): void {
  const { stages, arrived } = shared;
  if (hasRace(shared)) return;
  const last = Math.max(...arrived);
  const stage = stages.find(({ lanes }) => lanes.every((lane) => arrived[lane] === last));
  if (stage === undefined) {
    throw new Violation(`the action runs while lanes have arrived for passes ${arrived}`);
  }
}

const runLanes = task(import.meta, async (shared: Shared, lanes: Lane[]) => {
  const [{ seed, blocking }] = lanes;
  actionState = { shared, random: new Random(seed + 1), blocking };
  const deaths = blocking
    ? []
    : shared.stages.map(({ dying }) => dieWhileWaiting(shared, dying, lanes[0]));
  await Promise.race([
    Promise.all(lanes.map((lane) => runLane(shared, lane))),
    ...deaths.filter((death) => death !== undefined), // an error is thrown
  ]);
});

/** Dies once the lanes of this worker wait at the barrier. */
function dieWhileWaiting(
  shared: Shared,
  dying: StageDeath | undefined,
  { id, death }: Lane,
) {
  if (dying?.id !== id || dying.when === "acting") return;
  return dying.go.wait().then(() => endWorker(death!, actionState!.random, shared.endRequests, id));
}

async function runLane(shared: Shared, lane: Lane, kill?: (id: number) => void): Promise<void> {
  const random = new Random(lane.seed);
  let pass = 0;
  for (const [at, stage] of shared.stages.entries()) {
    for (const last = pass + stage.passes; pass < last;) {
      await passBarrier(shared, stage, lane, random, ++pass);
      if (!lane.blocking) await spendTime(random);
    }
    if (stage.dying === undefined) continue;
    Atomics.store(shared.arrived, lane.lane, ++pass);
    if (stage.dying.id === lane.id) return await waitToDie(shared, stage, lane);
    const outcome = lane.id === MAIN_ID
      ? await waitDuringDeath(stage.barrier, stage, random, kill!)
      : await waitForOutcome(stage.barrier, lane);
    shared.outcomes[at * shared.arrived.length + lane.lane] = outcome;
    countOperation(shared.board, lane.lane);
  }
  setActivity(shared.board, lane.lane, "ended");
}

/** Waits at the barrier again and again until all pass. */
async function passBarrier(
  shared: Shared,
  { barrier, lanes }: Stage,
  lane: Lane,
  random: Random,
  pass: number,
): Promise<void> {
  const { board, arrived, given, actions, hasAction, isCalm } = shared;
  Atomics.store(arrived, lane.lane, pass);
  let index: number | undefined;
  while (index === undefined) {
    if (!isCalm && random.oneIn(25)) barrier.reset();
    else if (!isCalm && random.oneIn(40)) barrier.abort();
    setActivity(board, lane.lane, lane.blocking ? "waitSync" : "wait");
    try {
      index = await waitOnce(barrier, lane, random, isCalm);
    } catch (error) {
      const isExpected = isTimeoutOrAbort(error) || error instanceof BrokenBarrierError ||
        error === ACTION_FAILED;
      if (!isExpected || isCalm) throw error;
      if (barrier.broken) barrier.reset();
    }
    countOperation(board, lane.lane);
  }
  const bit = 1 << index;
  if (index < 0 || index >= lanes.length || (Atomics.or(given, pass, bit) & bit) !== 0) {
    throw new Violation(`pass ${pass}: index ${index} was returned twice, or is out of range`);
  }
  const missing = lanes.find((lane) => Atomics.load(arrived, lane) < pass);
  if (missing !== undefined) throw new Violation(`pass ${pass}: lane ${missing} has not arrived`);
  if (hasAction && Atomics.load(actions, 0) < pass - shared.stages.length) {
    throw new Violation(`pass ${pass}: the action was called ${actions[0]} times`);
  }
}

function waitOnce(
  barrier: Barrier,
  { blocking }: Lane,
  random: Random,
  isCalm: boolean,
): number | Promise<number> {
  const way = isCalm ? -1 : random.int(0, 15);
  const options = way === 0 ? { timeoutMs: random.int(0, 3) } : undefined;
  if (blocking) return barrier.waitSync(options);
  if (way === 1) return withAbort(random, (signal) => barrier.wait({ signal }));
  return barrier.wait(options);
}

/** Waits until all pass, or the barrier is broken. */
async function waitForOutcome(barrier: Barrier, { blocking }: Pick<Lane, "blocking">) {
  try {
    if (blocking) barrier.waitSync();
    else await barrier.wait();
    return Outcome.PASSED;
  } catch (error) {
    if (error instanceof BrokenBarrierError) return Outcome.BROKEN;
    if (error === ACTION_FAILED) return Outcome.BROKEN;
    throw error;
  }
}

/** Waits at the barrier, or runs its action, until this worker dies. */
async function waitToDie(shared: Shared, stage: Stage, lane: Lane): Promise<void> {
  const { barrier, lanes, dying } = stage;
  const { blocking, id, seed, death } = lane;
  setActivity(shared.board, lane.lane, "waiting to be terminated");
  if (dying!.when === "acting" && dying!.lanes[0] === lane.lane) {
    actionState!.die = () => dieInAction(shared, death!, id, blocking, new Random(seed));
    while (barrier.nWaiting < lanes.length - 1) {
      if (blocking) sleepSync(1);
      else await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  await waitForOutcome(barrier, lane);
  if (blocking) new Event().waitSync();
  else await new Event().wait();
}

function dieInAction(
  { endRequests }: Shared,
  death: Death,
  id: number,
  blocking: boolean,
  random: Random,
) {
  if (!blocking || death === "exit") return endWorker(death, random, endRequests, id);
  endRequests.putSync(id);
  new Event().waitSync();
  return undefined;
}

/** Makes the worker die while all other lanes wait: the barrier breaks, or all pass. */
async function waitDuringDeath(
  barrier: Barrier,
  { lanes, dying }: Stage,
  random: Random,
  kill: (id: number) => void,
): Promise<number> {
  const { when, id } = dying!;
  let outcome: number = Outcome.BROKEN;
  if (when !== "acting") {
    await poll(() => barrier.nWaiting === lanes.length - 1);
    const isEarly = when === "racing" && random.oneIn(2);
    const waiting = isEarly ? waitForOutcome(barrier, { blocking: false }) : undefined;
    kill(id);
    if (when === "waiting") await poll(() => barrier.broken);
    else outcome = await (waiting ?? waitForOutcome(barrier, { blocking: false }));
  } else outcome = await waitForOutcome(barrier, { blocking: false });
  if (when !== "racing" && outcome !== Outcome.BROKEN) {
    throw new Violation(`all passed, although a worker died ${when}`);
  }
  if (outcome === Outcome.BROKEN) {
    if (!barrier.broken) throw new Violation("a barrier is not broken after a death");
    barrier.reset();
    if (barrier.broken || barrier.nWaiting !== 0) {
      throw new Violation("reset() does not restore the barrier");
    }
  }
  return outcome;
}

/** Draws the stages of a round; in each a worker may die, which sets `death` of its lanes. */
function makeStages(random: Random, groups: Lane[][], all: number, hasAction: boolean): Stage[] {
  let lanes = Array.from({ length: all }, (_, lane) => lane);
  const living = new Set(groups.keys());
  return Array.from({ length: random.int(1, 3) }, () => {
    const barrier = new Barrier(lanes.length, hasAction ? { action } : {});
    const stage: Stage = { barrier, lanes, passes: random.int(1, 30), dying: undefined };
    if (living.size === 0 || random.oneIn(3)) return stage;
    const id = random.pick([...living]);
    const blocking = groups[id][0].blocking;
    const when = random.pick(hasAction ? moments : moments.slice(0, 2));
    // A lane that blocks at the barrier cannot end its worker there.
    const death = random.pick(
      !blocking ? deaths : when === "acting" ? ["exit", "terminate"] as const : ["kill"] as const,
    );
    living.delete(id);
    for (const lane of groups[id]) lane.death = death;
    const dead = groups[id].map(({ lane }) => lane);
    lanes = lanes.filter((lane) => !dead.includes(lane));
    return { ...stage, dying: { id, lanes: dead, when, go: new Event() } };
  });
}

/** Runs one round; returns the number of operations. */
export async function barrierRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const { groups, ours: [ours], lanes } = drawLanes(random, workers, 1);
  const hasAction = random.oneIn(2);
  const isCalm = random.oneIn(3);
  const stages = makeStages(random, groups, lanes, hasAction);
  const passes = stages.reduce((total, stage) => total + stage.passes + 1, 1);
  const shared: Shared = {
    board: makeBoard(lanes),
    stages,
    hasAction,
    isCalm,
    arrived: sharedWords(lanes),
    given: sharedWords(passes),
    actions: sharedWords(1),
    outcomes: sharedWords(stages.length * lanes),
    endRequests: new Queue<number>(),
  };
  actionState = { shared, random: new Random(random.fork()), blocking: false };
  const lastStageOf = (id: number) => stages.findIndex(({ dying }) => dying?.id === id);
  const here = (processes: Process[]) => {
    const kill = (id: number) => {
      if (groups[id][0].blocking) terminateOrKill(processes[id], random);
      else stages[lastStageOf(id)].dying!.go.set();
    };
    return runLane(shared, ours, kill);
  };
  // A worker that dies has no barrier of a later stage: its death would break that.
  const sharedOf = (id: number) => {
    const last = lastStageOf(id);
    return last < 0 ? shared : { ...shared, stages: stages.slice(0, last + 1) };
  };
  await runGroups(runLanes, shared, groups, new Random(random.fork()), here, sharedOf);
  actionState = undefined; // it holds the barriers
  checkPasses(shared);
  return totalOperations(shared.board);
}

/** Checks that each pass returned all indices, and that of the living lanes all passed or none. */
function checkPasses(shared: Shared): void {
  const { stages, given, outcomes, actions, arrived, hasAction, isCalm } = shared;
  let pass = 0;
  let passed = 0;
  for (const [at, { lanes, passes, dying }] of stages.entries()) {
    for (const last = pass + passes; pass < last; passed++) {
      if (given[++pass] !== 2 ** lanes.length - 1) {
        throw new Violation(`pass ${pass}: not all indices were returned`);
      }
    }
    if (dying === undefined) continue;
    pass++;
    const living = lanes.filter((lane) => !dying.lanes.includes(lane))
      .map((lane) => outcomes[at * arrived.length + lane]);
    if (new Set(living).size !== 1 || living[0] === Outcome.NONE) {
      throw new Violation(
        `stage ${at}, a worker died ${dying.when}: the outcomes of the others differ: ${living}`,
      );
    }
  }
  if (hasAction && isCalm && !hasRace(shared) && actions[0] !== passed) {
    throw new Violation(`the action was called ${actions[0]} times in ${passed} passes`);
  }
}
