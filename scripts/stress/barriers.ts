/**
 * Barriers: all lanes pass in lock step, while waits time out or are aborted, the barrier is reset and
 * its action fails; all pass or none, each with a number of its own.
 *
 * A round has stages, each with a barrier for those who live. A stage may end with the death of a
 * worker whose lanes stand at the barrier, or of which one runs the action. The main thread comes
 * last then, or not at all; nothing but the death tells the others.
 *
 * @module
 */

import {
  Barrier,
  BrokenBarrierError,
  Event,
  Queue,
  sleepSync,
  task,
} from "@sauropod/multiprocessing";
import { drawLanes, type Lane, MAIN, runGroups, terminateOrKill } from "./groups.ts";
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
  sharedWords,
  soonAborted,
  total,
  until,
  Violation,
} from "./round.ts";

/** Where a worker is when it dies: at the barrier, as the main thread comes, or in the action. */
const manners = ["standing", "racing", "acting"] as const;

interface Death {
  /** The worker that dies. */
  id: number;
  /** Its lanes; the first runs the action if it dies `"acting"`. */
  lanes: number[];
  manner: typeof manners[number];
  /** Set when its lanes stand. */
  go: Event;
}

interface Stage {
  barrier: Barrier;
  /** Lanes that live. */
  lanes: number[];
  passes: number;
  death: Death | undefined;
}

interface Shared {
  board: Board;
  stages: Stage[];
  hasAction: boolean;
  /** Whether nothing times out, fails or is reset. */
  isCalm: boolean;
  /** The pass that each lane has come for. */
  arrived: Int32Array<SharedArrayBuffer>;
  /** The numbers that were given in each pass, as bits. */
  given: Int32Array<SharedArrayBuffer>;
  /** How often the action ended: word 0. */
  actions: Int32Array<SharedArrayBuffer>;
  /** What became of each lane at the end of each stage. */
  outcomes: Int32Array<SharedArrayBuffer>;
  doomed: Queue<number>;
}

/** What becomes of a lane when another dies. */
const Outcome = { NONE: 0, PASSED: 1, BROKEN: 2 } as const;

const ACTION_FAILED = "the action fails on purpose";

/** What the action sees, which is called in any isolate. */
interface Surroundings {
  shared: Shared;
  random: Random;
  blocking: boolean;
  /** How this worker dies in the action. */
  die?: () => unknown;
}

let here: Surroundings;

const action = task(import.meta, () => {
  const { shared, random, blocking, die } = here;
  if (die !== undefined) return die();
  allCame(shared);
  if (!shared.isCalm && random.once(20)) throw ACTION_FAILED;
  const spent = blocking ? momentSync(random) : moment(random);
  const end = () => {
    allCame(shared);
    Atomics.add(shared.actions, 0, 1);
  };
  return spent === undefined ? end() : spent.then(end);
});

function hasRace({ stages }: Shared): boolean {
  return stages.some(({ death }) => death?.manner === "racing");
}

/**
 * Nobody passes while the action runs, so all who live have come for the same pass; unless a death
 * lets the others go on.
 */
function allCame(shared: Shared): void {
  const { stages, arrived } = shared;
  if (hasRace(shared)) return;
  const most = Math.max(...arrived);
  const stage = stages.find(({ lanes }) => lanes.every((lane) => arrived[lane] === most));
  if (stage === undefined) throw new Violation(`the action runs when lanes came for ${arrived}`);
}

const runLanes = task(import.meta, async (shared: Shared, lanes: Lane[]) => {
  const [{ seed, blocking }] = lanes;
  here = { shared, random: new Random(seed + 1), blocking };
  const deaths = blocking
    ? []
    : shared.stages.map(({ death }) => meetBeside(shared, death, lanes[0]));
  await Promise.race([
    Promise.all(lanes.map((lane) => runLane(shared, lane))),
    ...deaths.filter((death) => death !== undefined), // an error is thrown
  ]);
});

/** Dies once the lanes of this worker stand. */
function meetBeside(shared: Shared, death: Death | undefined, { id, fate }: Lane) {
  if (death?.id !== id || death.manner === "acting") return;
  return death.go.wait().then(() => meet(fate!, here.random, shared.doomed, id));
}

