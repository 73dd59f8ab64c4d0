/**
 * The lanes of a round in groups, each in a worker of its own: how they are drawn, and how they run.
 *
 * @module
 */

import { Process, type Queue } from "@sauropod/multiprocessing";
import type { Random } from "./random.ts";
import { type Board, type Fate, guarded, joinAll, type Member } from "./round.ts";

/** A part of a round: what runs in a worker, beside others or alone. */
export interface Lane<F = Fate> {
  lane: number;
  seed: number;
  blocking: boolean;
  /** Number of its process; {@linkcode MAIN} in the main thread. */
  id: number;
  /** How its process ends; `undefined` if it returns. */
  fate: F | undefined;
}

/** The id of the main thread. */
export const MAIN = -1;

/**
 * Draws a group of lanes for each worker, and so many that are `ours`: the main thread's.
 *
 * A lane that blocks is alone, since others in its worker would have to wait. So is one with a fate:
 * only a lane alone in its worker knows what its worker's death interrupts.
 */
export function drawLanes<F = Fate>(
  random: Random,
  workers: number,
  ours: number,
  drawFate: () => F | undefined = () => undefined,
): { groups: Lane<F>[][]; ours: Lane<F>[]; lanes: number } {
  let lanes = 0;
  const draw = (length: number, blocking: boolean, id: number, fate?: F): Lane<F>[] =>
    Array.from({ length }, () => ({ lane: lanes++, seed: random.fork(), blocking, id, fate }));
  const groups = Array.from({ length: workers }, (_, id) => {
    const blocking = random.once(2);
    const fate = drawFate();
    return draw(blocking || fate !== undefined ? 1 : random.int(1, 3), blocking, id, fate);
  });
  return { groups, ours: draw(ours, false, MAIN), lanes };
}

/** What a process calls that runs lanes beside each other. */
export function beside<Shared, L>(
  runLane: (shared: Shared, lane: L) => Promise<void>,
): (shared: Shared, lanes: L[]) => Promise<void> {
  return async (shared, lanes) => {
    await Promise.all(lanes.map((lane) => runLane(shared, lane)));
  };
}

/**
 * Runs each group of lanes in a process of its own, and `here` meanwhile, until all have ended. Those
 * that ask for it in `doomed` are ended.
 */
export async function runGroups<
  Shared extends { board: Board; doomed?: Queue<number> },
  L extends { fate: unknown },
>(
  runLanes: (shared: Shared, lanes: L[]) => Promise<void>,
  shared: Shared,
  groups: L[][],
  random: Random,
  here: (processes: Process[]) => Promise<unknown>,
): Promise<void> {
  const members = groups.map((group): Member => ({
    process: new Process({ target: runLanes, args: [shared, group] }) as unknown as Process,
    doomed: group[0].fate !== undefined,
  }));
  const processes = members.map(({ process }) => process);
  const executed = shared.doomed && execute(shared.doomed, new Map(processes.entries()), random);
  for (const process of processes) process.start();
  await guarded(here(processes), shared.board, "the main thread");
  await joinAll(members, shared.board);
  shared.doomed?.close();
  await executed;
}

/** Ends those who ask for it, as they ask. */
export async function execute(
  doomed: Queue<number>,
  members: ReadonlyMap<number, Process>,
  random: Random,
): Promise<void> {
  for await (const id of doomed) terminateOrKill(members.get(id)!, random);
}

/** Ends a process from outside. */
export function terminateOrKill(process: Process, random: Random): void {
  if (random.once(2)) process.terminate();
  else process.kill();
}

/** A group whose worker may end before it is done, without the lanes being told. */
export interface Group<L> {
  lanes: L[];
  /** Whether it may end before it is done. */
  doomed: boolean;
  /** Whether the main thread ends it. */
  terminate: boolean;
}

/** The group of a lane that nothing stops. */
export function immortal<L>(lane: L): Group<L> {
  return { lanes: [lane], doomed: false, terminate: false };
}

/** What the lanes of a drawn group have in common. */
export interface Draw {
  role: "produce" | "consume";
  blocking: boolean;
  /** After how many operations the worker exits or throws; -1: never. */
  end: number;
}

/**
 * Draws a group for each worker, of which every other one produces.
 *
 * @param times operations of a lane
 * @param ends once in so many a worker ends itself
 * @param terminated once in so many it is ended
 */
export function drawGroups<L>(
  random: Random,
  workers: number,
  { times, ends, terminated }: { times: number; ends: number; terminated: number },
  makeLane: (draw: Draw) => L,
): Group<L>[] {
  return Array.from({ length: workers }, (_, id) => {
    const role = id % 2 === 0 ? "produce" : "consume";
    const end = random.once(ends) ? random.int(0, times) : -1;
    const terminate = random.once(terminated);
    const blocking = random.once(2);
    const lanes = Array.from(
      { length: random.int(1, 3) },
      () => makeLane({ role, blocking, end }),
    );
    return { lanes, doomed: end >= 0 || terminate, terminate };
  });
}

/** Starts a process for each group. */
export function startGroups<L>(
  groups: Group<L>[],
  toProcess: (lanes: L[]) => unknown,
): (Member & Group<L>)[] {
  const members = groups.map((group) => (
    { ...group, process: toProcess(group.lanes) as Process }
  ));
  for (const { process } of members) process.start();
  return members;
}

/** Ends those that are to be terminated at some moment, unless it is disposed of before. */
export function terminateSoon(members: (Member & Group<unknown>)[], random: Random): Disposable {
  const timers = members.filter(({ terminate }) => terminate).map(({ process }) =>
    setTimeout(() => terminateOrKill(process, random), random.int(0, 200))
  );
  return { [Symbol.dispose]: () => timers.forEach(clearTimeout) };
}
