/**
 * Parts that all rounds share: what each lane is doing, how workers die, and the watchdog.
 *
 * A lane is one sequence of operations: the only one of its worker, or one of several promises.
 *
 * @module
 */

import { Event, type Process, type Queue, TimeoutError } from "@sauropod/multiprocessing";
import type { Random } from "./random.ts";

/**
 * A round takes well under a second: one that makes no progress for `hangMs` milliseconds hangs. On a machine
 * that is kept busy on purpose, starting a worker alone may take as long.
 */
export const patience: { hangMs: number } = { hangMs: 30_000 };

/** Thrown when a guarantee is violated. */
export class Violation extends Error {
  override name = "Violation";
}

/** Shared words of a round that describe a hang; each lane writes one of each array. */
export interface Board {
  /** What each lane is doing: an index into {@linkcode ACTIVITIES}. */
  activity: Int32Array<SharedArrayBuffer>;
  /** Number of operations that each lane has done. */
  operations: Int32Array<SharedArrayBuffer>;
}

/** What a lane can be doing. */
export const ACTIVITIES = [
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

/** Makes a board for so many lanes. */
export function makeBoard(lanes: number): Board {
  return { activity: sharedWords(lanes), operations: sharedWords(lanes) };
}

/** Makes an array of zeros on shared memory. */
export function sharedWords(length: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Math.max(length, 1) * 4));
}

/** Returns the sum of numbers. */
export function sum(numbers: Iterable<number>): number {
  let result = 0;
  for (const number of numbers) result += number;
  return result;
}

/** Records what a lane is doing. */
export function setActivity(board: Board, lane: number, what: typeof ACTIVITIES[number]): void {
  Atomics.store(board.activity, lane, ACTIVITIES.indexOf(what));
}

/** Records that a lane has done an operation. */
export function countOperation(board: Board, lane: number): void {
  Atomics.add(board.operations, lane, 1);
  setActivity(board, lane, "computing");
}

/** Returns the number of operations that all lanes have done. */
export function totalOperations({ operations }: Board): number {
  return sum(operations);
}

/** How a worker can end before it is done. */
export const deaths = ["exit", "throw", "terminate", "kill"] as const;
/** How a worker ends before it is done. */
export type Death = typeof deaths[number];

/** Ends this worker, or asks the main isolate to do so and waits for it. */
export async function endWorker(
  death: Death,
  random: Random,
  endRequests: Queue<number>,
  id: number,
) {
  if (death === "exit" || death === "throw") exitOrThrow(random, death === "exit");
  const never = new Event();
  endRequests.putSync(id);
  if (random.oneIn(2)) never.waitSync();
  else await never.wait();
}

/** Ends this worker: it exits, or throws. */
export function exitOrThrow(random: Random, exits = random.oneIn(2)): never {
  if (exits) Deno.exit(3);
  console.error = () => {}; // the worker would print the error
  throw new Error("worker ends on purpose");
}

/** Spends some time: none, computing, or a turn of the event loop. */
export function spendTime(random: Random): Promise<void> | undefined {
  const kind = random.int(0, 9);
  if (kind < 6) return;
  if (kind < 8) {
    let sum = 0;
    for (let at = random.int(0, 3000); at > 0; at--) sum += Math.sqrt(at);
    if (sum < 0) throw new Violation("a sum of square roots is negative");
    return;
  }
  if (kind === 8) return Promise.resolve();
  return new Promise((resolve) => setTimeout(resolve, random.int(0, 2)));
}

/** Spends some time computing, or none, without yielding to other lanes. */
export function spendTimeSync(random: Random): void {
  let sum = 0;
  for (let at = random.oneIn(3) ? random.int(0, 3000) : 0; at > 0; at--) sum += Math.sqrt(at);
  if (sum < 0) throw new Violation("a sum of square roots is negative");
}

/** Spends some time between two operations of a lane that both blocks and awaits. */
export async function pause(random: Random, blocking: boolean): Promise<void> {
  if (blocking && random.oneIn(2)) spendTimeSync(random);
  else await spendTime(random);
}

/** Calls `wait` with a signal that is aborted at once or soon; clears the timer afterwards. */
export async function withAbort<T>(
  random: Random,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const ms = random.int(-2, 3);
  let timer: ReturnType<typeof setTimeout> | undefined;
  if (ms === -2) controller.abort(ABORT_REASON);
  else if (ms === -1) queueMicrotask(() => controller.abort(ABORT_REASON));
  else timer = setTimeout(() => controller.abort(ABORT_REASON), ms);
  try {
    return await wait(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The reason that {@linkcode withAbort} aborts with. */
export const ABORT_REASON = "aborted on purpose";

/** Returns whether a wait failed because it timed out or was aborted. */
export function isTimeoutOrAbort(error: unknown): boolean {
  return error instanceof TimeoutError || error === ABORT_REASON;
}

/** A process of a round. */
export interface Member {
  process: Process;
  /** Whether it may end other than by returning. */
  mayDie: boolean;
}

/**
 * Waits until all processes have ended.
 *
 * @throws {Violation} if one does not end, or ends with an unexpected error
 */
export async function joinAll(members: Member[], board: Board): Promise<void> {
  for (const { process, mayDie } of members) {
    await joinMember(process, board);
    if (process.exitCode !== 0 && !mayDie) {
      const { error, exitCode } = process;
      if (error instanceof Error && error.name === "Violation") throw new Violation(error.message);
      throw new Violation(`${process.name} ended with ${exitCode}`, { cause: error });
    }
  }
}

/**
 * Waits until a process has ended, however long that takes while lanes make progress.
 *
 * @throws {Violation} if it does not end and no lane makes progress
 */
export async function joinMember(process: Process, board: Board): Promise<void> {
  for (let before = -1; !await process.join({ timeoutMs: patience.hangMs });) {
    const now = totalOperations(board);
    if (now === before) throw hangViolation(board, process.name);
    before = now; // slow, because the machine is busy
  }
}

/** Waits for a promise of the main isolate; rejects with a violation if it hangs. */
export async function withWatchdog<T>(promise: Promise<T>, board: Board, what: string): Promise<T> {
  let timer: ReturnType<typeof setInterval> | undefined;
  let before = -1;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const now = totalOperations(board);
      if (now === before) reject(hangViolation(board, what));
      before = now; // slow, because the machine is busy
    }, patience.hangMs);
  });
  try {
    return await Promise.race([promise, timedOut]);
  } finally {
    clearInterval(timer);
  }
}

/** Returns the violation for a hang: its message lists what each lane is doing. */
export function hangViolation(board: Board, what: string): Violation {
  const lanes = [...board.activity].map((doing, lane) =>
    `  lane ${lane}: ${ACTIVITIES[doing]}, ${board.operations[lane]} done`
  );
  return new Violation(`${what} hangs\n${lanes.join("\n")}`);
}

/** Waits until a condition holds, by polling. */
export async function poll(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((wake) => setTimeout(wake, 1));
}

/** Polls until a condition holds, or `patience.hangMs` have passed; returns whether it holds. */
export async function becomesTrue(condition: () => boolean): Promise<boolean> {
  const end = performance.now() + patience.hangMs;
  await poll(() => condition() || performance.now() >= end);
  return condition();
}