async function runLane(shared: Shared, lane: Lane, kill?: (id: number) => void): Promise<void> {
  const random = new Random(lane.seed);
  let pass = 0;
  for (const [at, stage] of shared.stages.entries()) {
    for (const last = pass + stage.passes; pass < last;) {
      await passOne(shared, stage, lane, random, ++pass);
      if (!lane.blocking) await moment(random);
    }
    if (stage.death === undefined) continue;
    Atomics.store(shared.arrived, lane.lane, ++pass);
    if (stage.death.id === lane.id) return await waitForDeath(shared, stage, lane);
    const outcome = lane.id === MAIN
      ? await waitWithDeath(stage.barrier, stage, random, kill!)
      : await waitPlainly(stage.barrier, lane);
    shared.outcomes[at * shared.arrived.length + lane.lane] = outcome;
    count(shared.board, lane.lane);
  }
  now(shared.board, lane.lane, "ended");
}

/** Comes until all pass. */
async function passOne(
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
    if (!isCalm && random.once(25)) barrier.reset();
    else if (!isCalm && random.once(40)) barrier.abort();
    now(board, lane.lane, lane.blocking ? "waitSync" : "wait");
    try {
      index = await waitSomehow(barrier, lane, random, isCalm);
    } catch (error) {
      const isExpected = gaveUp(error) || error instanceof BrokenBarrierError ||
        error === ACTION_FAILED;
      if (!isExpected || isCalm) throw error;
      if (barrier.broken) barrier.reset();
    }
    count(board, lane.lane);
  }
  const bit = 1 << index;
  if (index < 0 || index >= lanes.length || (Atomics.or(given, pass, bit) & bit) !== 0) {
    throw new Violation(`pass ${pass}: ${index} was given twice, or to too many`);
  }
  const late = lanes.find((lane) => Atomics.load(arrived, lane) < pass);
  if (late !== undefined) throw new Violation(`pass ${pass}: lane ${late} has not come`);
  if (hasAction && Atomics.load(actions, 0) < pass - shared.stages.length) {
    throw new Violation(`pass ${pass}: the action was called ${actions[0]} times`);
  }
}

function waitSomehow(
  barrier: Barrier,
  { blocking }: Lane,
  random: Random,
  isCalm: boolean,
): number | Promise<number> {
  const way = isCalm ? -1 : random.int(0, 15);
  const options = way === 0 ? { timeoutMs: random.int(0, 3) } : undefined;
  if (blocking) return barrier.waitSync(options);
  if (way === 1) return soonAborted(random, (signal) => barrier.wait({ signal }));
  return barrier.wait(options);
}

