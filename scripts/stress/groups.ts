/**
 * Groups of lanes, one for each worker: how they are drawn, and how they run.
 *
 * @module
 */

import { Process, type Queue } from "@sauropod/multiprocessing";
import type { Random } from "./random.ts";
import { type Board, type Death, joinAll, type Member, withWatchdog } from "./round.ts";

/** A lane of a round: it runs alone in its worker, or concurrently with others. */
export interface Lane<F = Death> {
  lane: number;
  seed: number;
  blocking: boolean;
  /** Number of its process; {@linkcode MAIN_ID} in the main isolate. */
  id: number;
  /** How its process dies; `undefined` if it returns. */
  death: F | undefined;
}

/** The `id` of lanes in the main isolate. */
export const MAIN_ID = -1;

/**
 * Draws a group of lanes for each worker, and `ours`, the lanes of the main isolate.
 *
 * A lane that blocks is alone in its worker, since others would have to wait. So is a lane that dies,
 * because only then is it known what the death interrupts.
 */
export function drawLanes<F = Death>(
  random: Random,
  workers: number,
  ours: number,
  drawFate: () => F | undefined = () => undefined,
): { groups: Lane<F>[][]; ours: Lane<F>[]; lanes: number } {
  let lanes = 0;
  const draw = (length: number, blocking: boolean, id: number, death?: F): Lane<F>[] =>
    Array.from({ length }, () => ({ lane: lanes++, seed: random.fork(), blocking, id, death }));
  const groups = Array.from({ length: workers }, (_, id) => {
    const blocking = random.oneIn(2);
    const death = drawFate();
    return draw(blocking || death !== undefined ? 1 : random.int(1, 3), blocking, id, death);
  });
  return { groups, ours: draw(ours, false, MAIN_ID), lanes };
}

/** Returns a function that runs lanes concurrently. */
export function concurrently<Shared, L>(
  runLane: (shared: Shared, lane: L) => Promise<void>,
): (shared: Shared, lanes: L[]) => Promise<void> {
  return async (shared, lanes) => {
    await Promise.all(lanes.map((lane) => runLane(shared, lane)));
  };
}

/**
 * Runs each group of lanes in a process, and `here` in this isolate, until all have ended. Processes that
 * request it in `endRequests` are ended.
 *
 * @param sharedOf returns what a group gets instead of `shared`
 */
export async function runGroups<
  Shared extends { board: Board; endRequests?: Queue<number> },
  L extends { death: unknown },
>(
  runLanes: (shared: Shared, lanes: L[]) => Promise<void>,
  shared: Shared,
  groups: L[][],
  random: Random,
  here: (processes: Process[]) => Promise<unknown>,
  sharedOf: (id: number) => Shared = () => shared,
): Promise<void> {
  const members = groups.map((group, id): Member => ({
    process: makeProcess(runLanes, sharedOf(id), group),
    mayDie: group[0].death !== undefined,
  }));
  const processes = members.map(({ process }) => process);
  const requestsServed = shared.endRequests &&
    serveEndRequests(shared.endRequests, new Map(processes.entries()), random);
  for (const process of processes) process.start();
  await withWatchdog(here(processes), shared.board, "the main isolate");
  await joinAll(members, shared.board);
  shared.endRequests?.close();
  await requestsServed;
}

/** Makes a process that calls a function. */
export function makeProcess<A extends unknown[]>(
  target: (...args: A) => Promise<void>,
  ...args: A
): Process {
  return new Process({ target, args }) as unknown as Process;
}

/** Ends the processes that request it. */
export async function serveEndRequests(
  endRequests: Queue<number>,
  members: ReadonlyMap<number, Process>,
  random: Random,
): Promise<void> {
  for await (const id of endRequests) terminateOrKill(members.get(id)!, random);
}

/** Ends a process from the main isolate. */
export function terminateOrKill(process: Process, random: Random): void {
  if (random.oneIn(2)) process.terminate();
  else process.kill();
}

/** A group of lanes whose worker may die at any point. */
export interface Group<L> {
  lanes: L[];
  /** Whether the worker may end before it is done. */
  mayDie: boolean;
  /** Whether the main isolate ends it. */
  terminate: boolean;
}

/** Returns a group of one lane, whose worker does not die. */
export function unstoppable<L>(lane: L): Group<L> {
  return { lanes: [lane], mayDie: false, terminate: false };
}

/** Properties that the lanes of a drawn group share. */
export interface LaneDraw {
  role: "produce" | "consume";
  blocking: boolean;
  /** Number of operations after which the worker exits or throws; -1: never. */
  dieAfter: number;
}

/**
 * Draws a group for each worker; every other one produces.
 *
 * @param times number of operations of a lane
 * @param ends a worker ends itself with a probability of 1 in `ends`
 * @param terminated it is terminated or killed with a probability of 1 in `terminated`
 */
export function drawGroups<L>(
  random: Random,
  workers: number,
  { times, ends, terminated }: { times: number; ends: number; terminated: number },
  makeLane: (draw: LaneDraw) => L,
): Group<L>[] {
  return Array.from({ length: workers }, (_, id) => {
    const role = id % 2 === 0 ? "produce" : "consume";
    const dieAfter = random.oneIn(ends) ? random.int(0, times) : -1;
    const terminate = random.oneIn(terminated);
    const blocking = random.oneIn(2);
    const lanes = Array.from(
      { length: random.int(1, 3) },
      () => makeLane({ role, blocking, dieAfter }),
    );
    return { lanes, mayDie: dieAfter >= 0 || terminate, terminate };
  });
}

/** Returns the lanes whose worker may die. */
export function mortalLanes<L>(groups: Group<L>[]): L[] {
  return groups.filter(({ mayDie }) => mayDie).flatMap(({ lanes }) => lanes);
}

/** Makes and starts a process for each group. */
export function startGroups<L>(
  groups: Group<L>[],
  toProcess: (lanes: L[]) => Process,
): (Member & Group<L>)[] {
  const members = groups.map((group) => (
    { ...group, process: toProcess(group.lanes) }
  ));
  for (const { process } of members) process.start();
  return members;
}

/** Returns the members whose lanes have a role. */
export function withRole<M extends Group<{ role: string }>>(
  members: M[],
  role: M["lanes"][number]["role"],
): M[] {
  return members.filter(({ lanes }) => lanes[0].role === role);
}

/** Ends the groups that are to be terminated, each after a random time; disposing cancels this. */
export function terminateSoon(members: (Member & Group<unknown>)[], random: Random): Disposable {
  const timers = members.filter(({ terminate }) => terminate).map(({ process }) =>
    setTimeout(() => terminateOrKill(process, random), random.int(0, 200))
  );
  return { [Symbol.dispose]: () => timers.forEach(clearTimeout) };
}
