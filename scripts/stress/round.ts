/**
 * What the rounds have in common: lanes that say where they are, workers that die, and the watchdog.
 *
 * A lane is one sequence of operations: the only one of its worker, or one of several promises.
 *
 * @module
 */

import { Event, type Process, type Queue, TimeoutError } from "@sauropod/multiprocessing";
import type { Random } from "./random.ts";

/** A round takes well under a second: who is not done after so long never will be. */
export const HANG_MS = 30_000;

/** Thrown when what must never be was seen. */
export class Violation extends Error {
  override name = "Violation";
}

/** Shared words of a round; every lane writes its own, so that a hang can be described. */
export interface Board {
  /** What each lane does now: an index into {@linkcode Doing}. */
  doing: Int32Array<SharedArrayBuffer>;
  /** Operations that each lane has done. */
  done: Int32Array<SharedArrayBuffer>;
}

/** What a lane may be doing. */
export const Doing = [
  "not started",
  "ended",
  "computing",
  "acquire",
  "acquireSync",
  "holding",
  "put",
  "putSync",
  "get",
  "getSync",
  "wait",
  "waitSync",
  "recv",
  "recvSync",
  "join",
  "joinSync",
  "waiting to be terminated",
] as const;

/** A board for so many lanes. */
export function makeBoard(lanes: number): Board {
  return { doing: sharedWords(lanes), done: sharedWords(lanes) };
}

/** So many words of shared memory, all 0. */
export function sharedWords(count: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Math.max(count, 1) * 4));
}

/** Notes what the lane does now. */
export function now(board: Board, lane: number, what: typeof Doing[number]): void {
  Atomics.store(board.doing, lane, Doing.indexOf(what));
}

/** Notes that the lane has done an operation. */
export function count(board: Board, lane: number): void {
  Atomics.add(board.done, lane, 1);
  now(board, lane, "computing");
}

/** Operations that all lanes have done. */
export function total({ done }: Board): number {
  return done.reduce((a, b) => a + b, 0);
}

/** How a worker ends before it is done. */
export const fates = ["exit", "throw", "terminate", "kill"] as const;
/** How a worker ends before it is done. */
export type Fate = typeof fates[number];

/** Ends this worker now, or waits until the main thread has done so. */
export async function meet(fate: Fate, random: Random, doomed: Queue<number>, id: number) {
  if (fate === "exit" || fate === "throw") die(random, fate === "exit");
  const never = new Event();
  doomed.putSync(id);
  if (random.once(2)) never.waitSync();
  else await never.wait();
}

/** Ends this worker now: it exits, or throws. */
export function die(random: Random, exits = random.once(2)): never {
  if (exits) Deno.exit(3);
  console.error = () => {}; // the worker would print what it ends with
  throw new Error("as it was fated");
}

/** Spends a moment: nothing, computing, or a turn of the event loop. */
export function moment(random: Random): Promise<void> | undefined {
  const kind = random.int(0, 9);
  if (kind < 6) return;
  if (kind < 8) {
    let sum = 0;
    for (let at = random.int(0, 3000); at > 0; at--) sum += Math.sqrt(at);
    if (sum < 0) throw new Violation("impossible");
    return;
  }
  if (kind === 8) return Promise.resolve();
  return new Promise((resolve) => setTimeout(resolve, random.int(0, 2)));
}

/** As {@linkcode moment}, without leaving the thread to others. */
export function momentSync(random: Random): void {
  let sum = 0;
  for (let at = random.once(3) ? random.int(0, 3000) : 0; at > 0; at--) sum += Math.sqrt(at);
  if (sum < 0) throw new Violation("impossible");
}

/** Spends a moment between two operations of a lane that may block as well as await. */
export async function pause(random: Random, blocking: boolean): Promise<void> {
  if (blocking && random.once(2)) momentSync(random);
  else await moment(random);
}

/** Waits with a signal that is aborted soon, or now; nothing is left to run when it has waited. */
export async function soonAborted<T>(
  random: Random,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const ms = random.int(-2, 3);
  let timer: ReturnType<typeof setTimeout> | undefined;
  if (ms === -2) controller.abort(ABORTED);
  else if (ms === -1) queueMicrotask(() => controller.abort(ABORTED));
  else timer = setTimeout(() => controller.abort(ABORTED), ms);
  try {
    return await wait(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The reason of {@linkcode soonAborted}. */
export const ABORTED = "aborted on purpose";

/** Whether a wait failed because its time was up, or it was aborted. */
export function gaveUp(error: unknown): boolean {
  return error instanceof TimeoutError || error === ABORTED;
}

/** A process of a round and what is expected of it. */
export interface Member {
  process: Process;
  /** Whether it may end otherwise than by returning. */
  doomed: boolean;
}

/**
 * Waits until all have ended.
 *
 * @throws {Violation} if one does not end, or ends with an error that nobody wanted
 */
export async function joinAll(members: Member[], board: Board): Promise<void> {
  for (const { process, doomed } of members) {
    if (!await process.join({ timeoutMs: HANG_MS })) throw hang(board, process.name);
    if (process.exitCode !== 0 && !doomed) {
      const { error, exitCode } = process;
      if (error instanceof Error && error.name === "Violation") throw new Violation(error.message);
      throw new Violation(`${process.name} ended with ${exitCode}`, { cause: error });
    }
  }
}

/** Waits for a promise of the main thread. */
export async function guarded<T>(promise: Promise<T>, board: Board, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(hang(board, what)), HANG_MS);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** What to throw when something does not end: it says what every lane does. */
export function hang(board: Board, what: string): Violation {
  const lanes = [...board.doing].map((doing, lane) =>
    `  lane ${lane}: ${Doing[doing]}, ${board.done[lane]} done`
  );
  return new Violation(`${what} hangs\n${lanes.join("\n")}`);
}

/** Waits until something holds that no wait tells of. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((wake) => setTimeout(wake, 1));
}

/** As {@linkcode until}, but not for ever; tells whether it holds. */
export async function settled(holds: () => boolean): Promise<boolean> {
  const end = performance.now() + HANG_MS;
  await until(() => holds() || performance.now() >= end);
  return holds();
}