/** Waits until it passes, or is told that another died. */
async function waitPlainly(barrier: Barrier, { blocking }: Pick<Lane, "blocking">) {
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

/** Stands at the barrier, or runs its action, and is ended there. */
async function waitForDeath(shared: Shared, stage: Stage, lane: Lane): Promise<void> {
  const { barrier, lanes, death } = stage;
  const { blocking, id, seed, fate } = lane;
  now(shared.board, lane.lane, "waiting to be terminated");
  if (death!.manner === "acting" && death!.lanes[0] === lane.lane) {
    here.die = () => dieActing(shared, fate!, id, blocking, new Random(seed));
    while (barrier.nWaiting < lanes.length - 1) {
      if (blocking) sleepSync(1);
      else await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  await waitPlainly(barrier, lane);
  if (blocking) new Event().waitSync();
  else await new Event().wait();
}

function dieActing({ doomed }: Shared, fate: Fate, id: number, blocking: boolean, random: Random) {
  if (!blocking || fate === "exit") return meet(fate, random, doomed, id);
  doomed.putSync(id);
  new Event().waitSync();
}

/** Has the worker die when all others stand; they are told by that, or pass. */
async function waitWithDeath(
  barrier: Barrier,
  { lanes, death }: Stage,
  random: Random,
  kill: (id: number) => void,
): Promise<number> {
  const { manner, id } = death!;
  let outcome: number = Outcome.BROKEN;
  if (manner !== "acting") {
    await until(() => barrier.nWaiting === lanes.length - 1);
    const isEarly = manner === "racing" && random.once(2);
    const waiting = isEarly ? waitPlainly(barrier, { blocking: false }) : undefined;
    kill(id);
    if (manner === "standing") await until(() => barrier.broken);
    else outcome = await (waiting ?? waitPlainly(barrier, { blocking: false }));
  } else outcome = await waitPlainly(barrier, { blocking: false });
  if (manner !== "racing" && outcome !== Outcome.BROKEN) {
    throw new Violation(`all passed, though one died ${manner}`);
  }
  if (outcome === Outcome.BROKEN) {
    if (!barrier.broken) throw new Violation("a barrier is whole that a death has broken");
    barrier.reset();
    if (barrier.broken || barrier.nWaiting !== 0) throw new Violation("reset() makes it not new");
  }
  return outcome;
}

/** The stages of a round: in each, perhaps, a worker dies, which becomes the fate of its lanes. */
function makeStages(random: Random, groups: Lane[][], all: number, hasAction: boolean): Stage[] {
  let lanes = Array.from({ length: all }, (_, lane) => lane);
  const living = new Set(groups.keys());
  return Array.from({ length: random.int(1, 3) }, () => {
    const barrier = new Barrier(lanes.length, hasAction ? { action } : {});
    const stage: Stage = { barrier, lanes, passes: random.int(1, 30), death: undefined };
    if (living.size === 0 || random.once(3)) return stage;
    const id = random.pick([...living]);
    const blocking = groups[id][0].blocking;
    const manner = random.pick(hasAction ? manners : manners.slice(0, 2));
    // What blocks at the barrier cannot end itself there.
    const fate = random.pick(
      !blocking ? fates : manner === "acting" ? ["exit", "terminate"] as const : ["kill"] as const,
    );
    living.delete(id);
    for (const lane of groups[id]) lane.fate = fate;
    const dead = groups[id].map(({ lane }) => lane);
    lanes = lanes.filter((lane) => !dead.includes(lane));
    return { ...stage, death: { id, lanes: dead, manner, go: new Event() } };
  });
}

/** Runs one round; returns the number of operations. */
export async function barrierRound(seed: number, workers: number): Promise<number> {
  const random = new Random(seed);
  const { groups, ours: [ours], lanes } = drawLanes(random, workers, 1);
  const hasAction = random.once(2);
  const isCalm = random.once(3);
  const stages = makeStages(random, groups, lanes, hasAction);
  const passes = stages.reduce((sum, stage) => sum + stage.passes + 1, 1);
  const shared: Shared = {
    board: makeBoard(lanes),
    stages,
    hasAction,
    isCalm,
    arrived: sharedWords(lanes),
    given: sharedWords(passes),
    actions: sharedWords(1),
    outcomes: sharedWords(stages.length * lanes),
    doomed: new Queue<number>(),
  };
  here = { shared, random: new Random(random.fork()), blocking: false };
  await runGroups(runLanes, shared, groups, new Random(random.fork()), (processes) => {
    const kill = (id: number) => {
      if (groups[id][0].blocking) terminateOrKill(processes[id], random);
      else stages.find(({ death }) => death?.id === id)!.death!.go.set();
    };
    return runLane(shared, ours, kill);
  });
  checkPasses(shared);
  return total(shared.board);
}

/** All numbers were given, and of those who live all passed or none. */
function checkPasses(shared: Shared): void {
  const { stages, given, outcomes, actions, arrived, hasAction, isCalm } = shared;
  let pass = 0;
  let passed = 0;
  for (const [at, { lanes, passes, death }] of stages.entries()) {
    for (const last = pass + passes; pass < last; passed++) {
      if (given[++pass] !== 2 ** lanes.length - 1) {
        throw new Violation(`pass ${pass}: not all numbers were given`);
      }
    }
    if (death === undefined) continue;
    pass++;
    const these = lanes.filter((lane) => !death.lanes.includes(lane))
      .map((lane) => outcomes[at * arrived.length + lane]);
    if (new Set(these).size !== 1 || these[0] === Outcome.NONE) {
      throw new Violation(
        `stage ${at}, one died ${death.manner}: what others got differs: ${these}`,
      );
    }
  }
  if (hasAction && isCalm && !hasRace(shared) && actions[0] !== passed) {
    throw new Violation(`the action was called ${actions[0]} times in ${passed} passes`);
  }
}
